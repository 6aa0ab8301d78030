import { expect, test } from "bun:test";
import { parseCores, place } from "../../src/bench/placement.ts";

const alone = (core: number) => [core];
/** Processors 0 and 4, 1 and 5 ... are threads of one core. */
const threads = (core: number) => [core % 4, (core % 4) + 4];

test("the server has one processor, the receivers all others", () => {
  expect(place([0, 1], alone)).toEqual({
    ...{ pinned: true, server: [0], receivers: [1], shared: false, siblings: false },
  });
  expect(place([2, 5, 7], alone)).toMatchObject({ server: [2], receivers: [5, 7] });
});

test("the other thread of the server's core stays idle, unless there is nothing else", () => {
  const eight = [0, 1, 2, 3, 4, 5, 6, 7];
  expect(place(eight, threads).receivers).toEqual([1, 2, 3, 5, 6, 7]);
  expect(place([0, 4], threads)).toMatchObject({ receivers: [4], siblings: true });
});

test("with one processor both share it", () => {
  expect(place([3], alone)).toMatchObject({ server: [3], receivers: [3], shared: true });
});

test("where nobody may choose, that is told", () => {
  expect(place([0, 1], alone, false)).toMatchObject({ pinned: false, shared: false });
});

test("lists of processors are read as the kernel writes them", () => {
  expect(parseCores("0")).toEqual([0]);
  expect(parseCores("0-3,8,10-11")).toEqual([0, 1, 2, 3, 8, 10, 11]);
  expect(parseCores("")).toEqual([]);
});
