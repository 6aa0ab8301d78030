/** Children whose places were given to others that need them more: what flows to them, and for how long. */
import { expect, test } from "bun:test";
import { Neighbour } from "./neighbour.ts";
import { answers, Ground, NOW } from "./serving-ground.ts";

const NEEDED = { alias: 1, wanted: 3, mode: "live" as const, have: [], spare: false };
/** Until a place is free in which nobody is. */
const LATER = NOW + 2_000_000;

/** Something came of all of these a moment before. */
function end(ground: Ground, ...children: readonly Neighbour[]): void {
  for (const { link } of children) link.liveness.heard(LATER - 100_000);
  ground.serving.handleTimeout(LATER);
}

/** A parent of two: one child needs it, one has it from another as well, a third needs it from now on. */
function displaced() {
  const ground = new Ground(2);
  const [first, spare, third] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  ground.subscribe(first);
  ground.subscribe(spare, { spare: true });
  ground.subscribe(third);
  for (const each of [first, spare, third]) expect(answers(each)).toMatchObject([{ alias: 1 }]);
  return { ground, first, spare, third };
}

test("cascade-notice: it flows on for two seconds to one that has it from another as well, and no longer", () => {
  const { ground, first, spare, third } = displaced();
  expect(ground.serving.nextTimeout()).toBe(LATER);
  // Another that needs it makes that no longer.
  ground.serving.unsubscribe(third.link, 1);
  ground.subscribe(third, {}, NOW + 1_000_000);
  expect(ground.serving.nextTimeout()).toBe(LATER);
  ground.serving.handleTimeout(LATER - 1);
  const before = ground.done.length;
  expect(ground.serving.find(spare.link, 1)).not.toBeNull();
  end(ground, first, spare, third);
  expect(ground.done.slice(before)).toEqual(["stop 1"]);
  expect(answers(spare)).toMatchObject([{ reason: "full" }]);
  expect(ground.serving.children).toHaveLength(2);
  expect(ground.serving.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
});

test("cascade-notice: the same failure took its other parent: it says so in time, and stays where a place is free then", () => {
  const { ground, first, spare, third } = displaced();
  ground.serving.update(spare.link, NEEDED, NOW + 50_000);
  expect(answers(spare)).toEqual([]);
  // Nothing comes of the one that failed.
  end(ground, spare, third);
  expect(answers(spare)).toEqual([]);
  const needed = ground.serving.children.filter(({ spare: is }) => !is);
  expect(needed.map(({ link }) => link.node)).toEqual([first.id, spare.id, third.id]);
});

test("cascade-notice: where none is free then it goes: no node gives more than it may for long", () => {
  const { ground, first, spare, third } = displaced();
  ground.serving.update(spare.link, NEEDED, NOW + 50_000);
  // Who comes meanwhile is told so.
  const fourth = new Neighbour(5);
  ground.subscribe(fourth);
  expect(answers(fourth)).toMatchObject([{ reason: "full" }]);
  end(ground, first, spare, third);
  expect(answers(spare)).toMatchObject([{ reason: "full" }]);
  expect(ground.serving.find(third.link, 1)).not.toBeNull();
});

test("cascade-notice: one that goes by itself, or has a place again, is told nothing more", () => {
  const { ground, spare } = displaced();
  ground.serving.unsubscribe(spare.link, 1);
  expect(ground.serving.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  const again = displaced();
  again.ground.serving.unsubscribe(again.first.link, 1);
  end(again.ground, again.spare, again.third);
  expect(again.ground.serving.children).toHaveLength(2);
  expect(answers(again.spare)).toEqual([]);
});

test("a standby whose place another needs loses it at once: nothing flows to it", () => {
  const ground = new Ground(1);
  const [standby, child] = [new Neighbour(2), new Neighbour(3)];
  ground.subscribe(standby, { mode: "warm" });
  ground.subscribe(child);
  expect(answers(standby)).toMatchObject([{ alias: 1 }, { reason: "full" }]);
});
