/** The tail of a stream in Firefox, which a page in Chromium publishes. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { Firefox, lacksFirefox } from "../support/firefox.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

/** Shown behind capture, by the server's clock. */
const LATENCY_P50_MAX_MS = 1_600;
const LATENCY_P95_MAX_MS = 1_900;
const WATCHED_MS = 15_000;
const SAMPLE_MS = 100;

interface Shown {
  readonly state: string;
  readonly latencyMs: number | null;
  readonly time: number;
  readonly frames: number;
  /** What is heard cannot be told without a device for it: that there is sound to be decoded. */
  readonly hasSound: boolean;
  readonly stalls: number;
}

const SHOWN = `(() => {
  const { video, tail } = document.querySelector("spillway-player");
  if (window.stalls === undefined) {
    window.stalls = 0;
    video.addEventListener("waiting", () => { window.stalls += 1; });
  }
  return {
    state: window.spillway.state,
    latencyMs: tail?.latencyMs ?? null,
    time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    hasSound: video.mozHasAudio,
    stalls: window.stalls,
  };
})()`;

const isOut =
  lacksChromium("tails in Firefox") ||
  lacksFirefox("tails in Firefox") ||
  isShort("tails in Firefox");

describe.skipIf(isOut)("tails in Firefox", () => {
  let server: TestServer;
  let browser: TestBrowser;
  let firefox: Firefox;
  beforeAll(async () => {
    const args = ["--egress-workers", "1"];
    [server, browser, firefox] = await Promise.all([
      startServer("serve", { args }),
      TestBrowser.open(),
      Firefox.start(),
    ]);
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), firefox?.close()]);
    await server?.stop();
  });

  const shown = () => firefox.evaluate<Shown>(SHOWN);

  async function watchTail(name: string): Promise<void> {
    await firefox.goto(`${server.base}/watch/${name}?tier=tail`);
    const hasVideo = "document.querySelector('spillway-player').tail?.captureMs > 0";
    await until("a picture", 20_000, () => firefox.evaluate<boolean>(hasVideo));
    const plays = async () => {
      const { time, frames, hasSound } = await shown();
      return time > 1 && frames > 10 && hasSound;
    };
    await until("the tail plays, with sound", 20_000, plays, shown);
  }

  timed(
    "pictures and sound of H.264 and Opus, about a second and a half behind, without a stall",
    async () => {
      const publisher = await browser.publish(server.base, "a", { codec: "H264" });
      await publisher.live();
      await watchTail("a");
      // It finds its place by playing a little faster.
      await Bun.sleep(5_000);
      const first = await shown();
      const latencies: number[] = [];
      for (let i = 0; i < WATCHED_MS / SAMPLE_MS; i += 1) {
        await Bun.sleep(SAMPLE_MS);
        const { latencyMs } = await shown();
        if (latencyMs !== null) latencies.push(latencyMs);
      }
      const last = await shown();
      latencies.sort((left, right) => left - right);
      const quantile = (share: number) => latencies[Math.floor(latencies.length * share)]!;
      const [p50, p95] = [quantile(0.5), quantile(0.95)].map(Math.round);
      console.log(
        `tail in Firefox: p50 ${p50} ms, p95 ${p95} ms, ${last.stalls - first.stalls} stalls`,
      );
      inTime(() => {
        expect(last.stalls - first.stalls).toBe(0);
        expect(last.time - first.time).toBeGreaterThan((WATCHED_MS / 1000) * 0.95);
        expect(last.frames - first.frames).toBeGreaterThan((WATCHED_MS / 1000) * 25);
        expect(p50).toBeLessThanOrEqual(LATENCY_P50_MAX_MS);
        expect(p95).toBeLessThanOrEqual(LATENCY_P95_MAX_MS);
      });
      await publisher.page.close();
    },
    90_000,
  );
});
