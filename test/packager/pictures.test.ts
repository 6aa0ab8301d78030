import { expect, test } from "bun:test";
import { Pictures } from "../../src/packager/pictures.ts";
import { Timeline } from "../../src/packager/timeline.ts";
import { formatOf } from "../support/tail-show.ts";

const ZERO = 1_790_000_000_000_000;

/** Pictures up to 10 s after zero, and what comes out of frames of these times in ms. */
function shown() {
  const timeline = new Timeline(90_000, ZERO);
  const pictures = new Pictures(timeline);
  const push = (ms: number, key = false) => {
    const [format, data] = [key ? formatOf(640) : null, new Uint8Array(1)];
    pictures.push({ timestamp: ms * 90, arrivalUs: 0, key, data, format, samples: 0 });
  };
  const times = () => {
    const out: number[] = [];
    for (let at = pictures.next(ZERO + 10e6); at !== null; at = pictures.next(ZERO + 10e6)) {
      out.push(at.us / 1000);
    }
    return out;
  };
  const note = () => timeline.note(10_000 * 90, ZERO + 10e6);
  return { pictures, push, times, note };
}

test("pictures begin with a keyframe, once their time can be told", () => {
  const { push, times, note } = shown();
  push(9000);
  push(9100, true);
  push(9200);
  expect(times()).toEqual([]);
  note();
  expect(times()).toEqual([9100, 9200]);
});

test("a picture whose time cannot be takes those with it that need it", () => {
  const { pictures, push, times, note } = shown();
  note();
  push(9000, true);
  push(90_000);
  push(9100);
  expect(times()).toEqual([9000]);
  expect(pictures.dropped).toBe(1);
  expect(pictures.broken).toBe(true);
  push(9200, true);
  push(9300);
  expect(times()).toEqual([9200, 9300]);
  expect(pictures.broken).toBe(false);
});

test("after a picture that is not shown comes a keyframe", () => {
  const { pictures, push, times, note } = shown();
  note();
  push(9000, true);
  expect(times()).toEqual([9000]);
  pictures.drop();
  push(9100);
  push(9200, true);
  expect(times()).toEqual([9200]);
  expect(pictures.dropped).toBe(1);
});

test("the lag is told from what was captured", () => {
  const { pictures, push, times, note } = shown();
  note();
  push(9700, true);
  push(9940);
  times();
  expect(pictures.lagUs).toBe(60_000);
});
