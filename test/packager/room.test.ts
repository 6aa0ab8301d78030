import { describe, expect, test } from "bun:test";
import type { TailEvent } from "../../src/contract/tail.ts";
import type { Stream } from "../../src/control/streams/stream.ts";
import { Tail } from "../../src/control/streams/tail.ts";
import { TAIL_BYTES_MAX } from "../../src/limits.ts";
import { Dates } from "../../src/packager/dates.ts";
import { Outputs } from "../../src/packager/outputs.ts";
import { FakeShelf } from "../support/dvr-show.ts";
import { PlaylistRules } from "../support/playlist-rules.ts";
import { formatOf } from "../support/tail-show.ts";

const EDITION = "ab".repeat(16);
const BEGAN_US = 1_790_000_000_000_000;
const SECOND = 1_000_000;
const PART_US = SECOND / 2;
const PARTS = 4;
/** Of the rate, each layer's share. */
const SHARES = [0.6, 0.3, 0.1];
const NO_GZIP = new Uint8Array(0);
/** What parts consist of: of theirs the length alone counts. */
const BYTES = new Uint8Array(8 << 20);

/** A publisher of three layers, whose rate is whatever it is told, and control behind it. */
class Heavy {
  readonly tail: Tail;
  readonly shelf = new FakeShelf();
  readonly outputs: Outputs;
  readonly refusals: string[] = [];
  us = 10 * SECOND;
  /** By layer: first number that is listed, complete segments, their length in seconds. */
  readonly listed: { from: number; count: number; s: number }[] = [];
  readonly #rules = SHARES.map(() => new PlaylistRules());
  /** By name: until when (us) what is listed no more has to be there. */
  readonly #owed = new Map<string, number>();
  readonly #longest = new Map<string, number>();
  #msn = 0;
  #part = 0;

  constructor(
    readonly mbps: number,
    readonly dvr = false,
    readonly segmentUs = PARTS * PART_US,
  ) {
    const { shelf } = this;
    this.tail = new Tail({} as Stream, EDITION, {
      ...{ now: BEGAN_US, always: true, recording: null },
      dvr: dvr ? { windowUs: 120 * SECOND, shelf } : null,
    });
    const targetUs = segmentUs + SECOND;
    const head = { partUs: PART_US, targetUs, zeroUs: BEGAN_US };
    const tell = (event: TailEvent) => this.#hear(event);
    const ground = { stream: 1, tell, gzip: () => NO_GZIP, dvr, dates: new Dates() };
    this.outputs = new Outputs(EDITION, head, ground);
  }

  /** `look`: after each segment. */
  run(seconds: number, mbps = this.mbps, look: () => void = () => {}): this {
    const until = this.us + seconds * SECOND;
    while (this.us < until) {
      this.#segment(mbps);
      this.#msn += 1;
      look();
    }
    return this;
  }

  get isListing(): boolean {
    return SHARES.some((_, layer) => segmentsIn(this.text(layer)).length > 0);
  }

  text(layer: number): string {
    const list = this.tail.playlist(`${EDITION}-${layer}.m3u8`);
    return list === undefined ? "" : this.tail.textOf(list, null).text;
  }

  #segment(mbps: number): void {
    const { us, outputs } = this;
    const parts = this.segmentUs / PART_US;
    const first = this.#part;
    for (let at = 0; at < parts; at += 1) {
      const [startUs, endUs] = [us + at * PART_US, us + (at + 1) * PART_US];
      for (const [layer, share] of SHARES.entries()) {
        const output = outputs.at(layer);
        if (first + at === 0) {
          const bytes = new Uint8Array(1);
          output.init({ number: 0, video: formatOf(640), audio: null, bytes });
        }
        const of = { msn: this.#msn, startUs, independent: at === 0, gap: false };
        const wallUs = BEGAN_US + startUs;
        if (at === 0) {
          const place = { init: 0, era: 0, breaks: 0, part: first };
          output.segment({ ...of, ...place, first: null, wallUs });
        }
        const size = Math.round((mbps * share * PART_US) / 8);
        const bytes = BYTES.subarray(0, size);
        output.part({ ...of, number: first + at, endUs, pictures: 15, bytes }, []);
        if (at === parts - 1) output.segmentEnd();
        // One after the other, as their keyframes come.
        this.us = endUs;
        outputs.publish();
      }
    }
    this.#part += parts;
  }

