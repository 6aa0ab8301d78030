/** hls.js puts a playlist with DVR together from delta updates (RFC 8216bis 6.2.5.1). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, publishUrl, TestBrowser, type Watcher } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { readPlaylist } from "../support/playlist-text.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const WHAT = "delta updates in Chromium";
const CONFIG = `[[streams]]\nmatch = "a"\ndvr = "10m"\n`;
/** Longer than CAN-SKIP-UNTIL, and what is left out is more than a few segments. */
const WATCHED_S = 90;

/** The playlist as hls.js has it, and what it asked for of late. */
interface Known {
  readonly failed: boolean;
  readonly startSn: number;
  readonly segments: readonly {
    readonly sn: number;
    readonly uri: string;
    readonly dateMs: number;
    readonly cc: number;
    readonly map: string;
  }[];
  readonly seconds: number;
  /** Addresses and bytes of the last playlists. */
  readonly asked: readonly (readonly [url: string, bytes: number])[];
  readonly frames: number;
}

const KNOWN = `(() => {
  const { video, tail } = document.querySelector("spillway-player");
  const details = tail?.hls?.levels?.[0]?.details;
  const playlists = performance.getEntriesByType("resource").filter(({ name }) => /-0\\.m3u8/.test(name));
  return details && {
    failed: details.deltaUpdateFailed === true,
    startSn: details.startSN,
    segments: details.fragments.map((each) => each && {
      sn: each.sn,
      uri: (each.relurl ?? "").replace(/\\?.*/, ""),
      dateMs: each.programDateTime,
      cc: each.cc,
      map: each.initSegment?.relurl ?? "",
    }),
    seconds: details.totalduration,
    asked: playlists.slice(-10).map(({ name, decodedBodySize }) => [name, decodedBodySize]),
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  };
})()`;

describe.skipIf(lacksChromium(WHAT) || isShort(WHAT))(WHAT, () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    const args = ["--egress-workers", "1", "--state", "."];
    [server, browser] = await Promise.all([
      startServer("serve", { args, config: CONFIG }),
      TestBrowser.open(),
    ]);
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  const known = ({ page }: Watcher) => page.evaluate<Known | undefined>(KNOWN);

  test("D01 D04 it has what the whole playlist lists, over a publisher's return too", async () => {
    const publisher = await browser.publish(server.base, "a", { codec: "H264" });
    await publisher.live();
    const watcher = await browser.watch(server.base, "a", "?tier=tail");
    await until("it plays", 20_000, async () => ((await known(watcher))?.frames ?? 0) > 30);
    await publisher.page.goto("about:blank");
    await Bun.sleep(3_000);
    await publisher.page.goto(publishUrl(server.base, "a", { codec: "H264" }));
    await publisher.live();
    const last = await until("it has a long playlist", 240_000, async () => {
      const now = await known(watcher);
      return now !== undefined && now.seconds > WATCHED_S ? now : null;
    });
    for (const [url, bytes] of last.asked) {
      expect(url).toContain("_HLS_skip=v2");
      expect(bytes).toBeLessThan(12_000);
    }
    expect(last.failed).toBeFalse();
    const [url] = last.asked.at(-1)!;
    const whole = readPlaylist(await (await fetch(url.replace(/\?.*/, ""))).text());
    const listed = new Map(whole.segments.map((segment) => [segment.msn, segment]));
    let cc = 0;
    expect(last.segments.length).toBeGreaterThan(25);
    for (const { sn, uri, dateMs, map, cc: its } of last.segments.filter(
      (each) => each.uri !== "",
    )) {
      const segment = listed.get(sn)!;
      cc += segment.breaks;
      expect([sn, uri, dateMs, map, its]).toEqual([
        sn,
        segment.uri!,
        segment.dateMs,
        segment.map,
        cc,
      ]);
    }
    // The return was seen.
    expect(cc).toBeGreaterThan(0);
    await until(
      "it plays on",
      10_000,
      async () => (await known(watcher))!.frames > last.frames + 30,
    );
  }, 300_000);
});
