/** Whoever breaks a rule is found out. */
import { expect, test } from "bun:test";
import { PlaylistRules } from "./playlist-rules.ts";
import { Show } from "./tail-show.ts";

const show = new Show({ fps: 30 });
show.run(40);
/** Two that come one after the other, the second one in the middle of a segment. */
let before = show.playlist.render();
let text = before;
while (text === before || !/^#EXT-X-PART:.*\n#EXT-X-PRELOAD/m.test(text)) {
  before = text;
  show.run(0.02);
  text = show.playlist.render();
}

/** What is said of a text that follows a good one. */
function said(changed: string, nowUs = show.now): string[] {
  const rules = new PlaylistRules();
  rules.check(before, show.now);
  expect(rules.problems).toEqual([]);
  rules.check(changed, nowUs);
  return rules.problems;
}

/** The same for the good text with one thing replaced. */
function saidWith(from: string | RegExp, to: string): string {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return said(changed).join("; ");
}

test("a good one passes", () => {
  expect(said(text)).toEqual([]);
});

test("each rule has teeth", () => {
  for (const [id, from, to] of [
    ["L01", /#EXT-X-PART-INF.*\n/, ""],
    ["L02", /PART:DURATION=0\.\d+/, "PART:DURATION=0.500001"],
    ["L03", /PART:DURATION=0\.5\d+/, "PART:DURATION=0.400000"],
    ["L05", /(#EXT-X-PROGRAM-DATE-TIME.*\n)(#EXT-X-PART:.*\n)/, "$2$1"],
    ["L06", /(#EXT-X-PART:.*\n#EXTINF:.*\n5e55-0-\d+-)\d+/, "$19"],
    ["L09", /MEDIA-SEQUENCE:\d+/, "MEDIA-SEQUENCE:0"],
    ["L09", /EXTINF:\d/, "EXTINF:1"],
    ["L10", /EXTINF:[\d.]+/, "EXTINF:3.500000"],
    ["L11", "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.4"],
    ["L12", "HOLD-BACK=9", "HOLD-BACK=8.9"],
    ["L12", "SERVER-CONTROL:", "SERVER-CONTROL:CAN-SKIP-UNTIL=18,"],
    ["L14", /#EXT-X-PROGRAM-DATE-TIME.*\n/, ""],
    ["L14", /(PROGRAM-DATE-TIME:.*:)\d\d\./, "$161."],
    ["L15", /(#EXT-X-PRELOAD-HINT.*\n)/, "$1$1"],
    ["L15", /#EXT-X-PRELOAD-HINT.*\n/, ""],
    ["L16", /(5e55-0-)(\d+)(\.m4s"(?:,INDEPENDENT=YES)?\n#EXT-X-PRELOAD)/, "$1999$3"],
    ["L16", /$/, "#EXT-X-ENDLIST\n"],
    ["L17", /$/, '#EXT-X-RENDITION-REPORT:URI="a.m3u8",LAST-MSN=4\n'],
    ["L18", "VERSION:6", "VERSION:7"],
    ["L19", "#EXT-X-PART-INF", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-PART-INF"],
    ["L19", "#EXTM3U", "\ufeff#EXTM3U"],
    ["L20", /#EXT-X-MAP.*\n/, ""],
    ["B02", "CAN-BLOCK-RELOAD=YES,", ""],
    ["F01", "TARGETDURATION:3", "TARGETDURATION:4"],
    ["F01", "PART-TARGET=0.5", "PART-TARGET=0.50"],
    ["F06", /URI="5e55/, 'URI="/hls/5e55'],
    ["F26", /(#EXT-X-PART:.*\n#EXTINF:2\.)\d/, "$19"],
    ["R02", "DISCONTINUITY-SEQUENCE:0", "DISCONTINUITY-SEQUENCE:1"],
    ["R02", /#EXT-X-DISCONTINUITY-SEQUENCE.*\n/, ""],
    ["H03", /(#EXT-X-PART:.*)\n/, "$1,BYTERANGE=9@0\n"],
    ["hls-parser", /#EXT-X-TARGETDURATION.*\n/, ""],
  ] as const) {
    expect(`${id} ${from}: ${saidWith(from, to)}`).toMatch(new RegExp(`: (.*; )?${id}: `));
  }
});

test("F09: a date to come is found", () => {
  expect(said(text, show.now - 60e6).join()).toContain("F09: ");
});

test("L08: old parts are found", () => {
  const old = [...text.matchAll(/#EXTINF/g)].length;
  const parts = '#EXT-X-PART:DURATION=0.500000,URI="x"\n#EXTINF';
  expect(old).toBeGreaterThan(10);
  expect(saidWith("#EXTINF", parts)).toContain("L08: ");
});
