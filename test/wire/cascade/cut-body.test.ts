/** What a CUT says, both ways, and what is none. */
import { expect, test } from "bun:test";
import {
  type CutMark,
  type CutRun,
  decodeCut,
  encodeCuts,
  NO_RUN,
} from "../../../src/wire/cascade/cut-body.ts";
import { decodeElements, encodeElements } from "../../../src/wire/cascade/elements.ts";
import { seeded } from "../../support/random.ts";
import { CUT_BODY } from "./vectors.ts";

/** Of a part, and what 16 pieces of a message hold beside the rest of a CUT. */
const [RUN_SAMPLES_MAX, CUT_BODY_MAX] = [1_024, 15_000];
const HEAD = { partUs: 500_000, targetUs: 3_000_000, zeroUs: 1_700_000_000_000_000, rendition: 7 };

const partOf = (pictures: CutRun, sound = NO_RUN): CutMark => {
  return { type: "part", number: 1, startUs: 10, endUs: 500_010, pictures, sound };
};

/** All marks of these bodies. */
function read(bodies: readonly Uint8Array[]): CutMark[] {
  return bodies.flatMap((body) => [...decodeCut(body)!.marks]);
}

/** A run of any samples. */
function anyRun(random: () => number): CutRun {
  const below = (max: number): number => Math.floor(random() * max);
  const count = below(4) === 0 ? 0 : 1 + below(200);
  let timestamp = below(2 ** 32);
  const steady = below(2) === 0;
  const samples = Array.from({ length: count }, () => {
    timestamp = (timestamp + (steady ? 960 : below(2 ** 32))) >>> 0;
    const silent = below(10) === 0;
    const duration = steady ? 960 : below(2 ** 20);
    return { timestamp: silent ? null : timestamp, duration, key: below(8) === 0 };
  });
  return count === 0 ? NO_RUN : { time: below(2 ** 40) - 2 ** 39, samples };
}

test("what is written is read, whatever it is", () => {
  const random = seeded(7);
  for (let i = 0; i < 200; i += 1) {
    const marks = Array.from({ length: 1 + Math.floor(random() * 100) }, (): CutMark => {
      if (random() < 0.2) return { type: "segment-end" };
      return partOf(anyRun(random), anyRun(random));
    });
    const bodies = encodeCuts({ ...HEAD, marks });
    expect(read(bodies)).toEqual(marks);
    for (const body of bodies) expect(body.length).toBeLessThanOrEqual(CUT_BODY_MAX);
    for (const body of bodies) expect(decodeCut(body)).toMatchObject(HEAD);
  }
});

test("what is steady takes few bytes: a second of sound 17", () => {
  const samples = Array.from({ length: 50 }, (_, n) => ({
    timestamp: n * 960,
    duration: 960,
    key: true,
  }));
  const [alone] = encodeCuts({ ...HEAD, marks: [partOf(NO_RUN)] });
  const [body] = encodeCuts({ ...HEAD, marks: [partOf(NO_RUN, { time: 1_440_000, samples })] });
  expect(body!.length - alone!.length).toBeLessThanOrEqual(17);
});

test("more samples than any part has are left out, and the part is told of", () => {
  const samples = Array.from({ length: RUN_SAMPLES_MAX + 1 }, (_, n) => ({
    ...{ timestamp: n, duration: 1, key: false },
  }));
  const marks = [partOf({ time: 0, samples })];
  expect(read(encodeCuts({ ...HEAD, marks }))).toEqual([partOf(NO_RUN)]);
});

test("marks of a later version are skipped, with what stands behind the elements that are known", () => {
  const [body] = encodeCuts(CUT_BODY);
  const elements = decodeElements(body!)!;
  const values = [elements.uint(), elements.uint(), elements.number(), elements.uint()];
  const later = [...values, [[9, "x"], [2, "more"], [3]], "more"];
  expect(decodeCut(encodeElements(later))?.marks).toEqual([
    { type: "segment-end" },
    { type: "end" },
  ]);
});

test("what is cut off, or has a byte that is another, is none or says something", () => {
  const [body] = encodeCuts(CUT_BODY);
  for (let length = 0; length < body!.length; length += 1) {
    expect(decodeCut(body!.subarray(0, length))).toBeNull();
  }
  const random = seeded(9);
  for (let i = 0; i < 5_000; i += 1) {
    const bytes = body!.slice();
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    const told = decodeCut(bytes);
    for (const mark of told?.marks ?? []) {
      if (mark.type !== "part") continue;
      expect(mark.pictures.samples.length).toBeLessThanOrEqual(RUN_SAMPLES_MAX);
      expect(mark.endUs).toBeGreaterThan(mark.startUs);
    }
  }
});
