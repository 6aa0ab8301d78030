/** A player of a tail whose server, network or page is not there for a while: it plays on by itself. */
import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Page } from "playwright-core";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const WHAT = "a tail's server, network and page that come back";
/** From a return to pictures: the last pause of those that grow, and a start. */
const BACK_MS = 30_000;
const AWAY_MS = 12_000;
/** Behind capture, once it is back. */
const BEHIND_MAX_MS = 4_000;

interface Shown {
  readonly state: string;
  readonly frames: number;
  readonly latencyMs: number | null;
}

const SHOWN = `(() => {
  const { status, tail, video } = document.querySelector("spillway-player");
  return {
    state: status.state,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    latencyMs: tail?.latencyMs ?? null,
  };
})()`;

describe.skipIf(lacksChromium(WHAT) || isShort(WHAT))(WHAT, () => {
  let server: TestServer;
  let browser: TestBrowser;
  let page: Page;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve"), TestBrowser.open()]);
    await (await browser.publish(server.base, "a", { codec: "H264" })).live();
    page = (await browser.watch(server.base, "a", "?tier=tail")).page;
    await plays();
  }, SETUP_MS);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const shown = () => page.evaluate<Shown>(SHOWN);

  /** Pictures come, and are those of now. */
  async function plays(): Promise<void> {
    let frames = (await shown()).frames;
    const before = performance.now();
    await until(
      "it plays",
      BACK_MS,
      async () => {
        const now = await shown();
        // Another try counts from zero.
        if (now.frames < frames) frames = 0;
        return now.state === "live" && now.frames > frames + 30 && now.latencyMs !== null;
      },
      shown,
    );
    const { latencyMs } = await shown();
    const ms = Math.round(performance.now() - before);
    console.log(`it plays after ${ms} ms, ${Math.round(latencyMs!)} ms behind`);
  }

  async function isNear(): Promise<void> {
    await until("it is near its edge", 10_000, async () => {
      const { latencyMs } = await shown();
      return latencyMs !== null && latencyMs < BEHIND_MAX_MS;
    });
  }

  test("offline", async () => {
    await page.context().setOffline(true);
    await Bun.sleep(AWAY_MS);
    await page.context().setOffline(false);
    await plays();
    await isNear();
  }, 120_000);

  test("F18 a page that slept", async () => {
    const session = await page.context().newCDPSession(page);
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
    await Bun.sleep(AWAY_MS);
    await session.send("Page.setWebLifecycleState", { state: "active" });
    await plays();
    await isNear();
  }, 120_000);

  test("R04 a server that was killed, and is back under its address", async () => {
    process.kill(server.pid, "SIGKILL");
    await until("it is noticed", 30_000, async () => (await shown()).state !== "live", shown);
    await Bun.sleep(AWAY_MS / 4);
    const args = ["--http", `127.0.0.1:${server.port}`];
    await server.stop();
    server = await startServer("serve", { args });
    await plays();
    await isNear();
  }, 180_000);
});
