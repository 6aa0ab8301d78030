import { expect, test } from "bun:test";
import { Dates } from "../../src/packager/dates.ts";
import { Names } from "../../src/packager/names.ts";
import { Output } from "../../src/packager/output.ts";
import { formatOf } from "../support/tail-show.ts";

const SECOND = 1_000_000;
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
  const output = new Output(new Names("ab".repeat(16), 0), 500_000, 3 * SECOND);
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
