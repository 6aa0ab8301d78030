/** The tail of a stream in Chromium: hls.js plays what the packager cuts, and comes back by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, publishUrl, TestBrowser, type Watcher } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

/** Shown behind capture, by the server's clock. */
const LATENCY_P50_MAX_MS = 1_600;
const LATENCY_P95_MAX_MS = 1_900;
const WATCHED_MS = 15_000;
const SAMPLE_MS = 100;
/** From a publisher's return, or a packager's end, to pictures. */
const RETURN_MAX_MS = 10_000;
const LACKS_FFPROBE = Bun.which("ffprobe") === null;

/** What a page shows of its tail at one moment. */
interface Shown {
  readonly state: string;
  /** What names its files. */
  readonly edition: string;
  readonly latencyMs: number | null;
  readonly time: number;
  readonly frames: number;
  readonly soundBytes: number;
  /** Times that it ran dry since it began to play. */
  readonly stalls: number;
}

/** An EXT-X-DATERANGE as hls.js has it. */
interface Dated {
  readonly kind: string;
  readonly isValid: boolean;
  readonly startMs: number;
  readonly data: string;
}

const SHOWN = `(() => {
  const { video, tail } = document.querySelector("spillway-player");
  window.stalls ??= { count: 0 };
  if (!window.stalls.heard) {
    window.stalls.heard = true;
    video.addEventListener("waiting", () => { window.stalls.count += 1; });
  }
  return {
    state: window.spillway.state,
    edition: /[0-9a-f]{32}/.exec(tail?.hls?.levels?.[0]?.uri ?? "")?.[0] ?? "",
    latencyMs: tail?.latencyMs ?? null,
    time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    soundBytes: video.webkitAudioDecodedByteCount,
    stalls: window.stalls.count,
  };
})()`;

const shown = ({ page }: Watcher) => page.evaluate<Shown>(SHOWN);

/** What stands beside "LIVE". */
const badge = ({ page }: Pick<Watcher, "page">) =>
  page.evaluate<string>(
    `document.querySelector("spillway-player").shadowRoot.querySelector("[part=live]").textContent`,
  );

