/** Files of what a publisher sent, as others read them: by the packager, in virtual time. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Recording } from "../../src/archive/recording.ts";
import type { TailNews } from "../../src/contract/tail.ts";
import { joined, sameBytes } from "../../src/wire/bytes.ts";
import { Broadcast } from "../packager/broadcast.ts";
import { ENCODERS, type Encoded, encode } from "../packager/encoded.ts";
import { lacksFfmpeg } from "../support/clips.ts";
import { readByMediabunny, readByMp4box } from "../support/mp4-readers.ts";
import { Desk } from "./reels.ts";

// An encoder and ffprobe are processes of their own.
setDefaultTimeout(60_000);

const DIR = "/recordings";
const NEAR_S = 0.1;
const folder = mkdtempSync(join(tmpdir(), "spillway-reel-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const without = lacksFfmpeg("recordings");
let encoded: Encoded;
beforeAll(async () => {
  if (!without) encoded = await encode(ENCODERS[0]);
});

/** What a broadcast made so far is recorded; each segment as it is in memory. */
async function record(show: Broadcast, desk: Desk, recording: Recording): Promise<string[]> {
  const names: string[] = [];
  for (const rendition of show.renditions) {
    for (const { segments } of show.newsOf(rendition) as TailNews[]) {
      for (const segment of segments.filter(({ gap }) => !gap)) {
        const bytesOf = (name: string) => show.files.get(name) as Uint8Array<ArrayBuffer>;
        const parts = segment.parts.map(bytesOf);
        recording.add(rendition, segment, { init: bytesOf(segment.init), parts });
        await desk.archive.settled();
        expect(sameBytes(await recording.read(segment.name), joined(parts))).toBeTrue();
        names.push(segment.name);
      }
    }
  }
  return names;
}

interface Listed {
  readonly file: string;
  readonly rendition: number;
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
}

/** By their beginnings. */
function listed(desk: Desk): Listed[] {
  const { files } = JSON.parse(new TextDecoder().decode(desk.disk.bytes(DIR, "index.json")));
  return (files as Listed[]).toSorted((a, b) => (a.from < b.from ? -1 : 1));
}

async function probe(file: Uint8Array): Promise<{ duration: number; start: number }> {
  const show = ["-show_entries", "format=duration,start_time", "-of", "json"];
  // Of a pipe it cannot know how long it goes on.
  const path = join(folder, "film.mp4");
  await Bun.write(path, file);
  const child = Bun.spawn(["ffprobe", "-v", "quiet", ...show, path], { stdout: "pipe" });
  const { format } = JSON.parse(await new Response(child.stdout).text());
  return { duration: Number(format.duration), start: Number(format.start_time) };
}

test.skipIf(without)(
  "F27: durations are right for every file, over sizes, losses and returns of the publisher",
  async () => {
    const show = new Broadcast({ encoded: null, clockOffUs: 0 }).open();
    show.run(5.3);
    // Another size, by another encoder.
    show.publisher.encoded = encoded;
    show.run(4.7);
    show.replace(12, { encoded, clockOffUs: 0 });
    show.run(6.4);
    show.replace(0.1, { encoded, clockOffUs: 0, fps: 15 });
    show.run(3.2);
    show.end();
    show.run(0.1);
    const desk = new Desk();
    const recording = desk.archive.open("a", { dvrUs: 3_600_000_000, folder: DIR })!;
    const names = await record(show, desk, recording);
    expect(names.length).toBeGreaterThan(8);
    const kept = new Set(names);
    expect(names.every((name) => recording.has(name))).toBeTrue();
    expect(kept.size).toBe(names.length);
    await recording.close();
    const files = listed(desk);
    expect(files).toHaveLength(4);
    for (const { file, seconds, from, to } of files) {
      const { duration, start } = await probe(desk.disk.bytes(DIR, file));
      expect(start).toBeWithin(0, NEAR_S);
      expect(Math.abs(duration - seconds)).toBeLessThan(NEAR_S);
      expect(Math.abs((Date.parse(to) - Date.parse(from)) / 1000 - seconds)).toBeLessThan(NEAR_S);
    }
    const all = files.reduce((sum, { seconds }) => sum + seconds, 0);
    // Until the first keyframe of each nothing is shown.
    expect(all).toBeWithin(18, 19.7);
  },
);

test.skipIf(without)("F27: whole or cut anywhere, others read what is whole of it", async () => {
  const show = new Broadcast({ encoded, clockOffUs: 0, layers: 2 }).open();
  show.run(9);
  const desk = new Desk();
  const recording = desk.archive.open("a", { dvrUs: 60_000_000, folder: DIR })!;
  await record(show, desk, recording);
  await recording.close();
  const files = listed(desk);
  expect(files.map(({ rendition }) => rendition).toSorted()).toEqual([0, 1]);
  for (const { file, seconds } of files) {
    const bytes = desk.disk.bytes(DIR, file);
    const { tracks } = readByMp4box(bytes);
    expect(tracks.map(({ codec }) => codec)).toEqual(["avc1.42c00d", "Opus"]);
    for (const { samples } of tracks) {
      const holes = samples.slice(1).filter((sample, i) => {
        return samples[i]!.time! + samples[i]!.duration! !== sample.time;
      });
      expect(holes).toEqual([]);
    }
    expect(tracks[0]!.samples.length).toBe(Math.round(seconds * 30));
    expect((await readByMediabunny(bytes))[0]!.samples).toHaveLength(tracks[0]!.samples.length);
    // A machine that dies leaves any length.
    if (files[0]!.file !== file) continue;
    for (const share of [0.35, 0.6, 0.999]) {
      const cut = bytes.slice(0, Math.floor(bytes.length * share));
      const { duration, start } = await probe(cut);
      expect(start).toBeWithin(0, NEAR_S);
      expect(duration).toBeWithin(seconds * (share - 0.3), seconds + NEAR_S);
    }
  }
});