  #hear(event: TailEvent): void {
    if (event.type === "tail-unavailable") this.refusals.push(event.reason);
    if (event.type === "tail-cut" || event.type === "tail-still") return;
    this.tail.take(event, BEGAN_US + this.us);
    if (event.type !== "tail-news") return;
    for (const { name } of event.segments) this.shelf.names.add(name);
    // What goes early goes with the next part of its layer.
    expect(this.tail.bytes).toBeLessThanOrEqual(1.1 * TAIL_BYTES_MAX);
    this.#look(event.rendition, this.text(event.rendition));
  }

  /** Whatever it names can be had, and it is a playlist. */
  #look(layer: number, text: string): void {
    for (const name of namesIn(text)) {
      const isKept = this.dvr && this.shelf.names.has(name);
      const isThere = isKept || this.tail.file(name) !== undefined;
      if (!isThere) throw new Error(`${name} is listed, and not there`);
    }
    const lengths = [...text.matchAll(/#EXTINF:([\d.]+)/g)].map(([, s]) => Number(s));
    const from = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)![1]);
    const s = lengths.reduce((sum, each) => sum + each, 0);
    const before = this.listed[layer] ?? { from: 0, count: 0 };
    const isNew = from + lengths.length > before.from + before.count;
    this.listed[layer] = { from, count: lengths.length, s };
    if (this.dvr || this.refusals.length > 0 || !isNew) return;
    this.#rules[layer]!.check(text, BEGAN_US + this.us);
    this.#owe(segmentsIn(text), s);
  }

  /** RFC 8216bis 6.2.2: for its own length and that of the longest list with it. */
  #owe(segments: readonly string[], s: number): void {
    for (const name of segments) {
      const longest = Math.max(s, this.#longest.get(name) ?? 0);
      this.#longest.set(name, longest);
      this.#owed.set(name, this.us + longest * SECOND);
    }
  }

  /** Segments that are listed no more, and are gone too early. */
  get early(): string[] {
    const owed = [...this.#owed].filter(([, us]) => this.us < us);
    return owed.map(([name]) => name).filter((name) => this.tail.file(name) === undefined);
  }
}

function namesIn(text: string): string[] {
  const inits = [...text.matchAll(/#EXT-X-MAP:URI="([^"]+)"/g)].map(([, uri]) => uri!);
  const parts = [...text.matchAll(/#EXT-X-PART:.*?URI="([^"]+)"/g)].map(([, uri]) => uri!);
  return [...inits, ...parts, ...segmentsIn(text)];
}

function segmentsIn(text: string): string[] {
  return text.split("\n").filter((line) => line.endsWith(".m4s"));
}

describe("a source of many bits", () => {
  // Mb/s over all layers, and how long a list there is room for, s.
  const cases = [
    [4, 30],
    [8, 30],
    [12, 20],
    [35, 12],
  ] as const;
  for (const [mbps, seconds] of cases) {
    test(`L09: of ${mbps} Mb/s what is listed is there, and all list the same`, () => {
      const heavy = new Heavy(mbps);
      heavy.run(80);
      expect(heavy.refusals).toEqual([]);
      expect(new Set(heavy.listed.map(({ from }) => from)).size).toBe(1);
      for (const { count, s } of heavy.listed) {
        expect(count).toBeGreaterThanOrEqual(6);
        expect(Math.abs(s - seconds)).toBeLessThanOrEqual(2);
      }
    });
  }

  test("what is listed no more stays as long as it must, as far as there is room", () => {
    const heavy = new Heavy(16);
    const early: string[] = [];
    heavy.run(80, 16, () => early.push(...heavy.early));
    expect(early).toEqual([]);
  });

  test("lists grow again when it sends less", () => {
    const heavy = new Heavy(25).run(60);
    expect(heavy.listed[0]!.count).toBe(6);
    heavy.run(60, 4);
    expect(heavy.listed.map(({ s }) => s)).toEqual([30, 30, 30]);
  });

  test("from one moment to the next, up and down", () => {
    const heavy = new Heavy(0);
    for (const mbps of [2, 30, 5, 34, 1, 12, 33, 8]) heavy.run(20, mbps);
    expect(heavy.refusals).toEqual([]);
  });

  test("segments of 8 s", () => {
    const heavy = new Heavy(8, false, 8 * SECOND);
    heavy.run(160);
    expect([heavy.refusals, heavy.listed[0]!.count]).toEqual([[], 6]);
  });

  test("with DVR what has left memory early is on disk, and nothing becomes a gap", () => {
    const heavy = new Heavy(25, true);
    heavy.run(140);
    expect(heavy.text(0)).not.toContain("GAP");
    expect(segmentsIn(heavy.text(0)).length).toBeGreaterThanOrEqual(59);
  });
});

describe("L09: more than the least that is listed", () => {
  test("is told once, and nothing of it stays", () => {
    const heavy = new Heavy(45).run(60);
    expect(heavy.refusals).toEqual(["what its playlists have to list takes more than 64 MiB"]);
    expect(heavy.tail).toMatchObject({ state: "unavailable", bytes: 0 });
    expect(heavy.isListing).toBeFalse();
    expect(heavy.outputs.tooHeavy).toBe(1);
  });

  test("goes on under the next numbers when it has become less for as long as that", () => {
    const heavy = new Heavy(45).run(30);
    heavy.run(20, 10);
    expect(heavy.tail.state).toBe("unavailable");
    heavy.run(30, 10);
    expect(heavy.tail.state).toBe("live");
    expect(heavy.refusals).toHaveLength(1);
    for (const { from, count } of heavy.listed) expect(from + count).toBe(heavy.outputs.msn);
  });

  test("another source has its chance at once", () => {
    const heavy = new Heavy(45).run(30);
    heavy.outputs.renew();
    heavy.run(2, 5);
    expect(heavy.isListing).toBeTrue();
    heavy.run(60, 45);
    expect(heavy.refusals).toHaveLength(2);
  });
});
