/** Chromium's Media Source Extensions play tails of what Chromium sends, and what it sends by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { binary } from "../support/binary.ts";
import { lacksChromium, TestBrowser, type Watcher } from "../support/browser.ts";
import { Clips, lacksFfmpeg, OPUS } from "../support/clips.ts";
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

  test.skipIf(lacksFfmpeg("a tail of H.265"))(
    "H.265, of which Chromium here has no decoder, is read by FFmpeg, and the page says so",
    async () => {
      const clips = new Clips();
      const encoder = ["-c:v", "libx265", "-preset", "ultrafast", "-bf", "0", "-g", "30"];
      const path = await clips.make("h265.mp4", [...encoder, "-tag:v", "hvc1", ...OPUS], 4);
      const command = [await binary(), "publish", path, `${server.base}/whip/h265`, "--loop"];
      const publisher = Bun.spawn(command, { stdio: ["ignore", "ignore", "ignore"] });
      try {
        const master = `${server.base}/hls/h265/index.m3u8`;
        const text = await until("a playlist", 15_000, async () => {
          const response = await fetch(master);
          return response.ok ? response.text() : "";
        });
        expect(text).toMatch(/CODECS="hvc1\.1\.6\.L30\.90,opus",RESOLUTION=160x90/);
        const watcher = await browser.watch(server.base, "h265", "?tier=tail");
        const told = watcher.page.getByText("no decoder for this stream. Trying again");
        await told.waitFor({ timeout: 10_000 });
        const show = ["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"];
        const read = Bun.spawn(["ffprobe", "-v", "error", ...show, master], { stdout: "pipe" });
        expect(await new Response(read.stdout).text()).toContain("hevc,160,90");
      } finally {
        publisher.kill("SIGINT");
        await publisher.exited;
        clips.remove();
      }
    },
    60_000,
  );

  for (const [codec, layers] of [
    ["AV1", "L3T3_KEY"],
    ["VP9", "L3T3"],
  ] as const) {
    test(`spatial layers of ${codec} have no tail, and it is told why`, async () => {
      const size = { width: 960, height: 576, fps: 15 };
      const publisher = await browser.publish(server.base, `${codec}-svc`, {
        codec,
        layers,
        ...size,
      });
      await publisher.live();
      const told = async () => {
        const { hls } = (await server.api(`/streams/${codec}-svc`)) as { readonly hls: unknown };
        return hls as { readonly state: string; readonly reason: string } | null;
      };
      const watcher = await browser.watch(server.base, `${codec}-svc`, "?tier=tail");
      await until("it is told", 20_000, async () => (await told())?.state === "unavailable", told);
      expect((await told())!.reason).toBe(`its ${codec} has several spatial layers`);
      await watcher.page.getByText("cannot be served over HLS").waitFor({ timeout: 15_000 });
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
