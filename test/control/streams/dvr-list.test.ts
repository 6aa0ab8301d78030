import { describe, expect, test } from "bun:test";
import * as HLS from "hls-parser";
import { fuzzDvr } from "../../fuzz/dvr.ts";
import { DvrShow, type DvrShowOptions } from "../../support/dvr-show.ts";
import { skippedBy } from "../../support/merged-playlist.ts";
import { PlaylistRules } from "../../support/playlist-rules.ts";
import { readPlaylist } from "../../support/playlist-text.ts";

const SECOND = 1_000_000;
const CALM = { breaks: 0, inits: 0, gaps: 0, losses: 0, dates: 0 };

const secondsOf = (text: string) =>
  readPlaylist(text).segments.reduce((sum, { us }) => sum + us, 0) / SECOND;

function shown(segments: number, options: DvrShowOptions = {}): DvrShow {
  const show = new DvrShow(options);
  for (let i = 0; i < segments; i += 1) show.segment();
  return show;
}

describe("full playlists", () => {
  test("L01 to L20 hold of each, whatever comes", () => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const show = new DvrShow({ seed, windowUs: 80 * SECOND });
      const rules = new PlaylistRules(true);
      const look = () => rules.check(show.full, show.now + 60 * SECOND);
      for (let i = 0; i < 90; i += 1) show.segment(look);
      show.end();
      look();
      expect([seed, ...rules.problems]).toEqual([seed]);
    }
  });

  test("list the window, and what is too old no more", () => {
    const show = shown(110, { ...CALM, windowUs: 120 * SECOND });
    for (let i = 0; i < 60; i += 1) {
      show.segment();
      const { segments } = readPlaylist(show.full);
      expect(secondsOf(show.full)).toBeGreaterThanOrEqual(120);
      expect(secondsOf(show.full) - segments[0]!.us / SECOND).toBeLessThan(123);
    }
  });

  test("begin when they say that they do: so far back viewers may go", () => {
    const show = new DvrShow({ windowUs: 120 * SECOND });
    expect(show.tail.reach).toEqual({ windowUs: 120 * SECOND, sinceUs: null });
    for (let i = 0; i < 110; i += 1) {
      show.segment();
      const [, told = ""] = /#EXT-X-PROGRAM-DATE-TIME:(.*)/.exec(show.full) ?? [];
      expect(Math.floor(show.tail.reach!.sinceUs! / 1_000)).toBe(Date.parse(told));
    }
  });

  test("what is in memory is listed, whatever the window and the shelf", () => {
    const show = new DvrShow({ ...CALM, windowUs: 0, losses: 1 });
    for (let i = 0; i < 60; i += 1) show.segment();
    expect(secondsOf(show.full)).toBeGreaterThanOrEqual(30);
    expect(secondsOf(show.full)).toBeLessThan(34);
    expect(show.full).not.toContain("#EXT-X-GAP");
  });

  test("D06 what is kept nowhere is a gap once it leaves memory, and never where nothing is before it", () => {
    const show = shown(100, { ...CALM, losses: 0.2 });
    const { segments } = readPlaylist(show.full);
    const old = segments.slice(0, -20);
    expect(old.length).toBeGreaterThan(50);
    const isLost = ({ uri }: { uri: string | null }) => show.lost.has(uri!);
    expect(old.filter(isLost).length).toBeGreaterThan(5);
    expect(old.filter(({ gap }) => gap)).toEqual(old.filter(isLost));
    expect(segments.slice(-12).some(({ gap }) => gap)).toBeFalse();
    expect(segments[0]!.gap).toBeFalse();
    // The shelf gives up what it has from the oldest on.
    for (const { uri } of old.slice(0, 30)) show.shelf.names.delete(uri!);
    show.segment();
    const first = readPlaylist(show.full).segments[0]!;
    expect(first.msn).toBeGreaterThanOrEqual(old[30]!.msn);
    expect(show.shelf.names).toContain(first.uri!);
  });

  test("B08 the end leaves the whole window there, and nothing is left out of it", () => {
    const show = shown(180, CALM);
    show.end();
    for (const text of [show.full, show.delta("YES"), show.delta("v2")]) {
      expect(text).toEndWith("#EXT-X-ENDLIST\n");
      expect(text).not.toContain("#EXT-X-SKIP");
      expect(secondsOf(text)).toBeGreaterThanOrEqual(180);
    }
  });

  test("numbers that nobody knows begin it anew", () => {
    const show = shown(100, CALM);
    const { msn } = show.segments.at(-1)!;
    show.jump();
    show.segment();
    expect(readPlaylist(show.full).segments.map((segment) => segment.msn)).toEqual([msn + 3]);
    show.segment();
    expect(show.delta("YES")).toBe(show.full);
  });
});

