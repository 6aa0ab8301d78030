import { expect, test } from "bun:test";
import type { TailEdge, TailSegment } from "../../src/contract/tail.ts";
import { Dates } from "../../src/packager/dates.ts";
import { Names } from "../../src/packager/names.ts";
import { Output } from "../../src/packager/output.ts";
import type { Init } from "../../src/packager/part.ts";
import { formatOf } from "../support/tail-show.ts";

const SECOND = 1_000_000;
const OPTIONS = { partTargetUs: 500_000, targetDurationUs: 3 * SECOND, dvr: false };
const gzip = () => new Uint8Array(0);

/** A segment of 2 s with an init of its own, and what index.m3u8 tells of it then. */
function variantAfter(output: Output, msn: number, width: number, pictures: number, bytes = 1_000) {
  const [startUs, endUs] = [msn * 2 * SECOND, (msn + 1) * 2 * SECOND];
  const of = { startUs, msn, independent: true, gap: false, first: null };
  output.init({ number: msn, video: formatOf(width), audio: null, bytes: new Uint8Array(1) });
  output.segment({ ...of, init: msn, era: 0, breaks: 0, wallUs: startUs, part: msn });
  output.part({ ...of, number: msn, endUs, pictures, bytes: new Uint8Array(bytes) }, []);
  output.segmentEnd();
  return output.take(gzip, () => [], new Dates())?.variant;
}

test("index.m3u8 tells size and rate of what comes now, and of bit rates the highest", () => {
  const output = new Output({ ...OPTIONS, names: new Names("ab".repeat(16), 0) });
  const sizeOf = (width: number) => ({ width, height: (width * 9) / 16 });
  const first = variantAfter(output, 0, 320, 60)!;
  expect(first).toMatchObject({ size: sizeOf(320), pictureRate: 30 });
  const larger = variantAfter(output, 1, 1280, 120, 500_000)!;
  expect(larger).toMatchObject({ size: sizeOf(1280), pictureRate: 60 });
  expect(larger.bandwidth).toBeGreaterThan(2_000_000);
  const smaller = variantAfter(output, 2, 640, 30)!;
  expect(smaller).toMatchObject({ size: sizeOf(640), pictureRate: 15 });
  expect(smaller.bandwidth).toBe(larger.bandwidth);
});

test("V02 index.m3u8 tells the codecs of all that the playlist lists, and of nothing else", () => {
  const output = new Output({ ...OPTIONS, names: new Names("ab".repeat(16), 0) });
  const audio = { codec: "opus", channels: 2 } as const;
  const told: (string | undefined)[] = [];
  const inits: Partial<Record<number, Partial<Init>>> = {
    0: { video: formatOf(640) },
    // Sound comes to it; then another size, which is the same to a decoder.
    1: { video: formatOf(640), audio },
    2: { video: formatOf(1280), audio },
    5: { video: { ...formatOf(1280), codecs: "vp09.00.20.08" }, audio },
    6: { audio },
  };
  let init = -1;
  for (let msn = 0; msn < 30; msn += 1) {
    const [startUs, endUs] = [msn * 2 * SECOND, (msn + 1) * 2 * SECOND];
    const of = { startUs, msn, independent: true, gap: false, first: null };
    if (inits[msn] !== undefined) {
      init += 1;
      const bytes = new Uint8Array(1);
      output.init({ number: init, video: null, audio: null, bytes, ...inits[msn] });
    }
    output.segment({ ...of, init, era: 0, breaks: 0, wallUs: startUs, part: msn });
    output.part({ ...of, number: msn, endUs, pictures: 60, bytes: new Uint8Array(9) }, []);
    output.segmentEnd();
    const news = output.take(gzip, () => [], new Dates())!;
    if (news.variant !== null) told.push(news.variant.codecs);
  }
  expect(told.filter((codecs, at) => codecs !== told[at - 1])).toEqual([
    "avc1.42c01f",
    "avc1.42c01f,opus",
    "vp09.00.20.08,avc1.42c01f,opus",
    "vp09.00.20.08,opus",
    "opus",
  ]);
});

