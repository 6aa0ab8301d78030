import { expect, test } from "bun:test";
import type { TailPlaylist } from "../../../src/contract/tail.ts";
import { isTooFar, lists, readDirectives } from "../../../src/control/http/tail-directives.ts";

const HALF_US = 500_000;

function read(query: string) {
  return readDirectives(new URLSearchParams(query));
}

/** Segments up to 6 are whole, and of 7 the parts 0 to 2 are there. */
const NOW: TailPlaylist = {
  name: "x-0.m3u8",
  list: { text: "", gzip: new Uint8Array(0) },
  msn: 7,
  part: 2,
  whole: 6,
  hint: "x-0-40.m4s",
  ended: false,
};

test("B05 directives are decimal, stand once, and a part needs its segment", () => {
  expect(read("")).toEqual({ wanted: null, skip: null });
  expect(read("token=x&other=1")).toEqual({ wanted: null, skip: null });
  expect(read("_HLS_msn=7")).toEqual({ wanted: { msn: 7, part: null }, skip: null });
  expect(read("_HLS_msn=7&_HLS_part=0")).toEqual({ wanted: { msn: 7, part: 0 }, skip: null });
  for (const query of [
    "_HLS_part=1",
    "_HLS_msn=-1",
    "_HLS_msn=1.5",
    "_HLS_msn=0x10",
    "_HLS_msn=1e3",
    "_HLS_msn=",
    "_HLS_msn=1&_HLS_msn=1",
    "_HLS_msn=1&_HLS_part=1&_HLS_part=2",
    "_HLS_msn=1&_HLS_part=a",
    "_HLS_msn=9999999999999999999",
    "_HLS_push=1",
    "_HLS_skip=YES&_HLS_skip=YES",
  ]) {
    expect([query, "wrong" in read(query)]).toEqual([query, true]);
  }
});

test("D01 what a delta update leaves out; whoever asks for another gets the whole playlist", () => {
  for (const value of ["YES", "v2"] as const) {
    expect(read(`_HLS_skip=${value}`)).toEqual({ wanted: null, skip: value });
    const wanted = { msn: 7, part: 1 };
    expect(read(`_HLS_msn=7&_HLS_part=1&_HLS_skip=${value}`)).toEqual({ wanted, skip: value });
  }
  for (const value of ["", "yes", "v1", "v3", "NO", "YES,v2"]) {
    expect(read(`_HLS_skip=${value}`)).toEqual({ wanted: null, skip: null });
  }
});

test("B01 a segment alone is waited for until it is whole", () => {
  expect(lists(NOW, { msn: 6, part: null })).toBeTrue();
  expect(lists(NOW, { msn: 7, part: null })).toBeFalse();
});

test("B02 B04 a part is listed when it or anything behind it is", () => {
  expect(lists(NOW, { msn: 7, part: 2 })).toBeTrue();
  expect(lists(NOW, { msn: 7, part: 3 })).toBeFalse();
  expect(lists(NOW, { msn: 0, part: 900 })).toBeTrue();
});

test("B03 a part behind the last of a whole segment is the first of the next", () => {
  const whole = { ...NOW, whole: 7 };
  expect(lists(whole, { msn: 7, part: 3 })).toBeFalse();
  expect(lists({ ...whole, msn: 8, part: 0 }, { msn: 7, part: 3 })).toBeTrue();
});

test("B06 what lies too far ahead is a mistake, what lies just ahead is not", () => {
  expect(isTooFar(NOW, { msn: 9, part: null }, HALF_US)).toBeFalse();
  expect(isTooFar(NOW, { msn: 10, part: null }, HALF_US)).toBeTrue();
  // Advance Part Limit: three parts of a second, six of half a second.
  expect(isTooFar(NOW, { msn: 7, part: 8 }, HALF_US)).toBeFalse();
  expect(isTooFar(NOW, { msn: 7, part: 9 }, HALF_US)).toBeTrue();
  expect(isTooFar(NOW, { msn: 8, part: 5 }, HALF_US)).toBeFalse();
  expect(isTooFar(NOW, { msn: 8, part: 6 }, HALF_US)).toBeTrue();
  expect(isTooFar(NOW, { msn: 7, part: 6 }, 1_000_000)).toBeTrue();
  expect(isTooFar(NOW, { msn: 3, part: 900 }, HALF_US)).toBeFalse();
});

test("B08 at the end directives mean nothing", () => {
  const ended = { ...NOW, ended: true, hint: null };
  expect(lists(ended, { msn: 900, part: 3 })).toBeTrue();
  expect(isTooFar(ended, { msn: 900, part: 3 }, HALF_US)).toBeFalse();
});
