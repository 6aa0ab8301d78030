import { expect, test } from "bun:test";
import { positionOf, reachOf } from "../../src/web/listed.ts";

const AT = 1_790_000_000_000;

/** Segments of two seconds; after the tenth nobody publishes for 25 s. */
function listed(count: number, firstS = 0) {
  const fragments = Array.from({ length: count }, (_, index) => ({
    start: firstS + index * 2,
    duration: 2,
    programDateTime: AT + index * 2_000 + (index < 10 ? 0 : 25_000),
  }));
  return { fragments, canSkipUntil: 18 } as unknown as Parameters<typeof reachOf>[0];
}

test("the reach of a playlist is told by capture times", () => {
  expect(reachOf(listed(60))).toEqual({ fromMs: AT + 6_000, toMs: AT + 145_000 });
  expect(reachOf(listed(5))).toBeNull();
  expect(reachOf(listed(0))).toBeNull();
  expect(reachOf({ ...listed(60), canSkipUntil: 0 })).toBeNull();
});

test("a capture time has its place in the media, in whichever segment", () => {
  expect(positionOf(listed(60, 100), AT + 7_300)).toBeCloseTo(107.3, 6);
  expect(positionOf(listed(60), AT + 25_000 + 20_500)).toBeCloseTo(20.5, 6);
});

test("where nobody published, what comes next is shown", () => {
  expect(positionOf(listed(60), AT + 30_000)).toBe(20);
});

test("where nothing is kept, too", () => {
  const list = listed(60);
  for (const index of [6, 7]) list.fragments[index]!.gap = true;
  expect(positionOf(list, AT + 13_000)).toBe(16);
});

test("what is gone, or soon is, gives way to what is not", () => {
  expect(positionOf(listed(60, 100), AT - 3_600_000)).toBeCloseTo(106, 6);
  expect(positionOf(listed(60, 100), AT + 3_600_000)).toBeGreaterThan(218);
  expect(positionOf(listed(0), AT)).toBe(0);
});
