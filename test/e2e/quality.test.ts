/** A publish page sends layers, and a watch page chooses among them by its menu. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import {
  lacksChromium,
  type PublishOptions,
  TestBrowser,
  type Watcher,
} from "../support/browser.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

interface Case {
  readonly name: string;
  readonly options: PublishOptions;
  /** Labels and sizes of the full-rate layers, largest first. */
  readonly sizes: readonly (readonly [label: string, size: string])[];
}

const SIMULCAST: Case = {
  name: "simulcast of VP8",
  options: { codec: "VP8", layers: "simulcast-2" },
  sizes: [
    ["360p", "640x360"],
    ["180p", "320x180"],
  ],
};
/** Chromium leaves the third size of a smaller picture out. */
const SVC: Case = {
  name: "VP9 L3T3",
  options: { codec: "VP9", layers: "L3T3", width: 960, height: 576, fps: 15 },
  sizes: [
    ["576p", "960x576"],
    ["288p", "480x288"],
    ["144p", "240x144"],
  ],
};
/** Switches wait for a keyframe at most; Auto climbs as the estimate does. */
const SWITCH_MS = 5_000;
const CLIMB_MS = 20_000;

describe.skipIf(lacksChromium("quality menu in Chromium"))("quality menu in Chromium", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve"), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(async () => {
    await browser.closePages();
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  for (const { name, options, sizes } of [SIMULCAST, SVC]) {
    test(`${name}: each layer by the menu, and back to automatic`, async () => {
      const stream = `layered/${options.codec}`;
      await (await browser.publish(server.base, stream, options)).live();
      const watcher = await browser.watch(server.base, stream);
      await alive(watcher, sizes.length);
      await watcher.markConnection();
      for (const [label, size] of [...sizes, ...sizes.toReversed()]) {
        await choose(watcher.page, label);
        await watcher.receives(`${label} decoded`, (received) => received.size === size, SWITCH_MS);
        await flows(watcher, label);
      }
      const [lowest, best] = [sizes.at(-1)!, sizes[0]!];
      await choose(watcher.page, lowest[0]);
      await watcher.receives("lowest", (received) => received.size === lowest[1], SWITCH_MS);
      await choose(watcher.page, "Auto");
      await watcher.receives("Auto climbs", (received) => received.size === best[1], CLIMB_MS);
      await until("the button says so", SWITCH_MS, async () =>
        (await button(watcher.page).textContent())?.startsWith(`Auto: ${best[0]}`),
      );
      expect(await watcher.keptConnection()).toBe(true);
      expect(watcher.posts).toBe(1);
    }, 90_000);
  }

  test("a choice holds when the session is replaced", async () => {
    await (await browser.publish(server.base, "kept", SIMULCAST.options)).live();
    const watcher = await browser.watch(server.base, "kept");
    await alive(watcher, 2);
    await choose(watcher.page, "180p");
    await watcher.receives("180p", (received) => received.size === "320x180", SWITCH_MS);
    await disconnectViewer(server);
    await until("a second POST", 10_000, () => watcher.posts === 2);
    await flows(watcher, "180p");
    await watcher.receives("180p again", ({ size, frames }) => frames > 30 && size === "320x180");
    expect(await button(watcher.page).textContent()).toStartWith("180p");
  }, 240_000);

  test("the menu is worked by keys", async () => {
    await (await browser.publish(server.base, "keys", SIMULCAST.options)).live();
    const { page } = await alive(await browser.watch(server.base, "keys"), 2);
    const focused = () => page.evaluate(FOCUSED);
    const volume = () => page.evaluate("document.querySelector('spillway-player').video.volume");
    const loud = await volume();
    await button(page).focus();
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toStartWith("Auto");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toStartWith("360p");
    await page.keyboard.press("End");
    expect(await focused()).toStartWith("180p");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toStartWith("Auto");
    await page.keyboard.press("Escape");
    expect(await focused()).toStartWith("Auto: ");
    expect(await page.getByRole("menu").isVisible()).toBe(false);
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await until("360p is chosen", SWITCH_MS, async () =>
      (await button(page).textContent())?.startsWith("360p"),
    );
    // None of these keys went on to the player behind the menu.
    expect(await volume()).toBe(loud);
    expect(await page.evaluate("document.querySelector('spillway-player').video.paused")).toBe(
      false,
    );
  }, 240_000);

  test("one layer is no choice; charts and statistics show it all the same", async () => {
    const options = { codec: "VP8", layers: "single" };
    await (await browser.publish(server.base, "one", options)).live();
    const watcher = await browser.watch(server.base, "one");
    await flows(watcher, "360p");
    const { page } = watcher;
    expect(await button(page).isVisible()).toBe(false);
    expect(await page.locator("#figures").isVisible()).toBe(false);
    await page.locator("#statistics summary").click();
    await page.locator("#chart-layer[aria-label='Now 360p']").waitFor();
    await page.locator("#chart-bits[aria-label$='b/s']").waitFor();
    const figures = page.locator("#figures");
    await figures.filter({ hasText: /Layer360p.*Resolution640\D+360/, visible: true }).waitFor();
  }, 160_000);

  test("the publish page offers what this browser can send, and tells what it sends", async () => {
    const publisher = await browser.publish(server.base, "offer", SIMULCAST.options);
    await publisher.live();
    const { page } = publisher;
    await page.locator("#figures").filter({ hasText: "Layers360p, 180p" }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    const offered = (): Promise<string[]> =>
      page.evaluate("Array.from(document.querySelector('#layers').options, ({ value }) => value)");
    expect(await offered()).toEqual(["single", "simulcast-2", "L1T2", "L1T3"]);
    await page.locator("#size").selectOption("1280x720");
    await page.locator("#codec").selectOption("h264");
    expect(await offered()).toEqual(["single", "simulcast-2", "simulcast-3"]);
    await page.locator("#codec").selectOption("vp9");
    expect(await offered()).toContain("L3T3_KEY");
    expect(await offered()).not.toContain("simulcast-2");
    await page.locator("#layers").selectOption("L3T3_KEY");
    await page.getByText("One stream that holds 3 sizes × 3 frame rates").waitFor();
  }, 160_000);
});

