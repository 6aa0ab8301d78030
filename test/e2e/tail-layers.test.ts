/** Three layers of H.264 in Chromium: hls.js goes from one to the other, and the picture does not stop. */
import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { lacksChromium, TestBrowser, Watcher } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { readPlaylist } from "../support/playlist-text.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

/** F15: between two pictures, where the level changes. */
const GAP_MAX_MS = 300;
/** A level is stayed on for so long: a segment, and what is buffered. */
const STAY_MS = 6_000;

/** Frames as they are presented, from now on. */
const WATCH_FRAMES = `(() => {
  const { video } = document.querySelector("spillway-player");
  window.frames = [];
  const note = (now, { width, presentedFrames }) => {
    window.frames.push({ now, width, number: presentedFrames });
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
})()`;
const TAIL = `document.querySelector("spillway-player").tail`;
const HLS = `${TAIL}?.hls`;
const STATE = `({
  time: document.querySelector("spillway-player").video.currentTime,
  soundBytes: document.querySelector("spillway-player").video.webkitAudioDecodedByteCount,
  levels: (${HLS}?.levels ?? []).map(({ height }) => height),
  frames: (window.frames ?? []).length,
})`;

interface Frame {
  readonly now: number;
  readonly width: number;
  readonly number: number;
}

interface State {
  readonly time: number;
  readonly soundBytes: number;
  readonly levels: readonly number[];
}

const stateOf = ({ page }: Watcher) => page.evaluate<State>(STATE);

const WHAT = "layers of tails";

describe.skipIf(lacksChromium(WHAT) || isShort(WHAT))("layers of tails", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve"), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  timed(
    "F15: each change of level is at most 300 ms without a new picture, and sound goes on",
    async () => {
      const options = { codec: "H264", layers: "simulcast-3", width: 1280, height: 720, fps: 25 };
      await (await browser.publish(server.base, "a", options)).live();
      await until("three levels", 30_000, async () => (await heights()).length === 3, heights);
      const watcher = await browser.watch(server.base, "a", "?tier=tail");
      const plays = async () => (await stateOf(watcher)).time > 2;
      await until("it plays", 20_000, plays, () => stateOf(watcher));
      const first = await stateOf(watcher);
      await watcher.page.evaluate(WATCH_FRAMES);
      for (const height of [180, 720, 360, 180, 720]) {
        const level = first.levels.indexOf(height);
        expect(level).toBeGreaterThanOrEqual(0);
        await watcher.page.evaluate(`${TAIL}.choose({ key: "${level}", shortSide: ${height} })`);
        await Bun.sleep(STAY_MS);
      }
      const frames = await watcher.page.evaluate<Frame[]>("window.frames");
      const last = await stateOf(watcher);
      const { longest, changes, atChanges } = measure(frames);
      const widths = [...new Set(frames.map(({ width }) => width))];
      console.log(`${changes} changes between ${widths}: ${atChanges} ms; anywhere ${longest} ms`);
      expect(last.soundBytes).toBeGreaterThan(first.soundBytes);
      await samePlaces();
      inTime(() => {
        expect(widths.toSorted()).toEqual([1280, 320, 640]);
        expect(changes).toBeGreaterThanOrEqual(4);
        expect(Math.max(...atChanges)).toBeLessThanOrEqual(GAP_MAX_MS);
        expect(last.time - first.time).toBeGreaterThan(((5 * STAY_MS) / 1000) * 0.95);
      });
      expect(browser.pageErrors).toEqual([]);
    },
    120_000,
  );

  timed(
    "a layer that comes behind its first answer becomes a level, and the picture goes on",
    async () => {
      const options = { codec: "H264", layers: "simulcast-3", width: 1280, height: 720, fps: 25 };
      await (await browser.publish(server.base, "a", options)).live();
      await until("three levels", 30_000, async () => (await heights()).length === 3, heights);
      const page = await browser.open("about:blank");
      let asked = 0;
      await page.route("**/hls/a/index.m3u8*", async (route) => {
        const response = await route.fetch();
        const body = await response.text();
        asked += 1;
        await route.fulfill({ response, body: asked === 1 ? lowestOf(body) : body });
      });
      const watcher = new Watcher(page);
      await page.goto(`${server.base}/watch/a?tier=tail`);
      const plays = async () => (await stateOf(watcher)).time > 2;
      await until("it plays", 20_000, plays, () => stateOf(watcher));
      await watcher.page.evaluate(WATCH_FRAMES);
      const all = async () => (await stateOf(watcher)).levels.join() === "180,360,720";
      await until("three levels", 10_000, all, () => stateOf(watcher));
      await watcher.page.evaluate(`${TAIL}.choose({ key: "2", shortSide: 720 })`);
      await Bun.sleep(STAY_MS);
      const frames = await watcher.page.evaluate<Frame[]>("window.frames");
      const { atChanges } = measure(frames);
      console.log(`levels that came later: ${atChanges} ms`);
      inTime(() => {
        expect(frames.at(-1)!.width).toBe(1280);
        expect(Math.max(...atChanges)).toBeLessThanOrEqual(GAP_MAX_MS);
      });
      expect(browser.pageErrors).toEqual([]);
    },
    60_000,
  );

  async function heights(): Promise<number[]> {
    const index = await fetch(`${server.base}/hls/a/index.m3u8`);
    const found = (await index.text()).matchAll(/RESOLUTION=\d+x(\d+)/g);
    return [...found].map(([, lines]) => Number(lines));
  }

  /** V04: a browser's layers are cut at the same pictures. */
  async function samePlaces(): Promise<void> {
    const index = await (await fetch(`${server.base}/hls/a/index.m3u8`)).text();
    const names = index.match(/^[0-9a-f]{32}-\d\.m3u8$/gm)!;
    const lists = await Promise.all(
      names.map(async (name) => {
        const text = await (await fetch(`${server.base}/hls/a/${name}`)).text();
        return readPlaylist(text).segments.filter(({ uri }) => uri !== null);
      }),
    );
    const newest = Math.min(...lists.map((segments) => segments.at(-1)!.dateMs));
    for (const segments of lists) {
      const near = segments.map(({ dateMs }) => Math.abs(dateMs - newest));
      inTime(() => expect(Math.min(...near)).toBeLessThan(100));
    }
  }
});

/** A multivariant playlist without all but its last variant. */
function lowestOf(text: string): string {
  const [head, ...variants] = text.split("#EXT-X-STREAM-INF");
  return `${head}#EXT-X-STREAM-INF${variants.at(-1)}`;
}

/** The longest time between two pictures, anywhere and where their size changes, ms. */
function measure(frames: readonly Frame[]) {
  const atChanges: number[] = [];
  let longest = 0;
  for (const [i, frame] of frames.slice(1).entries()) {
    const before = frames[i]!;
    const gap = Math.round((frame.now - before.now) / (frame.number - before.number));
    longest = Math.max(longest, gap);
    if (frame.width !== before.width) atChanges.push(gap);
  }
  return { longest, atChanges, changes: atChanges.length };
}
