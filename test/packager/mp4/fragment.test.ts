import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { boxAt, boxesOf } from "../../../src/client/container/boxes.ts";
import { type Run, writeFragment } from "../../../src/packager/mp4/fragment.ts";
import { writeInit } from "../../../src/packager/mp4/init.ts";
import { Track } from "../../../src/packager/mp4/tracks.ts";
import type { Sample } from "../../../src/packager/sample.ts";
import { joined, readU32 } from "../../../src/wire/bytes.ts";
import { readByFfprobe, readByMediabunny, readByMp4box } from "../../support/mp4-readers.ts";
import { seeded } from "../../support/random.ts";
import { readClip } from "../clip.ts";
import { frameOf, slice } from "../h264-packets.ts";
import { expected, OPUS, partsOf } from "./tracks.ts";

// Ffprobe is a process of its own.
setDefaultTimeout(60_000);

const clip = await readClip();
const video = clip.video[0]!.format!;
const INIT = writeInit({ video, audio: OPUS });
const LACKS_FFPROBE = Bun.which("ffprobe") === null;

const write = (runs: readonly (readonly Run[])[]) =>
  runs.map((each, i) => writeFragment(i + 1, each));

/** Reads a file by all three; without ffprobe by two. */
async function readAll(file: Uint8Array) {
  const read = [await readByMediabunny(file), readByMp4box(file).tracks];
  return LACKS_FFPROBE ? read : [...read, await readByFfprobe(file)];
}

/** Whatever a reader tells is as expected. */
async function expectRead(file: Uint8Array, runs: readonly (readonly Run[])[], tracks: number[]) {
  for (const read of await readAll(file)) {
    expect(read).toHaveLength(tracks.length);
    for (const [index, track] of tracks.entries()) {
      const { samples } = read[index]!;
      const wanted = expected(runs, track).map((sample, n) => ({
        ...sample,
        time: samples[n]?.time === null ? null : sample.time,
        duration: samples[n]?.duration === null ? null : sample.duration,
      }));
      expect(samples).toEqual(wanted);
    }
  }
}

describe("three readers find each sample at its time", () => {
  test("pictures and sound in parts of half a second", async () => {
    const runs = partsOf(clip, 900_000, 480_000);
    expect(runs.length).toBeGreaterThan(20);
    await expectRead(joined([INIT, ...write(runs)]), runs, [1, 2]);
  });

  test("times beyond 32 bits: a stream of two days", async () => {
    const runs = partsOf(clip, 2 ** 34 + 1, 2 ** 33 + 7).slice(0, 4);
    await expectRead(joined([INIT, ...write(runs)]), runs, [1, 2]);
  });

  test("pictures alone, and sound alone", async () => {
    const runs = partsOf(clip, 900_000, 480_000).slice(0, 3);
    for (const track of [Track.video, Track.audio]) {
      const formats = { video, audio: OPUS };
      const init = writeInit({ ...formats, [track === Track.video ? "audio" : "video"]: null });
      const own = runs.map((each) => each.filter((run) => run.track === track));
      await expectRead(joined([init, ...write(own)]), own, [track]);
    }
  });

  test("pictures that are shown in another order than decoded: offsets of both signs", async () => {
    const random = seeded(3);
    // Decoded I P B P B, shown I B P B P: what is shown late has an offset, what early a negative one.
    const offsets = [0, 3000, -3000, 3000, -3000, 0];
    const samples = offsets.map((offset, n) => ({
      time: 90_000 + n * 3000,
      duration: 3000,
      offset,
      key: n === 0,
      timestamp: null,
      bytes: frameOf(slice(n === 0 ? "idr" : "delta", 500, random)),
    }));
    const runs = [[{ track: Track.video, samples }]];
    const init = writeInit({ video, audio: null });
    const file = joined([init, ...write(runs)]);
    const mp4box = readByMp4box(file).tracks[0]!.samples;
    expect(mp4box).toEqual(expected(runs, 1));
    const shown = (await readByMediabunny(file))[0]!.samples.map((sample) => sample.shown);
    expect(shown).toEqual(samples.map(({ time, offset }) => time + offset));
  });
});

describe("the boxes", () => {
  const runs = partsOf(clip, 900_000, 480_000).slice(0, 2);
  const [first, second] = write(runs);

  test("L20: a tfdt in every traf, and addresses that count from the moof", () => {
    for (const [index, fragment] of [first!, second!].entries()) {
      expect(boxesOf(fragment).map(({ type }) => type)).toEqual(["moof", "mdat"]);
      const moof = boxAt(fragment, "moof")!;
      expect(readU32(boxAt(moof, "mfhd")!, 4)).toBe(index + 1);
      const trafs = boxesOf(moof).filter(({ type }) => type === "traf");
      expect(trafs).toHaveLength(2);
      for (const { content } of trafs) {
        expect(boxesOf(content).map(({ type }) => type)).toEqual(["tfhd", "tfdt", "trun"]);
        // default-base-is-moof and nothing else; version 1.
        expect(readU32(boxAt(content, "tfhd")!, 0)).toBe(0x020000);
        expect(boxAt(content, "tfdt")![0]).toBe(1);
      }
    }
  });

  test("L06: parts one behind the other have the samples of one long part, at the same times", async () => {
    const long = writeFragment(
      1,
      runs[0]!.map(({ track, samples }, index) => ({
        track,
        samples: [...samples, ...runs[1]![index]!.samples],
      })),
    );
    const parts = await readAll(joined([INIT, first!, second!]));
    expect(await readAll(joined([INIT, long]))).toEqual(parts);
  });

  test("a part is as long as its samples and some words for each", () => {
    const media = runs[0]!.flatMap(({ samples }) => samples);
    const bytes = media.reduce((sum, sample) => sum + sample.bytes.length, 0);
    // Fixed parts, then 12 bytes for each picture and 8 for each packet of sound.
    expect(first!.length - bytes).toBe(8 + 16 + 2 * (8 + 16 + 20 + 20) + 15 * 12 + 25 * 8 + 8);
  });

  test("a run without samples is left out", () => {
    const [pictures] = runs[0]!;
    const alone = writeFragment(1, [pictures!]);
    expect(writeFragment(1, [pictures!, { track: Track.audio, samples: [] }])).toEqual(alone);
  });

  test("F26: a gap or an overlap within a run is a fault of ours", () => {
    const [a, b] = runs[0]![0]!.samples as [Sample, Sample];
    for (const time of [b.time + 1, b.time - 1]) {
      const samples = [a, { ...b, time }];
      expect(() => writeFragment(1, [{ track: Track.video, samples }])).toThrow("gaps");
    }
  });
});
