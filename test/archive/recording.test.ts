import { expect, test } from "bun:test";
import type { Recording } from "../../src/archive/recording.ts";
import type { TailSegment } from "../../src/contract/tail.ts";
import { BEGAN_US, bytesOf, Desk, joined, STATE, segmentOf } from "./reels.ts";

const DIR = "/recordings";
const MINUTE_US = 60_000_000;

const told = (desk: Desk, path: string): { readonly files: Record<string, unknown>[] } =>
  JSON.parse(new TextDecoder().decode(desk.disk.bytes(path, "index.json")));
const films = (desk: Desk, path: string): string[] =>
  desk.disk.names(path).filter((name) => name.endsWith(".mp4"));

async function add(desk: Desk, to: Recording, segment: TailSegment, rendition = 0): Promise<void> {
  to.add(rendition, segment, bytesOf(segment));
  await desk.archive.settled();
}

function record(desk: Desk, dvrUs = 0, stream = "a/b"): Recording {
  return desk.archive.open(stream, { dvrUs, folder: DIR })!;
}

test("segments that go on from each other lie in one file, whose times begin at zero", async () => {
  const desk = new Desk();
  const recording = record(desk, MINUTE_US);
  const segments = [7, 8, 9].map((msn) => segmentOf(msn));
  for (const segment of segments) await add(desk, recording, segment);
  const [film] = films(desk, DIR);
  expect(films(desk, DIR)).toHaveLength(1);
  expect(film).toMatch(/^[0-9a-f]{16}-20261130T210014000Z-0\.mp4$/);
  const { init } = bytesOf(segments[0]!);
  const bytes = desk.disk.bytes(DIR, film!);
  expect(bytes.slice(0, init.length)).toEqual(init);
  // What was at 114 s is at zero, and the rest follows as it did.
  const moved = segmentOf(0, { wallUs: BEGAN_US - 100_000_000 });
  const times = (of: Uint8Array) => Buffer.from(of).indexOf("tfdt");
  const at = times(bytes) - 4;
  const first = joined(bytesOf(moved).parts);
  expect(bytes.subarray(at, at + 20)).toEqual(first.subarray(times(first) - 4, times(first) + 16));
  expect(bytes).toHaveLength(init.length + 3 * first.length);
});

test("AR07: what is read is what came, byte by byte", async () => {
  const desk = new Desk();
  const recording = record(desk, MINUTE_US);
  const segments = [0, 1, 2, 1800].map((msn) => segmentOf(msn));
  for (const segment of segments.slice(0, 3)) await add(desk, recording, segment);
  for (const segment of segments.slice(0, 3)) {
    expect(recording.has(segment.name)).toBeTrue();
    expect(await recording.read(segment.name)).toEqual(joined(bytesOf(segment).parts));
  }
  const [{ init }] = segments as [TailSegment];
  expect(recording.has(init)).toBeTrue();
  expect(await recording.read(init)).toEqual(bytesOf(segments[0]!).init);
  expect(recording.has(segments[3]!.name)).toBeFalse();
  expect(await recording.read(segments[3]!.name)).toBeNull();
});

test.each([
  ["an hour of the clock", { wallUs: BEGAN_US + 3_600_000_000 }],
  ["another init", { init: "e-0-init1.mp4" }],
  ["a discontinuity", { breaks: 1, era: 1 }],
  ["a segment that is missing", { msn: 2 }],
])("AR03: %s begins another file", async (_, change) => {
  const desk = new Desk();
  const recording = record(desk);
  await add(desk, recording, segmentOf(0));
  await add(desk, recording, segmentOf(1, change));
  expect(films(desk, DIR)).toHaveLength(2);
  expect(desk.disk.openFiles).toBe(1);
});

test("each rendition has files of its own, and index.json tells of all whose they are", async () => {
  const desk = new Desk();
  const [recording, other] = [record(desk), record(desk, 0, "../c")];
  await add(desk, recording, segmentOf(0));
  await add(desk, recording, segmentOf(0), 1);
  await add(desk, other, segmentOf(0));
  const names = films(desk, DIR);
  expect(names).toHaveLength(3);
  expect(names.map((name) => name.split("-")[2])).toEqual(["0.mp4", "0.mp4", "1.mp4"].toSorted());
  const { files } = told(desk, DIR);
  expect(files.map(({ file }) => file).toSorted()).toEqual(names);
  expect(files.map(({ stream, rendition }) => [stream, rendition])).toEqual([
    ["a/b", 0],
    ["a/b", 1],
    ["../c", 0],
  ]);
  expect(files[0]).toMatchObject({ from: "2026-11-30T21:00:00.000Z", to: null, seconds: null });
  await add(desk, recording, segmentOf(1));
  await recording.close();
  expect(told(desk, DIR).files[0]).toMatchObject({ to: "2026-11-30T21:00:04.000Z", seconds: 4 });
  expect(desk.disk.openFiles).toBe(1);
  expect(films(desk, DIR)).toHaveLength(3);
});

