import { expect, test } from "bun:test";
import { Departed } from "../../src/packager/departed.ts";
import { Names } from "../../src/packager/names.ts";

/** A segment of one part of 2 s. */
function segment(number: number, init: number) {
  const [startUs, endUs] = [number * 2e6, number * 2e6 + 2e6];
  const part = { number, msn: number, startUs, endUs, independent: true, gap: false, pictures: 1 };
  const parts = [{ ...part, bytes: new Uint8Array(1) }];
  const place = {
    startUs,
    wallUs: startUs,
    part: number,
    era: 0,
    breaks: 0,
    gap: false,
    first: null,
  };
  return { msn: number, init, independent: true, ...place, parts };
}

test("a segment's files go its own duration and that of the playlist after it has left", () => {
  const departed = new Departed(new Names("5e55", 0));
  departed.add(segment(0, 0), segment(1, 0), 30e6, 32e6);
  departed.add(segment(1, 0), segment(2, 1), 30e6, 34e6);
  expect(departed.take(63_999_999)).toEqual([]);
  expect(departed.take(64e6)).toEqual(["5e55-0-0.m4s", "5e55-0-0-0.m4s"]);
  expect(departed.take(64e6)).toEqual([]);
  const last = ["5e55-0-1.m4s", "5e55-0-1-1.m4s", "5e55-0-init0.mp4"];
  expect(departed.take(70e6)).toEqual(last);
});