/** What has the focus, in the player's shadow root or outside. */
const FOCUSED = `(document.activeElement.shadowRoot?.activeElement ?? document.activeElement)
  .textContent`;

function button(page: Page): Locator {
  return page.locator("spillway-player button.quality");
}

async function choose(page: Page, label: string): Promise<void> {
  await button(page).click();
  const text = page.getByText(label, { exact: true });
  await page.getByRole("menuitemradio").filter({ has: text }).click();
}

interface Told {
  readonly width: number | null;
  readonly bitrate: number;
}

/** Waits until the server tells that many sizes as sent, and the menu is there to choose. */
async function alive(watcher: Watcher, sizes: number): Promise<Watcher> {
  const layers = (): Promise<Told[]> => watcher.page.evaluate("window.spillway?.layers ?? []");
  await until(
    `${sizes} sizes are sent`,
    15_000,
    async () => {
      const sent = (await layers()).filter((layer) => layer.bitrate > 0 && layer.width !== null);
      return new Set(sent.map((layer) => layer.width)).size === sizes;
    },
    layers,
  );
  await button(watcher.page).waitFor();
  return watcher;
}

/** Waits until the server tells that a layer of this height flows, at whatever frame rate. */
async function flows(watcher: Watcher, label: string): Promise<void> {
  const layer = (): Promise<string> =>
    watcher.page.evaluate("document.querySelector('spillway-player').layer");
  await until(`${label} flows`, 10_000, async () => (await layer()).startsWith(label), layer);
}

async function disconnectViewer(server: TestServer): Promise<void> {
  const answer = (await server.api("/sessions")) as { sessions: { id: string; kind: string }[] };
  const viewer = answer.sessions.find((session) => session.kind === "viewer");
  await server.api(`/sessions/${viewer?.id}`, { method: "DELETE" });
}
