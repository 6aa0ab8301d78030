import { expect, test } from "bun:test";
import { SlotFlag } from "../../src/ring/layout.ts";
import { RingGround, ROUND_TRIP_US } from "./ring-ground.ts";
import { KEYFRAME } from "./slots.ts";

/** Packets 5 to 7 of a group, and a pause until the parent is at 30. */
function paused(): RingGround {
  const ground = new RingGround();
  ground.put(5, KEYFRAME);
  for (const sequence of [6, 7]) ground.put(sequence);
  ground.ring.setFlowing(false, ground.now);
  ground.head(30);
  ground.now += 300_000;
  return ground;
}

function resumed(ground = paused()): RingGround {
  ground.ring.setFlowing(true, ground.now);
  return ground;
}

function isFlagged(ground: RingGround, sequence: number): boolean {
  return (ground.flags(sequence)! & SlotFlag.discontinuity) !== 0;
}

test("pulled-again: a group whose keyframe is still here is gone on with", () => {
  const ground = resumed();
  expect([ground.ring.have, ground.keyframe, ground.ring.isUpTo(30)]).toEqual([8, 5, false]);
  // What lies between comes by itself.
  ground.head(30);
  ground.head(31);
  expect(ground.asked()).toEqual([]);
  for (let sequence = 8; sequence < 12; sequence += 1) expect(ground.put(sequence)).toBeTrue();
  expect([ground.keyframe, isFlagged(ground, 8), ground.asked()]).toEqual([5, false, []]);
  ground.put(13);
  expect([ground.asked(), ground.keyframe]).toEqual([[12], 5]);
  // The next group follows on it.
  ground.put(14, KEYFRAME, 99);
  expect([ground.keyframe, isFlagged(ground, 14), ground.ring.have]).toEqual([14, false, 12]);
});

test("pulled-again: what comes first of it was not sent first, or what was got lost", () => {
  const ground = resumed();
  ground.put(10);
  expect([ground.asked(), ground.keyframe]).toEqual([[], 5]);
  ground.ring.noteBegin(8, ground.now, ROUND_TRIP_US);
  expect(ground.asked()).toEqual([8, 9]);
  for (const sequence of [9, 8]) expect(ground.put(sequence)).toBeTrue();
  expect([ground.asked(), ground.ring.have, ground.keyframe]).toEqual([[], 11, 5]);
  const overtaken = resumed();
  for (const sequence of [10, 8]) overtaken.put(sequence);
  expect([overtaken.asked(), overtaken.keyframe]).toEqual([[9], 5]);
});

test("pulled-again: where a newer group is nearer it begins there, and misses nothing between", () => {
  const ground = resumed();
  ground.put(20, KEYFRAME, 99);
  ground.put(21, 0, 99);
  expect([ground.keyframe, isFlagged(ground, 20), ground.asked()]).toEqual([20, true, []]);
  // Its first packet was overtaken.
  const overtaken = resumed();
  overtaken.put(21, 0, 99);
  overtaken.put(20, KEYFRAME, 99);
  expect([overtaken.keyframe, isFlagged(overtaken, 20)]).toEqual([20, true]);
  expect([overtaken.asked(), overtaken.ring.have]).toEqual([[], 22]);
});

test("pulled-again: a newer group whose begin is lost is no end of the one before", () => {
  const ground = resumed();
  for (const sequence of [22, 23]) ground.put(sequence, 0, 99);
  ground.ring.noteBegin(20, ground.now, ROUND_TRIP_US);
  expect([ground.keyframe, ground.asked()]).toEqual([null, [20, 21]]);
  ground.put(21, 0, 99);
  ground.put(20, KEYFRAME, 99);
  expect([ground.keyframe, ground.asked()]).toEqual([20, []]);
  // The word of it came before it.
  const told = resumed();
  told.ring.noteBegin(20, told.now, ROUND_TRIP_US);
  expect([told.ring.have, told.asked()]).toEqual([null, []]);
  told.put(20, KEYFRAME, 99);
  expect([told.keyframe, isFlagged(told, 20), told.asked()]).toEqual([20, true, []]);
});

test("pulled-again: what was missing when it stopped is had again with all behind it", () => {
  const ground = new RingGround();
  ground.put(5, KEYFRAME);
  for (const sequence of [6, 8, 9]) ground.put(sequence);
  ground.ring.setFlowing(false, ground.now);
  ground.head(30);
  resumed(ground);
  expect(ground.ring.have).toBe(7);
  expect([7, 8, 9, 10].map((sequence) => ground.put(sequence))).toEqual([true, false, false, true]);
  expect([ground.asked(), ground.ring.have, ground.keyframe]).toEqual([[], 11, 5]);
});

test("pulled-again: what is too far behind, or no group, is not gone on with", () => {
  const far = paused();
  far.head(8 + 300);
  expect(resumed(far).ring.have).toBeNull();
  const none = new RingGround();
  for (const sequence of [5, 6]) none.put(sequence, 0);
  none.ring.setFlowing(false, none.now);
  none.head(30);
  expect(resumed(none).ring.have).toBeNull();
  // Nobody has told where it is.
  const untold = new RingGround();
  untold.put(5, KEYFRAME);
  untold.ring.setFlowing(false, untold.now);
  expect(resumed(untold).ring.have).toBeNull();
});
