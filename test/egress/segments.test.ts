import { describe, expect, test } from "bun:test";
import { Segments } from "../../src/egress/segments.ts";
import { WRAP_STARTS_16, WRAP_STARTS_32 } from "../support/wrap-starts.ts";

describe("segments", () => {
  WRAP_STARTS_32.forEach((start, i) => {
    test(`from origin ${start}: a number is reserved by its place, and found again`, () => {
      const first = WRAP_STARTS_16[i]! + 65_536 * (i % 3);
      const segments = new Segments<string>(first);
      expect(segments.indexOf(start)).toBe(-1);
      segments.begin("a", start, 0, null);
      expect(segments.indexOf((start - 1) | 0)).toBe(-1);
      expect(segments.indexOf((start + 5) | 0)).toBe(first + 5);
      expect(segments.indexOf((start + 2) | 0)).toBe(first + 2);
      expect(segments.nextIndex).toBe(first + 6);
      segments.begin("b", 77, 9, null);
      expect(segments.indexOf(80)).toBe(first + 9);
      expect(segments.segmentOf(first + 5)?.feed).toBe("a");
      expect(segments.segmentOf(first + 6)).toBe(segments.current);
      expect(segments.originOf(segments.segmentOf(first + 4)!, first + 4)).toBe((start + 4) | 0);
      for (let index = first; index < first + 10; index += 1) {
        expect(segments.unwrap(index & 0xffff)).toBe(index);
      }
    });
  });

  test("only the last four are remembered; rings that are gone are let go", () => {
    const segments = new Segments<string>(100);
    for (const name of ["a", "b", "c", "d", "e"]) {
      segments.begin(name, 0, 0, null);
      segments.indexOf(9);
    }
    expect(segments.segmentOf(105)).toBeNull();
    expect(segments.segmentOf(115)?.feed).toBe("b");
    segments.retire();
    expect(segments.segmentOf(115)?.feed).toBeNull();
    expect(segments.current?.feed).toBeNull();
  });

  test("a number of the future, or from before the first, is none", () => {
    const segments = new Segments<string>(10);
    segments.begin("a", 0, 0, null);
    segments.indexOf(20);
    expect(segments.unwrap(31)).toBe(-1);
    expect(segments.unwrap(30)).toBe(30);
    expect(new Segments<string>(0).unwrap(0)).toBe(-1);
  });

  test("a segment lasts longer than the origin numbers: 2^33 packets", () => {
    const segments = new Segments<string>(7);
    segments.begin("a", -5, 0, null);
    const step = 2 ** 29 + 12_345;
    let distance = 0;
    while (distance < 2 ** 33) {
      distance += step;
      expect(segments.indexOf((-5 + distance) | 0)).toBe(7 + distance);
      const { current } = segments;
      expect(segments.originOf(current!, 7 + distance - 1000)).toBe((-5 + distance - 1000) | 0);
    }
  });
});
