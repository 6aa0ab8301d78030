/** One player over both tiers, behind a firewall that comes and goes: real time where it can be. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { lacksChromium, type Publisher, publishUrl, TestBrowser } from "../support/browser.ts";
import { Firewall, OUTSIDE_ADDRESS } from "../support/firewall.ts";
import { isShort } from "../support/long.ts";
import { machineWasTaken, type Taken, told, watchOthers } from "../support/others.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { candidatePort } from "../support/udp-relay.ts";
import { until } from "../support/until.ts";

const PUBLISHED = { codec: "H264", fps: 30 };
const CHAT = '[[streams]]\nmatch = "one"\nchat = true\n';
const TAIL_MS = 5_000;
/** From a publisher's return to pictures, where real time does not come through. */
const RETURN_MS = 10_000;
const BACK_MS = 60_000;
/** Between two pictures, over a change. */
const GAP_MS = 250;

/** Notes when each video element presented a picture, and when the tier changed. */
const WITNESS = `addEventListener("DOMContentLoaded", async () => {
  const seen = { realtime: [], tail: [], changes: [] };
  window.seen = seen;
  await customElements.whenDefined("spillway-player");
  const player = document.querySelector("spillway-player");
  player.addEventListener("tierchange", () =>
    seen.changes.push({ tier: player.tier, at: performance.now() }));
  ["realtime", "tail"].forEach((tier, index) => {
    const video = player.shadowRoot.querySelectorAll("video")[index];
    const look = () => {
      seen[tier].push(performance.now());
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
})`;

interface Seen {
  readonly realtime: readonly number[];
  readonly tail: readonly number[];
  readonly changes: readonly { readonly tier: "realtime" | "tail"; readonly at: number }[];
}

