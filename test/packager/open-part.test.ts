import { expect, test } from "bun:test";
import { OpenPart } from "../../src/packager/open-part.ts";

test("L02, L03: a part ends before the last picture that makes it long enough, else at its target", () => {
  const part = new OpenPart(500_000);
  part.begin(10_000_000);
  expect(part.limitUs).toBe(10_500_000);
  part.pass(10_400_000);
  expect(part.endUs).toBe(10_500_000);
  part.pass(10_425_000);
  expect(part.endUs).toBe(10_425_000);
  part.pass(10_480_000);
  expect(part.endUs).toBe(10_480_000);
  part.begin(10_480_000);
  expect(part.endUs).toBe(10_980_000);
});

test("what begins before the part does not end it", () => {
  const part = new OpenPart(500_000);
  part.begin(10_000_000);
  part.pass(10_000_000);
  part.pass(9_000_000);
  expect(part.endUs).toBe(10_500_000);
});
