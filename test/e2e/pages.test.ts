/** The pages as a person uses them, and the WHEP events behind the watch page. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { told } from "../support/server-log.ts";
import { until } from "../support/until.ts";

const SHOWN_MS = 10_000;
const CHAT = '[[streams]]\nmatch = "talk"\nchat = true\n';
/** With one ingest and one egress worker: the second is egress. */
const EGRESS = 1;

const skip = lacksChromium("pages in Chromium");

describe.skipIf(skip)("pages of an open server", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    const args = ["--egress-workers", "1", "--drills"];
    const starting = startServer("serve", { args, config: CHAT });
    [server, browser] = await Promise.all([starting, TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(async () => {
    await browser.closePages();
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  test("home lists what is live, and leads to it", async () => {
    const home = await browser.open(server.base);
    await shows(home, "#empty", "Nothing is live yet");
    const publisher = await browser.publish(server.base, "event/stage-1", { codec: "VP8" });
    await publisher.live();
    const card = "#streams .card";
    await shows(home, card, "event/stage-1");
    await shows(home, card, /VP8.*640\D+360.*OPUS/);
    await shows(home, card, /0 viewers · [\d.]+ [kM]b\/s/);
    const watcher = await browser.watch(server.base, "event/stage-1");
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    await shows(home, card, "1 viewer ");
    // Of VP8 there is no still.mp4.
    expect(await home.locator("#streams .still canvas").isVisible()).toBe(false);
    await home.getByRole("link", { name: "event/stage-1" }).click();
    await shows(home, "#state", "live");
    await home.goBack();
    await publisher.page.getByRole("button", { name: "Stop" }).click();
    await shows(home, "#empty", "Nothing is live yet");
  }, 160_000);

  test("the dashboard shows workers and sessions, and disconnects them", async () => {
    const publisher = await browser.publish(server.base, "kicks");
    await publisher.live();
    const watcher = await browser.watch(server.base, "kicks");
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    const dashboard = await browser.open(`${server.base}/dashboard`);
    await shows(dashboard, "#workers", /ingest-0.*egress-0/);
    await shows(dashboard, "#totals", /Publishers1Viewers1/);
    await shows(dashboard, "#streams", /kicks.*live.*1/);
    await shows(dashboard, "#sessions", /publisherkicks/);
    await shows(dashboard, "#value-bits", /[\d.]+ [kM]b\/s/);

    await disconnect(dashboard, "viewer");
    // A viewer's page is free to come back, and does.
    await until("a second POST", SHOWN_MS, () => watcher.posts === 2);
    await watcher.receives("the picture again", ({ frames }) => frames > 0);

    await disconnect(dashboard, "publisher");
    await shows(publisher.page, "#notice", "An administrator ended this session.");
    await shows(publisher.page, "#state", "refused");
    await shows(dashboard, "#totals", /Publishers0/);
    await shows(watcher.page, "#state", "publisher away");
  }, 160_000);

  test("events: the watch page counts viewers and knows when the publisher is away", async () => {
    const publisher = await browser.publish(server.base, "events");
    await publisher.live();
    const first = await browser.watch(server.base, "events");
    await shows(first.page, "#viewers", "1 viewer");
    // A stream without a chat has no room for one.
    expect(await first.page.locator("#chat").isVisible()).toBe(false);
    const second = await browser.watch(server.base, "events");
    await shows(first.page, "#viewers", "2 viewers");
    await shows(second.page, "#viewers", "2 viewers");
    await second.page.close();
    await shows(first.page, "#viewers", "1 viewer");
    await first.receives("a picture", ({ frames }) => frames > 0);
    await publisher.page.getByRole("button", { name: "Stop" }).click();
    await shows(first.page, "#state", "publisher away");
    await first.page.getByText("The publisher is away").waitFor();
    await publisher.page.getByRole("button", { name: "Start" }).click();
    await shows(first.page, "#state", "live");
    expect(first.posts).toBe(1);
  }, 160_000);

  test("chat, hands and reactions reach all who watch, and markup in them stays text", async () => {
    const publisher = await browser.publish(server.base, "talk", { codec: "H264" });
    await publisher.live();
    const [one, other] = [
      await browser.watch(server.base, "talk"),
      await browser.watch(server.base, "talk", "?tier=tail"),
    ];
    await one.page.locator("#chat").waitFor({ timeout: SHOWN_MS });
    await other.page.locator("#chat").waitFor({ timeout: SHOWN_MS });
    const line = `<img src=x onerror="document.title='taken'"> & more`;
    await one.page.getByLabel("Message").fill(line);
    await one.page.getByRole("button", { name: "Send" }).click();
    for (const { page } of [one, other]) {
      await shows(page, "#lines li", line);
      expect(await page.locator("#lines img").count()).toBe(0);
    }
    // It is one's own to take back.
    expect(await other.page.getByRole("button", { name: "Take back" }).count()).toBe(0);
    await other.page.getByRole("button", { name: "Raise hand" }).click();
    await shows(one.page, "#hands", "Guest");
    await shows(other.page, "#hands", "You");
    await other.page.getByRole("button", { name: "Applause" }).click();
    await one.page.locator(".bubble").waitFor({ state: "attached", timeout: SHOWN_MS });
    await one.page.getByRole("button", { name: "Take back" }).click();
    await other.page.locator("#lines li").waitFor({ state: "detached", timeout: SHOWN_MS });
    await other.page.getByRole("button", { name: "Lower hand" }).click();
    await one.page.locator("#hands li").waitFor({ state: "detached", timeout: SHOWN_MS });
  }, 160_000);

  test("whoever publishes sees what is sent before it is, mutes it, and has a say", async () => {
    const page = await browser.open(`${server.base}/publish/talk?source=pattern&audio=tone`);
    const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
    const shown = `document.getElementById("preview").videoWidth`;
    await press("Preview");
    await until("a preview", SHOWN_MS, async () => (await page.evaluate<number>(shown)) === 1280);
    // What is chosen otherwise is shown at once.
    await page.locator("#size").selectOption("640x360");
    await until(
      "the other size",
      SHOWN_MS,
      async () => (await page.evaluate<number>(shown)) === 640,
    );
    await press("End preview");
    expect(await page.locator("#switches").isVisible()).toBe(false);
    await press("Preview");
    await press("Start");
    await shows(page, "#state", "live");
    const watcher = await browser.watch(server.base, "talk");
    await watcher.receives("sound and a picture", ({ frames, energy }) => frames > 0 && energy > 0);
    await shows(page, "#viewers", "1 viewer");

    await press("Mute");
    await press("Unmute");
    await press("Hide picture");
    await shows(page, "#blank", "Show picture");
    await page.getByLabel("Caption").fill("<i>Good evening</i>");
    await press("Show");
    await shows(page, "#captioned", "Sent: <i>Good evening</i>");
    await watcher.page.getByLabel("Message").fill("A question");
    await watcher.page.getByRole("button", { name: "Send" }).click();
    await watcher.page.getByRole("button", { name: "Raise hand" }).click();
    await shows(page, "#lines", "A question");
    await press("Take back: A question");
    await press("Lower the hand of Guest");
    await watcher.page.locator("#lines li").waitFor({ state: "detached", timeout: SHOWN_MS });
    await shows(watcher.page, "#hand", "Raise hand");
    await press("Stop");
    await shows(page, "#hint", "press Preview or Start");
    expect(await page.locator("#captioning").isVisible()).toBe(false);
  }, 160_000);

  test("the ways to a stream are copied in one click, and so are the figures", async () => {
    await (await browser.publish(server.base, "event/stage-2")).live();
    const { page } = await browser.watch(server.base, "event/stage-2", "?token=secret-0123456789");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByText("Share and embed").click();
    const copied = async (way: string) => {
      await page.getByRole("button", { name: `Copy ${way}` }).click();
      return page.evaluate<string>("navigator.clipboard.readText()");
    };
    const { base } = server;
    expect(await copied("Link")).toBe(`${base}/watch/event/stage-2`);
    expect(await copied("HLS")).toBe(`${base}/hls/event/stage-2/index.m3u8`);
    expect(await copied("WHEP")).toBe(`${base}/whep/event/stage-2`);
    expect(await copied("Element")).toContain(`<spillway-player src="${base}/whep/event/stage-2">`);
    expect(await copied("Frame")).toStartWith(`<iframe src="${base}/embed/event/stage-2"`);
    await page.getByText("Statistics", { exact: true }).click();
    const figures = async () => {
      const told = JSON.parse(await copied("as JSON")) as Record<string, unknown>;
      return typeof told.width === "number" && typeof told.bitrate === "number" ? told : null;
    };
    const told = await until("figures are copied", SHOWN_MS, figures);
    expect(told).toMatchObject({ tier: "realtime", state: "live", width: expect.any(Number) });
  }, 160_000);

  test("events: `reconnect` brings viewers of a lost worker back at once", async () => {
    await (await browser.publish(server.base, "lost")).live();
    const watcher = await browser.watch(server.base, "lost");
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    await shows(watcher.page, "#viewers", "1 viewer");
    await server.api("/drills", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ worker: EGRESS, kind: "throw" }),
    });
    // Without the event Chromium would notice only after seconds without STUN answers.
    await until("a second POST", 3_000, () => watcher.posts === 2);
    const again = await watcher.receives("the picture again", ({ frames, energy }) => {
      return frames > 10 && energy > 0;
    });
    expect(again.lost).toBe(0);
    await shows(watcher.page, "#viewers", "1 viewer");
    await told(server, "Worker replaced");
  }, 160_000);
});