test("a name that is there already is not touched", async () => {
  const desk = new Desk();
  await add(desk, record(desk), segmentOf(0));
  const [name] = films(desk, DIR);
  const before = desk.disk.bytes(DIR, name!);
  await add(desk, record(desk), segmentOf(0));
  expect(films(desk, DIR)).toHaveLength(2);
  expect(desk.disk.bytes(DIR, name!)).toBe(before);
});

test("a segment that is none is lost alone", async () => {
  const desk = new Desk();
  const recording = record(desk, MINUTE_US);
  await add(desk, recording, segmentOf(0));
  const bytes = bytesOf(segmentOf(1));
  // One whose bytes are no fragments, and one that is older than its file.
  const early = bytesOf(segmentOf(0, { wallUs: BEGAN_US - 1_000_000 }));
  for (const parts of [[new Uint8Array(9)], early.parts]) {
    recording.add(0, segmentOf(1), { ...bytes, parts });
    await desk.archive.settled();
    await add(desk, recording, segmentOf(0));
  }
  expect([recording.store.state, recording.lost]).toEqual(["on", 2]);
  expect(desk.lines).toEqual([]);
  expect(desk.disk.openFiles).toBe(1);
});

test("AR08: without a folder of its own what is older than the window goes, file by file", async () => {
  const desk = new Desk();
  const recording = desk.archive.open("a", { dvrUs: MINUTE_US, folder: null })!;
  // A file each 20 s.
  const segments = Array.from({ length: 60 }, (_, msn) =>
    segmentOf(msn, { breaks: msn % 10 === 0 ? 1 : 0 }),
  );
  for (const segment of segments) {
    await add(desk, recording, segment);
    expect(films(desk, STATE).length).toBeLessThanOrEqual(5);
    const backTo = segments.filter(
      ({ wallUs }) => wallUs >= segment.wallUs + 2_000_000 - MINUTE_US && wallUs <= segment.wallUs,
    );
    expect(backTo.every(({ name }) => recording.has(name))).toBeTrue();
  }
  expect(recording.has(segments[0]!.name)).toBeFalse();
  expect(told(desk, STATE).files.map(({ file }) => file)).toEqual(films(desk, STATE));
  await recording.close();
  expect(desk.disk.names(STATE)).toEqual(["index.json"]);
  expect(told(desk, STATE).files).toEqual([]);
  expect(desk.disk.openFiles).toBe(0);
});

test("a layer that comes no more leaves nothing behind, though its file was never full", async () => {
  const desk = new Desk();
  const recording = desk.archive.open("a", { dvrUs: MINUTE_US, folder: null })!;
  await add(desk, recording, segmentOf(0), 1);
  for (let msn = 0; msn < 40; msn += 1) await add(desk, recording, segmentOf(msn));
  expect(films(desk, STATE)).toHaveLength(1);
  expect(desk.disk.openFiles).toBe(1);
});

test("AR05: recorded with a window, all stays, and viewers go back as far as the window", async () => {
  const desk = new Desk();
  const recording = record(desk, MINUTE_US);
  const segments = Array.from({ length: 60 }, (_, msn) =>
    segmentOf(msn, { breaks: msn % 10 === 0 ? 1 : 0 }),
  );
  for (const segment of segments) await add(desk, recording, segment);
  expect(films(desk, DIR)).toHaveLength(6);
  expect(recording.has(segments[0]!.name)).toBeFalse();
  expect(recording.has(segments.at(-1)!.name)).toBeTrue();
  await recording.close();
  expect(films(desk, DIR)).toHaveLength(6);
  expect(told(desk, DIR).files).toHaveLength(6);
});

test("AR01: a disk that hangs costs whole segments, told once, and no more memory than six of them", async () => {
  const desk = new Desk();
  const recording = record(desk, 10 * MINUTE_US);
  await add(desk, recording, segmentOf(0));
  const { promise, resolve } = Promise.withResolvers<void>();
  desk.disk.hangs = promise;
  for (let msn = 1; msn <= 20; msn += 1) {
    const segment = segmentOf(msn);
    recording.add(0, segment, bytesOf(segment));
    await Bun.sleep(0);
  }
  expect(recording.lost).toBe(14);
  expect(desk.archive.totals.lost.slow).toBe(14);
  expect(desk.said("too slow")).toBe(1);
  desk.disk.hangs = null;
  resolve();
  await desk.archive.settled();
  await add(desk, recording, segmentOf(21));
  const kept = Array.from({ length: 22 }, (_, msn) => recording.has(segmentOf(msn).name));
  expect(kept.map((each, msn) => (each ? msn : -1)).filter((msn) => msn >= 0)).toEqual([
    ...[0, 1, 2, 3, 4, 5, 6, 21],
  ]);
  expect(films(desk, DIR)).toHaveLength(2);
});