test("of each segment that is complete all is told that a playlist lists of it", () => {
  const names = new Names("ab".repeat(16), 0);
  const output = new Output({ ...OPTIONS, names });
  output.init({ number: 0, video: formatOf(640), audio: null, bytes: new Uint8Array(1) });
  const told: TailSegment[] = [];
  const show = (msn: number, number: number, changes: { gap: boolean; breaks: number }) => {
    const startUs = 7 * SECOND + number * 500_000;
    const of = { msn, startUs, independent: true, gap: changes.gap };
    const wallUs = 1_790_000_000_000_000 + startUs;
    const era = msn === 0 ? 4 : 4 + changes.breaks;
    output.segment({ ...of, ...changes, first: null, init: 0, era, wallUs, part: number });
    for (const at of [0, 1]) {
      const endUs = startUs + (at + 1) * 400_000;
      const part = { ...of, number: number + at, endUs, pictures: 12, bytes: new Uint8Array(9) };
      output.part({ ...part, startUs: endUs - 400_000 }, []);
    }
    expect(output.take(gzip, () => [], new Dates())!.segments).toBeEmpty();
    output.segmentEnd();
    const { segments, playlist } = output.take(gzip, () => [], new Dates())!;
    told.push(...segments);
    expect(playlist.list.text).toContain(segments[0]!.name);
  };
  show(0, 0, { gap: false, breaks: 0 });
  show(1, 2, { gap: true, breaks: 2 });
  const wallUs = 1_790_000_007_000_000;
  const of = { durationUs: 800_000, init: names.init(0) };
  expect(told).toEqual([
    {
      ...{ ...of, name: names.segment(0, 1), parts: [names.part(0), names.part(1)] },
      ...{ msn: 0, wallUs, era: 4, breaks: 0, gap: false },
    },
    {
      ...{ ...of, name: names.segment(2, 3), parts: [] },
      ...{ msn: 1, wallUs: wallUs + SECOND, era: 6, breaks: 2, gap: true },
    },
  ]);
});

test("where playlists list more than is in memory, their edges are told, and dates once", () => {
  const names = new Names("ab".repeat(16), 0);
  const output = new Output({ ...OPTIONS, names, dvr: true });
  const dates = new Dates();
  const add = (id: number) => dates.add({ id, type: "cue", atMs: 5, json: "{}" });
  add(1);
  output.init({ number: 0, video: formatOf(640), audio: null, bytes: new Uint8Array(1) });
  const edges: TailEdge[] = [];
  for (let msn = 0; msn < 40; msn += 1) {
    const [startUs, endUs] = [msn * 2 * SECOND, (msn + 1) * 2 * SECOND];
    const of = { startUs, msn, independent: true, gap: false, first: null };
    const place = { init: 0, era: 7 + (msn < 20 ? 0 : 1), breaks: msn === 20 ? 1 : 0 };
    output.segment({ ...of, ...place, wallUs: 1e15 + startUs, part: msn });
    output.part({ ...of, number: msn, endUs, pictures: 60, bytes: new Uint8Array(9) }, []);
    output.segmentEnd();
    if (msn === 30) add(2);
    edges.push(output.take(gzip, () => [], dates)!.playlist.list as TailEdge);
  }
  const told = edges.map((edge) => edge.dates?.map(({ id }) => id) ?? null);
  expect(told.filter((ids) => ids !== null)).toEqual([[1], [1, 2]]);
  expect([told[0], told[30]]).toEqual([[1], [1, 2]]);
  const [first, last] = [edges[0]!, edges.at(-1)!];
  expect(first.constants).toContain("CAN-SKIP-UNTIL=60,CAN-SKIP-DATERANGES=YES\n");
  expect([first.constants, first.skipUntilUs]).toEqual([last.constants, 60 * SECOND]);
  expect(first).toMatchObject({ oldest: 0, from: 0, era: 7, wallUs: 1e15 });
  // Two with their parts, behind those that stand in memory.
  const wallUs = 1e15 + 76 * SECOND;
  expect(last).toMatchObject({ oldest: 25, from: 38, era: 8, wallUs });
  expect(last.text).toStartWith("#EXT-X-PROGRAM-DATE-TIME:");
  expect(last.text.match(/^[^#].*/gm)).toEqual([names.segment(38, 38), names.segment(39, 39)]);
  expect(edges[21]!.era).toBe(7);
  expect(edges[21]!.text).toStartWith("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:");
});