const TOKENS = { view: "view-token-0123456789", admin: "admin-token-0123456789" };

describe.skipIf(skip)("pages of a server with tokens", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    const config = `
[[auth.tokens]]
token = "${TOKENS.view}"
rights = ["view"]
[[auth.tokens]]
token = "${TOKENS.admin}"
rights = ["publish", "view", "admin"]
`;
    // Without the flag that lets sound play before a click, as in everybody's browser.
    const starting = startServer("demo", { config, token: TOKENS.admin });
    [server, browser] = await Promise.all([starting, TestBrowser.open(false)]);
  }, SETUP_MS);
  afterEach(async () => {
    await browser.closePages();
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  test("the watch page asks for a token until it has a good one", async () => {
    const { page } = await browser.watch(server.base, "demo");
    await shows(page, "#state", "refused");
    await page.getByText("This needs a token").waitFor();
    await giveToken(page, "wrong-token-0123456789");
    await page.getByText("unknown, expired or not meant").waitFor();
    await giveToken(page, TOKENS.view);
    await shows(page, "#state", "live");
    // Events come although an EventSource sends no Authorization.
    await shows(page, "#viewers", "1 viewer");
  }, 160_000);

  test("before any click the watch page sounds, or plays muted with a button for it", async () => {
    const watcher = await browser.watch(server.base, "demo", `?token=${TOKENS.view}`);
    const { page } = watcher;
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    const unmute = page.getByRole("button", { name: "Unmute", exact: true });
    const sounds = async () => !(await isMuted(page)) && (await watcher.received()).energy > 0;
    // The browser's rules decide which; silence without a button would be ours.
    const choice = await until("a button or sound", SHOWN_MS, async () => {
      if (await unmute.isVisible()) return "button";
      return (await sounds()) ? "sound" : null;
    });
    if (choice === "button") {
      expect(await isMuted(page)).toBe(true);
      await unmute.click();
    }
    await until("sound", SHOWN_MS, sounds);
  }, 160_000);

  test("F23: a silent start that the browser pauses is tried once more, then there is a button", async () => {
    const watcher = await browser.watch(server.base, "demo", `?token=${TOKENS.view}`);
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    await watcher.page.evaluate(`(async () => {
      const player = document.querySelector("spillway-player");
      player.video.muted = true;
      player.goLive();
      const again = new Promise((done) => player.addEventListener("playing", done, { once: true }));
      player.video.pause();
      await again;
      await new Promise((done) => setTimeout(done, 200));
      player.video.pause();
    })()`);
    const play = watcher.page.locator("spillway-player .unmute");
    await play.filter({ hasText: "Play" }).click({ timeout: SHOWN_MS });
    const plays = "!document.querySelector('spillway-player').video.paused";
    await until("it plays", SHOWN_MS, () => watcher.page.evaluate<boolean>(plays));
    expect(await isMuted(watcher.page)).toBe(false);
  }, 160_000);

  test("the publish page says what the token may not", async () => {
    const publisher = await browser.publish(server.base, "secret", { token: TOKENS.view });
    await shows(publisher.page, "#notice", "The token does not allow to publish.");
    await giveToken(publisher.page, TOKENS.admin);
    await publisher.live();
  }, 160_000);

  test("home and dashboard ask for a token too", async () => {
    const home = await browser.open(server.base);
    await giveToken(home, TOKENS.view);
    await shows(home, "#streams .card", "demo");
    await home.locator("#streams .still canvas").waitFor({ timeout: SHOWN_MS });
    expect(await home.evaluate(COLOURS)).toBeGreaterThan(50);
    const dashboard = await browser.open(`${server.base}/dashboard?token=${TOKENS.view}`);
    await giveToken(dashboard, TOKENS.admin);
    await shows(dashboard, "#workers", /ingest-0.*egress-0/);
  }, 160_000);
});

/** How many colours a card's picture has: none, or one, would be no picture. */
const COLOURS = `(() => {
  const canvas = document.querySelector("#streams canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
})()`;

/** Waits until the element's text contains or matches `text`. */
async function shows(page: Page, selector: string, text: string | RegExp): Promise<void> {
  const visible = page.locator(selector).filter({ hasText: text, visible: true });
  try {
    await visible.first().waitFor({ timeout: SHOWN_MS });
  } catch {
    const seen = await page.locator(selector).allTextContents();
    throw new Error(`${selector} does not show ${text}, but ${JSON.stringify(seen)}`);
  }
}

async function disconnect(dashboard: Page, kind: "publisher" | "viewer"): Promise<void> {
  await dashboard.getByRole("button", { name: `Disconnect ${kind}` }).click();
  await dashboard.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
}

async function giveToken(page: Page, token: string): Promise<void> {
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Continue" }).click();
}

function isMuted(page: Page): Promise<boolean> {
  return page.evaluate("document.querySelector('spillway-player').video.muted");
}
