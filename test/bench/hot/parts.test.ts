import { expect, test } from "bun:test";
import { PARTS, partsOf, VARIANTS } from "../../../scripts/bench/hot/parts.ts";

test("each process lacks one part more than the one before it", () => {
  const lacks = VARIANTS.filter(({ name }) => name !== "segments").map(({ without }) => without);
  expect(lacks.map(({ length }) => length)).toEqual([0, 1, 2, 3, 4]);
  expect(lacks.at(-1)).toEqual([...PARTS]);
  // Where nobody takes the datagrams, nobody commits them.
  for (const { output, without } of VARIANTS) {
    expect(output === "none").toBe(without.includes("commit"));
  }
});

test("the parts add up to the whole, and the sender's books stand beside it", () => {
  const costs = { all: 1000, note: 900, commit: 890, seal: 300, header: 250, segments: 1040 };
  const { all, segments, ...rest } = partsOf(costs);
  expect(rest).toEqual({ walk: 250, header: 50, seal: 590, commit: 10, note: 100 });
  expect(Object.values(rest).reduce((sum, ns) => sum + ns)).toBe(all);
  expect(segments).toBe(40);
});
