/** A cipher touches nothing outside of its regions, and says so before it touches anything. */
import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { regionOf } from "../../src/io/pinned.ts";
import type { Region, SrtpCipher } from "../../src/srtp/cipher.ts";
import { FACTORIES, material, PROFILES } from "./ciphers.ts";

const SIZE = 256;
const GUARD = 512;
const POISON = 0xa7;

/** A region in the middle of poison. */
function fenced(): { region: Region; whole: Uint8Array } {
  const whole = new Uint8Array(SIZE + 2 * GUARD).fill(POISON);
  return { region: regionOf(whole.subarray(GUARD, GUARD + SIZE)), whole };
}

const output = fenced();
const input = fenced();

function reset(): void {
  output.region.bytes.fill(1);
  input.region.bytes.fill(2);
}

function poisonIsWhole({ whole }: { whole: Uint8Array }): boolean {
  const poisoned = (byte: number) => byte === POISON;
  return whole.subarray(0, GUARD).every(poisoned) && whole.subarray(GUARD + SIZE).every(poisoned);
}

const NO_NUMBERS = [-1, -SIZE, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, SIZE + 1];

/** Each of the arguments replaced by each number that is no place in a region. */
function spoiled(good: readonly number[]): number[][] {
  return good.flatMap((_, i) => NO_NUMBERS.map((bad) => good.with(i, bad)));
}

type Places = readonly number[];

const sealRtp = (cipher: SrtpCipher, [at, header, from, length]: Places) =>
  cipher.sealRtp(output.region, at!, header!, input.region, from!, length!, 7, 9);
const openRtp = (cipher: SrtpCipher, [at, header, length]: Places) =>
  cipher.openRtp(output.region, at!, header!, length!, 7, 9);
const sealRtcp = (cipher: SrtpCipher, [at, length]: Places) =>
  cipher.sealRtcp(output.region, at!, length!, 7, 9);
const openRtcp = (cipher: SrtpCipher, [at, length]: Places) =>
  cipher.openRtcp(output.region, at!, length!, 7, 9);

for (const { name, factory } of FACTORIES) {
  describe(name, () => {
    for (const p of PROFILES) {
      const make = () => factory.create(p.profile, material(p.key, 1), material(p.salt, 2));

      test(`S1: ${p.name}: sealing asserts its bounds, in and out, before it begins`, () => {
        const cipher = make();
        const tag = cipher.rtpOverhead;
        const cases = [
          ...spoiled([0, 12, 0, 100]),
          // One byte too many: read, written, and the room for the tag.
          [0, 12, SIZE - 99, 100],
          [SIZE - 112 - tag + 1, 12, 0, 100],
          [0, SIZE - 100 - tag + 1, 0, 100],
          [0, 12, 0, SIZE - 12 - tag + 1],
          // A header that reaches back before the region, though its sum with the rest fits.
          [40, -12, 0, 100],
          [0, -12, 0, 100],
        ];
        for (const places of cases) {
          reset();
          expect(() => sealRtp(cipher, places)).toThrow(AssertionError);
          expect(output.region.bytes.every((byte) => byte === 1)).toBe(true);
        }
        // What fits exactly is sealed.
        expect(sealRtp(cipher, [SIZE - 112 - tag, 12, SIZE - 100, 100])).toBe(112 + tag);
        expect(sealRtp(cipher, [SIZE - 12 - tag, 12, SIZE, 0])).toBe(12 + tag);
        expect(poisonIsWhole(output) && poisonIsWhole(input)).toBe(true);
        cipher.free();
      });

      test(`S1: ${p.name}: opening never leaves its region`, () => {
        const cipher = make();
        const cases = [...spoiled([0, 12, 120]), [SIZE - 119, 12, 120], [0, -4, 120]];
        for (const places of cases) {
          reset();
          expect(refusal(() => openRtp(cipher, places))).not.toBe("opened");
        }
        const length = sealRtp(cipher, [SIZE - 112 - cipher.rtpOverhead, 12, 0, 100]);
        expect(openRtp(cipher, [SIZE - length, 12, length])).toBe(112);
        expect(poisonIsWhole(output) && poisonIsWhole(input)).toBe(true);
        cipher.free();
      });

      test(`S1: ${p.name}: SRTCP stays inside, too`, () => {
        const cipher = make();
        const more = cipher.rtcpOverhead;
        const outside = [
          [SIZE - 60 - more + 1, 60],
          [0, SIZE - more + 1],
          [0, 7],
          [SIZE - 8, 8],
        ];
        for (const places of [...spoiled([0, 60]), ...outside]) {
          reset();
          expect(() => sealRtcp(cipher, places)).toThrow(AssertionError);
          expect(output.region.bytes.every((byte) => byte === 1)).toBe(true);
        }
        for (const places of [...spoiled([0, 100]), [SIZE - 99, 100]]) {
          reset();
          expect(refusal(() => openRtcp(cipher, places))).not.toBe("opened");
        }
        const length = sealRtcp(cipher, [SIZE - 60 - more, 60]);
        expect(openRtcp(cipher, [SIZE - length, length])).toBe(60);
        expect(poisonIsWhole(output)).toBe(true);
        cipher.free();
      });
    }
  });
}

/** A length that is too short to be a packet is an input's; anything else is a bug of ours. */
function refusal(open: () => number): "asserted" | "forged" | "opened" {
  try {
    return open() < 0 ? "forged" : "opened";
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError);
    return "asserted";
  }
}