describe.skipIf(lacksChromium("tiers in Chromium"))("tiers", () => {
  let server: TestServer;
  let browser: TestBrowser;
  let publisher: Publisher;
  const walls = new Map<number, Firewall>();
  beforeAll(async () => {
    const args = ["--advertise", OUTSIDE_ADDRESS, "--egress-workers", "1"];
    const starting = startServer("serve", { args, config: CHAT });
    [server, browser] = await Promise.all([starting, TestBrowser.open()]);
    publisher = await browser.publish(server.base, "one", PUBLISHED);
    const answer = () =>
      publisher.page.evaluate<string>("window.spillway?.pc?.remoteDescription?.sdp ?? ''");
    const sdp = await until("an answer", 20_000, answer);
    await guard(candidatePort(sdp));
    await publisher.live(20_000);
  }, SETUP_MS);
  afterEach(() => expect(browser.pageErrors).toEqual([]));
  afterAll(async () => {
    await browser?.close();
    for (const wall of walls.values()) await wall.close();
    await server?.stop();
  }, SETUP_MS);

  async function guard(port: number): Promise<void> {
    if (!walls.has(port)) walls.set(port, await Firewall.open(port));
  }

  /** A watch page; `passes` tells whether the port of its media is open. */
  async function watch(
    passes: boolean,
    query = "",
  ): Promise<{ page: Page; setPort: (is: boolean) => void }> {
    const page = await browser.open("about:blank");
    let egress: number | null = null;
    let isOpen = passes;
    const setPort = (is: boolean) => {
      isOpen = is;
      const wall = egress === null ? undefined : walls.get(egress);
      if (wall !== undefined) wall.isShut = !is;
    };
    page.on("response", async (response) => {
      if (!response.url().includes("/whep/") || response.status() !== 201) return;
      const port = candidatePort(await response.text());
      egress = port;
      await guard(port);
      setPort(isOpen);
    });
    await page.addInitScript(WITNESS);
    await page.goto(`${server.base}/watch/one${query}`);
    return { page, setPort };
  }

  test.skipIf(isShort("a dead port"))(
    "a dead port: the tail 5 s after load; the port back: real time, and no gap between",
    async () => {
      const { page, setPort } = await watch(false);
      await tierIs(page, "tail", TAIL_MS);
      expect(await shown(page)).toBe("tail");
      setPort(true);
      const others = watchOthers();
      await tierIs(page, "realtime", BACK_MS);
      await expectSmooth(page, others);
      expect(await page.evaluate("document.querySelector('spillway-player').video.muted")).toBe(
        false,
      );
    },
    240_000,
  );

  test("a port that dies in mid-play: the last picture stays until the tail moves", async () => {
    const { page, setPort } = await watch(true);
    await tierIs(page, "realtime", 10_000);
    const latency = "document.querySelector('spillway-player').latency";
    await until("a latency by capture", 10_000, () =>
      page.evaluate<boolean>(`${latency}?.basis === "capture" && ${latency}.ms < 2000`),
    );
    // Nobody has asked for the tail the first time; the second time it is there.
    for (const _ of ["cold", "warm"]) {
      setPort(false);
      const falling = watchOthers();
      await tierIs(page, "tail", 15_000);
      await expectSmooth(page, falling);
      setPort(true);
      const rising = watchOthers();
      await page.evaluate("document.querySelector('spillway-player').promote()");
      await tierIs(page, "realtime", 10_000);
      await expectSmooth(page, rising);
    }
  }, 240_000);

  for (const seconds of [3, 10]) {
    const what = `a publisher that is gone for ${seconds} s`;
    test.skipIf(isShort(what))(
      `${what}, behind a dead port: the tail comes back`,
      async () => {
        const { page } = await watch(false);
        await tierIs(page, "tail", 15_000);
        await publisher.page.goto("about:blank");
        await Bun.sleep(seconds * 1_000);
        await publisher.page.goto(publishUrl(server.base, "one", PUBLISHED));
        await publisher.live(20_000);
        const before = (await page.evaluate<Seen>("window.seen")).tail.length;
        const moves = async () => {
          const seen = await page.evaluate<Seen>("window.seen");
          return seen.tail.length > before + 30;
        };
        await until("the tail moves", RETURN_MS, moves, () => page.evaluate("window.seen.changes"));
        await tierIs(page, "tail", 1_000);
        expect(await shown(page)).toBe("tail");
        await page.close();
      },
      240_000,
    );
  }

  test("tier=tail: who says something goes up for a while, and picture-in-picture goes along", async () => {
    const { page } = await watch(true, "?tier=tail");
    await tierIs(page, "tail", 15_000);
    await page.evaluate(`document.addEventListener("click", () =>
      document.querySelector("spillway-player").video.requestPictureInPicture(), { once: true })`);
    await page.locator("#name").click();
    const isOut = () =>
      page.evaluate<boolean>(`(() => {
        const player = document.querySelector("spillway-player");
        return player.shadowRoot.pictureInPictureElement === player.video;
      })()`);
    await until("the tail is in a window", 5_000, isOut);
    await page.getByRole("button", { name: "Applause" }).click();
    await tierIs(page, "realtime", 10_000);
    await until("real time is in the window", 5_000, isOut);
    await page.evaluate("document.querySelector('spillway-player').promote(3_000)");
    await tierIs(page, "tail", 15_000);
    await until("the tail is in the window again", 5_000, isOut);
  }, 240_000);
});

async function tierIs(page: Page, tier: string, timeoutMs: number): Promise<void> {
  const look = () =>
    page.evaluate<string>(`(() => {
      const player = document.querySelector("spillway-player");
      return [player?.tier, player?.status?.state].join();
    })()`);
  await until(`${tier} is shown`, timeoutMs, async () => (await look()).startsWith(tier), look);
}

/** The tier whose video lies in front. */
function shown(page: Page): Promise<string> {
  return page.evaluate(`(() => {
    const videos = [...document.querySelector("spillway-player").shadowRoot.querySelectorAll("video")];
    return videos.filter((video) => !video.classList.contains("behind")).length === 1 &&
      videos[0].classList.contains("behind") ? "tail" : "realtime";
  })()`);
}

/** The new tier moved before the newest change, and moves on after it. Void where others had the machine. */
async function expectSmooth(page: Page, others: () => Taken): Promise<void> {
  const gap = async () => gapOf(await page.evaluate<Seen>("window.seen"));
  const ms = await until("a picture after the change", 5_000, gap);
  const meanwhile = others();
  console.log(`between two pictures at the change: ${Math.round(ms)} ms`);
  if (ms > GAP_MS && machineWasTaken(meanwhile)) console.log(`void: ${ms} ms, ${told(meanwhile)}`);
  else expect(ms).toBeLessThanOrEqual(GAP_MS);
}

/** From the last picture of the new tier before the newest change to its first one after it. */
function gapOf(seen: Seen): number | null {
  const change = seen.changes.at(-1)!;
  const times = seen[change.tier];
  const after = times.find((time) => time > change.at);
  const before = times.findLast((time) => time <= change.at);
  return after === undefined || before === undefined ? null : after - before;
}