describe.skipIf(lacksChromium("tails"))("tails", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    const args = ["--drills", "--egress-workers", "1"];
    [server, browser] = await Promise.all([startServer("serve", { args }), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(async () => {
    await browser.closePages();
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  /** A page that plays the tail, with pictures and sound. */
  async function watchTail(name: string): Promise<Watcher> {
    const watcher = await browser.watch(server.base, name, "?tier=tail");
    await until(
      "the tail plays",
      15_000,
      async () => {
        const { time, frames, soundBytes } = await shown(watcher);
        return time > 1 && frames > 10 && soundBytes > 0;
      },
      () => shown(watcher),
    );
    return watcher;
  }

  /** Pictures that are newer than those of now. */
  async function comesBack(watcher: Watcher, what: string): Promise<void> {
    const { frames, soundBytes } = await shown(watcher);
    const before = performance.now();
    await until(
      what,
      RETURN_MAX_MS,
      async () => {
        const now = await shown(watcher);
        return now.state === "live" && now.frames > frames + 30 && now.soundBytes > soundBytes;
      },
      () => shown(watcher),
    );
    const after = Math.round(performance.now() - before);
    const { latencyMs, stalls } = await shown(watcher);
    const behind = Math.round(latencyMs ?? Number.NaN);
    console.log(`${what}: ${after} ms, now ${behind} ms behind, ${stalls} stalls`);
  }

  /** What is said of a stream hls.js reads out of its playlists, as it was said. */
  async function readsDates({ page }: Watcher, name: string): Promise<void> {
    const response = await fetch(`${server.base}/events/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        type: "cue",
        data: { text: 'A "quote",\n#EXT-X-ENDLIST and a sign: é' },
      }),
    });
    const said = (await response.json()) as { readonly id: number; readonly at: number };
    const dates = () =>
      page.evaluate<Dated[]>(`Object.values(
        document.querySelector("spillway-player").tail.hls.latestLevelDetails.dateRanges,
      ).map(({ class: kind, startDate, isValid, attr }) => ({
        kind, isValid, startMs: startDate.getTime(), data: attr["X-DATA"],
      }))`);
    await until("hls.js has read it", 5_000, async () => (await dates()).length > 0, dates);
    const read = (await dates()).map(({ data, ...date }) => ({
      ...date,
      said: JSON.parse(Buffer.from(data, "base64url").toString()) as unknown,
    }));
    expect(read).toEqual([{ kind: "spillway.cue", isValid: true, startMs: said.at, said }]);
  }

  timed(
    "F25 hls.js plays H.264 and Opus, about a second and a half behind, without a stall",
    async () => {
      const publisher = await browser.publish(server.base, "a", { codec: "H264" });
      await publisher.live();
      const watcher = await watchTail("a");
      // It finds its place by playing a little faster.
      await Bun.sleep(5_000);
      const first = await shown(watcher);
      const latencies: number[] = [];
      for (let i = 0; i < WATCHED_MS / SAMPLE_MS; i += 1) {
        await Bun.sleep(SAMPLE_MS);
        const { latencyMs } = await shown(watcher);
        if (latencyMs !== null) latencies.push(latencyMs);
      }
      const last = await shown(watcher);
      latencies.sort((left, right) => left - right);
      const quantile = (share: number) => latencies[Math.floor(latencies.length * share)]!;
      const [p50, p95] = [quantile(0.5), quantile(0.95)].map(Math.round);
      console.log(`tail: p50 ${p50} ms, p95 ${p95} ms, ${last.stalls - first.stalls} stalls`);
      expect(last.soundBytes).toBeGreaterThan(first.soundBytes);
      inTime(() => {
        expect(last.stalls - first.stalls).toBe(0);
        expect(last.time - first.time).toBeGreaterThan((WATCHED_MS / 1000) * 0.95);
        expect(p50).toBeLessThanOrEqual(LATENCY_P50_MAX_MS);
        expect(p95).toBeLessThanOrEqual(LATENCY_P95_MAX_MS);
      });
      // Chromium's own player could have it as well.
      expect(await badge(watcher)).toContain("Low latency");
      await readsDates(watcher, "a");
      await publisher.page.close();
    },
    60_000,
  );

  test.skipIf(LACKS_FFPROBE)(
    "ffprobe reads it",
    async () => {
      const publisher = await browser.publish(server.base, "b", { codec: "H264" });
      await publisher.live();
      await watchTail("b");
      const url = `${server.base}/hls/b/index.m3u8`;
      const show = ["-show_entries", "stream=codec_name,width,height,sample_rate", "-of", "json"];
      const child = Bun.spawn(["ffprobe", "-v", "error", ...show, url], {
        stdout: "pipe",
        stderr: "pipe",
      });
      const [out, complaint] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      expect([await child.exited, complaint]).toEqual([0, ""]);
      const { streams } = JSON.parse(out) as { readonly streams: readonly object[] };
      expect(streams).toEqual([
        expect.objectContaining({ codec_name: "h264", width: 640, height: 360 }),
        expect.objectContaining({ codec_name: "opus", sample_rate: "48000" }),
      ]);
    },
    60_000,
  );

  test("a publisher that is away for 3 s: it plays on by itself", async () => {
    const publisher = await browser.publish(server.base, "c", { codec: "H264" });
    await publisher.live();
    const watcher = await watchTail("c");
    const { edition } = await shown(watcher);
    await publisher.page.goto("about:blank");
    await Bun.sleep(3_000);
    await publisher.page.goto(publishUrl(server.base, "c", { codec: "H264" }));
    await publisher.live();
    await comesBack(watcher, "pictures after the publisher's return");
    expect((await shown(watcher)).edition).toBe(edition);
  }, 120_000);

  test("a packager that throws: WebRTC goes on, and the tail comes back", async () => {
    const publisher = await browser.publish(server.base, "d", { codec: "H264" });
    await publisher.live();
    const watcher = await watchTail("d");
    const viewer = await browser.watch(server.base, "d");
    const before = await viewer.receives(
      "picture and sound",
      ({ frames, energy }) => frames > 10 && energy > 0,
    );
    await viewer.markConnection();
    const { edition } = await shown(watcher);
    await server.api("/drills", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ worker: await packager(), kind: "throw" }),
    });
    await comesBack(watcher, "pictures after the packager's end");
    await until("another edition plays", RETURN_MAX_MS, async () => {
      const now = await shown(watcher);
      return now.edition !== edition && now.edition !== "" && now.state === "live";
    });
    await comesBack(watcher, "pictures of the other edition");
    // On a busy machine the browser freezes by itself; what is lost would be ours.
    const after = await viewer.receives(
      "pictures in real time",
      ({ frames }) => frames > before.frames + 100,
    );
    expect(after.lost).toBe(before.lost);
    expect([viewer.posts, await viewer.keptConnection()]).toEqual([1, true]);
    const told = (await server.api("/streams/d")) as { readonly hls: unknown };
    expect(told.hls).toMatchObject({ state: "live", reason: null });
  }, 120_000);

  const own =
    "F25 without Media Source the browser's own player plays it, is told apart, and begins anew";
  test.skipIf(isShort(own))(
    own,
    async () => {
      const publisher = await browser.publish(server.base, "f", { codec: "H264" });
      await publisher.live();
      const page = await browser.open("about:blank");
      await page.addInitScript("delete window.MediaSource; delete window.ManagedMediaSource;");
      await page.goto(`${server.base}/watch/f?tier=tail`);
      const plays = `(() => {
      const { video } = document.querySelector("spillway-player");
      const { totalVideoFrames } = video.getVideoPlaybackQuality();
      return totalVideoFrames > 10 && video.webkitAudioDecodedByteCount > 0;
    })()`;
      await until("the browser plays it", 15_000, () => page.evaluate<boolean>(plays));
      await until("it is told", 5_000, async () => (await badge({ page })).includes("Buffered"));
      await page.evaluate(`document.querySelector("spillway-player").video.src = "data:,x"`);
      await until("it plays again", 20_000, async () => {
        const source = `document.querySelector("spillway-player").video.src`;
        const isBack = (await page.evaluate<string>(source)).endsWith("/index.m3u8");
        return isBack && (await page.evaluate<boolean>(plays));
      });
    },
    60_000,
  );

  test("VP8 has none, and the page says so; it plays what comes after that under the name", async () => {
    const publisher = await browser.publish(server.base, "e", { codec: "VP8" });
    await publisher.live();
    const watcher = await browser.watch(server.base, "e", "?tier=tail");
    const told = watcher.page.getByText("cannot be served over HLS. Trying again");
    await told.waitFor({ timeout: 10_000 });
    const { hls } = (await server.api("/streams/e")) as { readonly hls: unknown };
    expect(hls).toMatchObject({ state: "unavailable", reason: "its video is VP8" });
    await publisher.page.goto(publishUrl(server.base, "e", { codec: "H264" }));
    await publisher.live();
    await until("it plays", 30_000, async () => (await shown(watcher)).frames > 30);
  }, 90_000);

  /** The packager's place among the workers. */
  async function packager(): Promise<number> {
    const { workers } = (await server.api("/stats")) as {
      readonly workers: readonly { readonly name: string }[];
    };
    return workers.findIndex(({ name }) => name.startsWith("packager"));
  }
});
