import { expect, test } from "bun:test";
import type { Recording } from "../../src/archive/recording.ts";
import { bytesOf, Desk, joined, STATE, segmentOf } from "./reels.ts";

const DIR = "/recordings";
const GIB = 2 ** 30;

const films = (desk: Desk, path = DIR): string[] =>
  desk.disk.names(path).filter((name) => name.endsWith(".mp4"));

async function add(desk: Desk, to: Recording, msn: number): Promise<void> {
  const segment = segmentOf(msn);
  to.add(0, segment, bytesOf(segment));
  await desk.archive.settled();
}

test("AR02: below the reserve nothing is written, told once; it goes on when there is room", async () => {
  const desk = new Desk(2 * GIB);
  const recording = desk.archive.open("a", { dvrUs: 0, folder: DIR })!;
  await add(desk, recording, 0);
  desk.disk.freeBytes = 2 * GIB - 1;
  for (const msn of [1, 2, 3]) await add(desk, recording, msn);
  expect([recording.store.state, recording.lost]).toEqual(["full", 3]);
  expect(desk.archive.totals.lost.full).toBe(3);
  expect(desk.said("nothing is recorded until there is room")).toBe(1);
  desk.disk.freeBytes = 2 * GIB;
  for (const msn of [4, 5]) await add(desk, recording, msn);
  expect([recording.store.state, recording.lost]).toEqual(["on", 3]);
  expect(desk.said("Recording goes on")).toBe(1);
  expect(films(desk)).toHaveLength(2);
});

test("without room what is old still goes", async () => {
  const desk = new Desk(2 * GIB);
  const recording = desk.archive.open("a", { dvrUs: 60_000_000, folder: null })!;
  await add(desk, recording, 0);
  desk.disk.freeBytes = 0;
  for (let msn = 1; msn < 40; msn += 1) await add(desk, recording, msn);
  expect(films(desk, STATE)).toEqual([]);
  expect(desk.disk.openFiles).toBe(0);
});

test.each(["EIO", "ENOSPC", "EROFS", "EACCES"])(
  "%s is told once; the next segment after a while begins another file",
  async (code) => {
    const desk = new Desk();
    const recording = desk.archive.open("a", { dvrUs: 60_000_000, folder: DIR })!;
    await add(desk, recording, 0);
    desk.disk.fault = code;
    for (let msn = 1; msn < 8; msn += 1) {
      await add(desk, recording, msn);
      desk.nowUs += 2_000_000;
    }
    expect([recording.store.state, recording.store.reason]).toEqual([
      "failed",
      `${code}: it does not work`,
    ]);
    expect(recording.lost).toBe(7);
    // What is there can still be seen.
    const first = joined(bytesOf(segmentOf(0)).parts);
    expect(await recording.read(segmentOf(0).name)).toEqual(first);
    const lines = desk.lines.filter((line) => line.includes(DIR));
    expect(lines.filter((line) => line.includes("cannot be written"))).toHaveLength(1);
    desk.disk.fault = null;
    desk.nowUs += 5_000_000;
    await add(desk, recording, 8);
    expect(recording.store.state).toBe("on");
    expect(films(desk)).toHaveLength(2);
    expect(await recording.read(segmentOf(0).name)).toEqual(first);
    const { files } = JSON.parse(new TextDecoder().decode(desk.disk.bytes(DIR, "index.json")));
    expect(files.map(({ seconds }: { seconds: number | null }) => seconds)).toEqual([2, null]);
    expect(desk.disk.openFiles).toBe(1);
  },
);

test("AR04: a segment that did not go in whole is cut off again", async () => {
  const desk = new Desk();
  const recording = desk.archive.open("a", { dvrUs: 0, folder: DIR })!;
  await add(desk, recording, 0);
  const [name] = films(desk);
  const before = desk.disk.bytes(DIR, name!).slice();
  desk.disk.breaksAfter = 100;
  await add(desk, recording, 1);
  expect(desk.disk.bytes(DIR, name!)).toEqual(before);
  // Nor is there a file without a segment.
  desk.nowUs += 6_000_000;
  await add(desk, recording, 2);
  expect(films(desk)).toEqual([name!]);
  expect(desk.disk.openFiles).toBe(0);
});

test("AR04: what is on the disk is synced whole, segment by segment", async () => {
  const desk = new Desk();
  const recording = desk.archive.open("a", { dvrUs: 0, folder: DIR })!;
  for (const msn of [0, 1, 2]) await add(desk, recording, msn);
  expect(desk.disk.syncs).toBe(3);
});

test("AR05: what a dead process left to pass goes at the start; what is recorded stays, with its list", async () => {
  const before = new Desk();
  await add(before, before.archive.open("a", { dvrUs: 60_000_000, folder: null })!, 0);
  await add(before, before.archive.open("a", { dvrUs: 0, folder: DIR })!, 0);
  before.disk.folders.get(STATE)!.set("somebody's.txt", new Uint8Array(1));
  const desk = new Desk();
  for (const [path, files] of before.disk.folders) desk.disk.folders.set(path, files);
  await desk.archive.settled();
  expect(desk.disk.names(STATE)).toEqual(["somebody's.txt"]);
  await add(desk, desk.archive.open("a", { dvrUs: 0, folder: DIR })!, 1);
  expect(films(desk)).toHaveLength(2);
  const list = JSON.parse(new TextDecoder().decode(desk.disk.bytes(DIR, "index.json")));
  expect(list.files.map(({ file }: { file: string }) => file)).toEqual(films(desk));
});

test.each(["", "{", '{"version":2,"files":[]}', '{"version":1,"files":[{"file":"../x"}]}'])(
  "a list that is none (%s) is put aside, not lost",
  async (text) => {
    const desk = new Desk();
    desk.disk.folders.set(DIR, new Map([["index.json", new TextEncoder().encode(text)]]));
    await add(desk, desk.archive.open("a", { dvrUs: 0, folder: DIR })!, 0);
    const aside = desk.disk.names(DIR).filter((name) => name.startsWith("index-"));
    expect(aside).toHaveLength(1);
    expect(new TextDecoder().decode(desk.disk.bytes(DIR, aside[0]!))).toBe(text);
    expect(desk.said("is not one")).toBe(1);
  },
);

test("without a folder for it there is none", () => {
  expect(new Desk().archive.open("a", { dvrUs: 1, folder: null })).not.toBeNull();
});
