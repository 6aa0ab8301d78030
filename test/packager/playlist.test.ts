import { describe, expect, test } from "bun:test";
import { Dates } from "../../src/packager/dates.ts";
import { Names } from "../../src/packager/names.ts";
import { Playlist } from "../../src/packager/playlist.ts";
import { PlaylistRules } from "../support/playlist-rules.ts";

const BEGAN = 1_790_000_000_000_000;
const NOW = BEGAN + 1e12;
const HEAD = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:3
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,HOLD-BACK=9
#EXT-X-PART-INF:PART-TARGET=0.5
`;

/** A playlist that is fed segments of four parts of half a second. */
class Fed {
  readonly playlist: Playlist;
  number = 0;
  us = 10_000_000;
  init = 0;
  era = 0;
  gap = false;
  #msn = 0;

  constructor(options: { partTargetUs?: number; windowUs?: number } = {}) {
    this.playlist = new Playlist({
      ...{ names: new Names("5e55", 0), partTargetUs: 500_000, targetDurationUs: 3_000_000 },
      ...{ windowUs: 30_000_000, dvr: false },
      ...options,
    });
  }

  segment(breaks = 0): void {
    this.#msn += 1;
    const place = { startUs: this.us, wallUs: BEGAN + this.us, part: this.number };
    const { init } = this;
    this.era += breaks;
    const times = { era: this.era, breaks, gap: this.gap, first: null };
    this.playlist.segment({ msn: this.#msn, init, independent: !this.gap, ...times, ...place });
  }

  part(us = 500_000, independent = false): void {
    const [startUs, endUs] = [this.us, this.us + us];
    const bytes = new Uint8Array(1);
    const { number, gap } = this;
    const place = { number, msn: this.#msn, startUs, endUs };
    this.playlist.part({ ...place, independent: independent && !gap, gap, pictures: 1, bytes });
    this.number += 1;
    this.us = endUs;
  }

  whole(breaks = 0): void {
    this.segment(breaks);
    for (let i = 0; i < 4; i += 1) this.part(500_000, i === 0);
    this.playlist.segmentEnd();
  }
}

describe("the text", () => {
  test("L01, L11, L12, L15, L18: of the first part", () => {
    const fed = new Fed();
    fed.segment();
    fed.part(466_667, true);
    expect(fed.playlist.render()).toBe(`${HEAD}#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="5e55-0-init0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:30.000Z
#EXT-X-PART:DURATION=0.466667,URI="5e55-0-0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="5e55-0-1.m4s"
`);
  });

  test("L05, F10: of another init and a discontinuity, before the segment's parts", () => {
    const fed = new Fed();
    fed.whole();
    fed.init = 1;
    fed.segment();
    fed.part(500_000, true);
    fed.part(50_000);
    fed.playlist.segmentEnd();
    fed.segment(1);
    fed.part(500_000, true);
    expect(fed.playlist.render()).toContain(`#EXTINF:2.000000,
5e55-0-0-3.m4s
#EXT-X-MAP:URI="5e55-0-init1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:32.000Z
#EXT-X-PART:DURATION=0.500000,URI="5e55-0-4.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.050000,URI="5e55-0-5.m4s"
#EXTINF:0.550000,
5e55-0-4-5.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="5e55-0-init1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:32.550Z
#EXT-X-PART:DURATION=0.500000,URI="5e55-0-6.m4s",INDEPENDENT=YES
`);
  });

  test("L16, B08: of the end has no hint", () => {
    const fed = new Fed();
    fed.whole();
    fed.playlist.end();
    const text = fed.playlist.render([{ uri: "5e55-1.m3u8", last: { msn: 1, part: 1 } }]);
    expect(text).toEndWith("5e55-0-0-3.m4s\n#EXT-X-ENDLIST\n");
  });

  test("L17: of other renditions tells where they are", () => {
    const fed = new Fed();
    fed.whole();
    const reports = [1, 2].map((n) => ({ uri: `5e55-${n}.m3u8`, last: { msn: 7, part: n } }));
    expect(
      fed.playlist.render(reports),
    ).toEndWith(`#EXT-X-RENDITION-REPORT:URI="5e55-1.m3u8",LAST-MSN=7,LAST-PART=1
