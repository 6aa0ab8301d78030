/** Chromium's Media Source Extensions play tails of what Chromium sends, and what it sends by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser, type Watcher } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** What hls.js plays, and what came of it. */
interface Played {
  readonly codec: string;
  readonly size: string;
  readonly frames: number;
  readonly soundBytes: number;
}

const PLAYED = `(() => {
  const { video, tail } = document.querySelector("spillway-player");
  return {
    codec: tail?.hls?.levels?.[0]?.videoCodec ?? "",
    size: video.videoWidth + "x" + video.videoHeight,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    soundBytes: video.webkitAudioDecodedByteCount,
  };
})()`;

const played = ({ page }: Watcher) => page.evaluate<Played>(PLAYED);
const none = lacksChromium("codecs of tails") || isShort("codecs of tails in Chromium");

describe.skipIf(none)("codecs of tails", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    const config = '[[streams]]\nmatch = "calls/*"\nhls = "off"\n';
    [server, browser] = await Promise.all([startServer("serve", { config }), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(async () => {
    await browser.closePages();
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  for (const [codec, name] of [
    ["AV1", /^av01\.0\.\d\dM\.08$/],
    ["VP9", /^vp09\.00\.\d\d\.08$/],
    ["H264", /^avc1\.42/],
  ] as const) {
    test(`${codec} plays`, async () => {
      const publisher = await browser.publish(server.base, codec, { codec, layers: "single" });
      await publisher.live();
      const watcher = await browser.watch(server.base, codec, "?tier=tail");
      const now = () => played(watcher);
      await until(
        "pictures of full size",
        20_000,
        async () => (await now()).size === "640x360",
        now,
      );
      const first = await now();
      expect(first.codec).toMatch(name);
      await until(
        "pictures and sound go on",
        10_000,
        async () => {
          const { frames, soundBytes } = await now();
          return frames > first.frames + 60 && soundBytes > first.soundBytes;
        },
        now,
      );
    }, 60_000);
  }

  test.each([
    ["a", "single", "H264"],
    ["b", "simulcast-2", "H264"],
    ["calls/a", "single", "VP8"],
  ])(
    "a page that leaves the codec of %s (%s) to the answer sends %s",
    async (name, layers, codec) => {
      const publisher = await browser.publish(server.base, name, { layers });
      await publisher.live();
      const watcher = await browser.watch(server.base, name);
      const { codec: sent } = await watcher.receives("a picture", ({ frames }) => frames > 10);
      expect(sent).toBe(codec);
    },
    60_000,
  );
});
