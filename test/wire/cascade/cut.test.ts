import { expect, test } from "bun:test";
import { readCut, readCutWish } from "../../../src/wire/cascade/cut.ts";
import { elementsOf } from "../../../src/wire/cascade/elements.ts";

const CUT_BODY_MAX = 15_000;
const EDITION = new Uint8Array(16).fill(7);

test("an edition is 16 bytes, or in a wish none", () => {
  const wish = (edition: Uint8Array) => readCutWish(elementsOf([1, true, edition, 0])!);
  expect(wish(EDITION)?.last).toEqual({ edition: "07".repeat(16), number: 0 });
  expect(wish(new Uint8Array(0))).toEqual({ alias: 1, wanted: true, last: null });
  expect(wish(new Uint8Array(15))).toBeNull();
  const cut = (edition: Uint8Array) => readCut(elementsOf([1, edition, 0, EDITION])!);
  expect(cut(EDITION)).not.toBeNull();
  expect(cut(new Uint8Array(0))).toBeNull();
});

test("a body is no longer than what pieces of a message hold, and not empty", () => {
  const cut = (length: number) => readCut(elementsOf([1, EDITION, 0, new Uint8Array(length)])!);
  expect([0, 1, CUT_BODY_MAX, CUT_BODY_MAX + 1].map((length) => cut(length) !== null)).toEqual([
    ...[false, true, true, false],
  ]);
});