#EXT-X-RENDITION-REPORT:URI="5e55-2.m3u8",LAST-MSN=7,LAST-PART=2
`);
  });

  test("of parts of other lengths", () => {
    const text = new Fed({ partTargetUs: 200_000 }).playlist.render();
    expect(text).toContain("PART-HOLD-BACK=0.6,");
    expect(text).toContain("PART-TARGET=0.2\n");
    expect(new Fed({ partTargetUs: 1_000_000 }).playlist.render()).toContain("PART-TARGET=1\n");
  });
});

describe("dates", () => {
  const at = (id: number, us: number) => {
    const atMs = (BEGAN + us) / 1000;
    return { id, type: "cue" as const, atMs, json: "{}" };
  };

  test("stand before the first segment, and without them nothing is another", () => {
    const fed = new Fed();
    const dates = new Dates();
    expect(fed.playlist.render([], dates)).toBe(fed.playlist.render());
    fed.whole();
    dates.add(at(1, 11_000_000));
    const line =
      '#EXT-X-DATERANGE:ID="1",CLASS="spillway.cue",START-DATE="2026-09-21T14:13:31.000Z",X-DATA="e30"\n';
    const text = fed.playlist.render([], dates);
    expect(text.replace(line, "")).toBe(fed.playlist.render());
    expect(text.indexOf(line) + line.length).toBe(text.indexOf("#EXT-X-MAP"));
  });

  test("EV10 leave with the segment that they are in, and may be to come", () => {
    const fed = new Fed();
    const dates = new Dates();
    for (let i = 0; i < 60; i += 1) dates.add(at(i, i * 1_000_000));
    const first = () => Number(/DATERANGE:ID="(\d+)"/.exec(fed.playlist.render([], dates))?.[1]);
    for (let i = 0; i < 25; i += 1) {
      fed.whole();
      // The first segment begins at 10 s.
      expect(first()).toBe(8 + 2 * fed.playlist.firstMsn);
      expect(fed.playlist.render([], dates)).toContain('DATERANGE:ID="59"');
    }
  });
});

describe("the window", () => {
  test("L09: holds 30 s of complete segments, and moves one by one", () => {
    const fed = new Fed();
    for (let i = 0; i < 40; i += 1) {
      expect(fed.playlist.firstMsn).toBe(Math.max(1, i - 14));
      fed.whole();
    }
    expect(fed.playlist.render().match(/#EXTINF/g)!.length).toBe(15);
  });

  test("L09: holds six segments, however short the window", () => {
    const fed = new Fed({ windowUs: 1_000_000 });
    for (let i = 0; i < 20; i += 1) fed.whole();
    expect(fed.playlist.render().match(/#EXTINF/g)!.length).toBe(6);
  });

  test("R02: a discontinuity that is not listed any more is counted", () => {
    const fed = new Fed();
    for (let i = 0; i < 16; i += 1) fed.whole(i === 1 || i === 2 ? 1 : 0);
    const sequence = () => /DISCONTINUITY-SEQUENCE:(\d+)/.exec(fed.playlist.render())![1];
    const told = [sequence()];
    for (let i = 0; i < 4; i += 1) {
      fed.whole();
      told.push(sequence());
    }
    expect(told).toEqual(["0", "1", "2", "2", "2"]);
  });

  test("L08: of old segments no parts are listed", () => {
    const fed = new Fed();
    for (let i = 0; i < 10; i += 1) fed.whole();
    expect(fed.playlist.render().match(/#EXT-X-PART:/g)!.length).toBe(8);
    fed.segment();
    fed.part(500_000, true);
    expect(fed.playlist.render().match(/#EXT-X-PART:/g)!.length).toBe(9);
  });

  test("F08: renders as fast after a day as at its beginning", () => {
    const fed = new Fed();
    const rules = new PlaylistRules();
    for (let i = 0; i < 43_200; i += 1) fed.whole();
    const text = fed.playlist.render();
    expect(text.length).toBeLessThan(3000);
    expect(text).toContain("#EXT-X-MEDIA-SEQUENCE:43186\n");
    rules.check(text, NOW);
    expect(rules.problems).toEqual([]);
  }, 60_000);
});

describe("what is asked of it", () => {
  test("B01, B02: the place of the newest part, and the newest complete segment", () => {
    const fed = new Fed();
    const place = () => [fed.playlist.last, fed.playlist.whole, fed.playlist.hint];
    expect(place()).toEqual([null, -1, "5e55-0-0.m4s"]);
    fed.segment();
    fed.part();
    fed.part();
    expect(place()).toEqual([{ msn: 1, part: 1 }, -1, "5e55-0-2.m4s"]);
    fed.playlist.segmentEnd();
    expect(place()).toEqual([{ msn: 1, part: 1 }, 1, "5e55-0-2.m4s"]);
    fed.whole();
    expect(place()).toEqual([{ msn: 2, part: 3 }, 2, "5e55-0-6.m4s"]);
    fed.segment();
    fed.part();
    expect(place()).toEqual([{ msn: 3, part: 0 }, 2, "5e55-0-7.m4s"]);
    fed.playlist.end();
    expect(fed.playlist.hint).toBeNull();
  });

  test("files go once the playlists that named them are over, and each once", () => {
    const fed = new Fed();
    for (let i = 0; i < 15; i += 1) fed.whole();
    fed.init = 1;
    for (let i = 0; i < 17; i += 1) {
      expect(fed.playlist.takeGone()).toEqual([]);
      fed.whole();
    }
    // Out with the 16th segment, after a list of 32 s, and it was 2 s long.
    fed.whole();
    expect(fed.playlist.takeGone()).toEqual([
      ...["5e55-0-0.m4s", "5e55-0-1.m4s", "5e55-0-2.m4s", "5e55-0-3.m4s", "5e55-0-0-3.m4s"],
    ]);
    const gone: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      fed.whole();
      gone.push(...fed.playlist.takeGone());
    }
    expect(gone.filter((name) => name.includes("init"))).toEqual(["5e55-0-init0.mp4"]);
    expect(gone.indexOf("5e55-0-init0.mp4")).toBe(14 * 5);
    expect(new Set(gone).size).toBe(gone.length);
  });
});