describe("delta updates", () => {
  test("D02 F02 leave out what is farther from the end than CAN-SKIP-UNTIL, and nothing else", () => {
    const show = new DvrShow({ ...CALM, windowUs: 120 * SECOND });
    for (let i = 0; i < 150; i += 1) {
      show.segment();
      const { full } = show;
      const delta = show.delta("YES");
      const skipped = skippedBy(delta);
      const { segments } = readPlaylist(full);
      expect(segments.length - skipped).toBe(readPlaylist(delta).segments.length);
      const behind = (from: number) =>
        segments.slice(from).reduce((sum, { us }) => sum + us, 0) / SECOND;
      expect(behind(skipped)).toBeLessThanOrEqual(behind(0) > 60 ? 63 : 60);
      if (skipped > 0) expect(behind(skipped)).toBeGreaterThan(60 - 3);
      else expect(delta).toBe(full);
    }
    const [full, delta] = [show.full, show.delta("YES")];
    const tagOf = (text: string, tag: string) => new RegExp(`${tag}:.*`).exec(text)?.[0];
    for (const tag of ["MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE", "SERVER-CONTROL"]) {
      expect(tagOf(delta, tag)).toBe(tagOf(full, tag));
    }
    // L18: as new as it has to be.
    const version = (text: string) => tagOf(text, "#EXT-X-VERSION");
    expect(version(full)).toBe("#EXT-X-VERSION:6");
    expect(version(delta)).toBe("#EXT-X-VERSION:9");
    expect(version(show.delta("v2"))).toBe("#EXT-X-VERSION:10");
  });

  test("D01 hls-parser reads them", () => {
    const show = shown(120);
    HLS.setOptions({ strictMode: true, silent: true });
    for (const skip of ["YES", "v2"] as const) {
      const parsed = HLS.parse(show.delta(skip)) as HLS.types.MediaPlaylist;
      expect(parsed.skip).toBe(skippedBy(show.delta(skip)));
      expect(parsed.lowLatencyCompatibility?.canSkipUntil).toBe(60);
    }
  });

  test("D04 F02 with a playlist half as old as CAN-SKIP-UNTIL make the present one", () => {
    let deltas = 0;
    for (let seed = 1; seed <= 6; seed += 1) {
      try {
        deltas += fuzzDvr(seed);
      } catch (error) {
        const again = `bun run fuzz --target dvr --seed ${seed} --cases 1`;
        throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
      }
    }
    expect(deltas).toBeGreaterThan(300);
  }, 30_000);

  test("D03 v2 leaves out dates that have been listed for long, and names those that went", () => {
    const show = shown(200, { ...CALM, dates: 0.3, windowUs: 150 * SECOND });
    const [full, all, few] = [show.full, show.delta("YES"), show.delta("v2")];
    const dates = (text: string) => text.match(/#EXT-X-DATERANGE.*/g) ?? [];
    expect(dates(all)).toEqual(dates(full));
    // Nothing that is told of lies before what is listed.
    const first = readPlaylist(full).segments[0]!.dateMs;
    const times = dates(full).map((line) => Date.parse(/START-DATE="([^"]+)/.exec(line)![1]!));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(first);
    expect(dates(few).length).toBeGreaterThan(3);
    expect(dates(few).length).toBeLessThan(dates(full).length / 2);
    expect(few).toMatch(/SKIP:SKIPPED-SEGMENTS=\d+,RECENTLY-REMOVED-DATERANGES="[\d\t]*"\n/);
    expect(all).toMatch(/SKIP:SKIPPED-SEGMENTS=\d+\n/);
  });
});

test("F08 with each part the shelf is asked for as much, and a delta update is as long, after hours", () => {
  const show = new DvrShow({ ...CALM, windowUs: 3000 * SECOND });
  const run = (segments: number) => {
    const asked = show.shelf.asked;
    let parts = 0;
    let longest = 0;
    for (let i = 0; i < segments; i += 1) {
      show.segment(() => {
        parts += 1;
      });
      longest = Math.max(longest, show.delta("YES").length);
    }
    return { asks: (show.shelf.asked - asked) / parts, longest };
  };
  run(100);
  const young = run(200);
  run(2400);
  const old = run(200);
  expect(secondsOf(show.full)).toBeGreaterThan(2990);
  expect(old.asks).toBeLessThan(young.asks + 2);
  expect(old.longest).toBeLessThan(young.longest * 1.2);
});

test("a text is made once, and again with the next part", () => {
  const show = shown(100, CALM);
  const of = (skip: "YES" | null) =>
    show.tail.textOf(show.tail.playlist(show.names.playlist)!, skip);
  const [full, delta] = [of(null), of("YES")];
  expect([of(null), of("YES")]).toEqual([full, delta]);
  expect(of(null)).toBe(full);
  expect(Buffer.from(Bun.gunzipSync(delta.gzip)).toString()).toBe(delta.text);
  expect(delta.gzip).toBe(delta.gzip);
  show.segment();
  expect(of(null)).not.toBe(full);
});
