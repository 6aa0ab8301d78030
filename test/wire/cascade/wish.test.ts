import { expect, test } from "bun:test";
import {
  FILL_RANGES_MAX,
  readFill,
  readKeyframeWish,
  writeFill,
  writeKeyframeWish,
} from "../../../src/wire/cascade/wish.ts";
import { checkFrame, overWire } from "./frames.ts";

test("KEY and FILL come back as they were written", () => {
  for (const reason of ["join", "failure", "segment"] as const) {
    const wish = { alias: 0xffff, ring: 8, reason };
    checkFrame(writeKeyframeWish(wish), readKeyframeWish, wish);
  }
  const stretches = [
    { from: -(2 ** 31), count: 8192 },
    { from: 2 ** 31 - 1, count: 1 },
  ];
  for (const number of [0, 0xffff]) {
    const fill = { alias: 3, ring: 0, stretches, number };
    checkFrame(writeFill(fill), readFill, fill, 1);
  }
  // An older version does not number them.
  const old = { alias: 3, ring: 0, stretches, number: null };
  expect(overWire(writeFill(old), readFill)).toEqual(old);
  expect(overWire([...writeFill(old), 0x1_0000], readFill)).toBeNull();
});

test("a FILL has no more stretches than it may, and none without its end", () => {
  const stretches = Array.from({ length: FILL_RANGES_MAX }, (_, from) => ({ from, count: 1 }));
  const written = writeFill({ alias: 3, ring: 0, stretches, number: 5 });
  expect(overWire(written, readFill)?.stretches).toEqual(stretches);
  const list = written[3] as number[];
  for (const wrong of [[...list, 1, 1], list.slice(1), [0, 8193], [2 ** 31, 1]]) {
    expect(overWire([written[0], 3, 0, wrong], readFill)).toBeNull();
  }
});
