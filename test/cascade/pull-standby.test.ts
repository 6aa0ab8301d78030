import { expect, test } from "bun:test";
import { nodeBytes } from "../../src/cascade/node-id.ts";
import { readUpdate } from "../../src/wire/cascade/subscription.ts";
import { idOf } from "./ends.ts";
import type { Neighbour } from "./neighbour.ts";
import { Ground, heard, neighbours, ROOT } from "./pulling.ts";

test("cascade-standby: a standby that the same failure takes is kept until one is found that it does not", () => {
  const ground = new Ground(...neighbours(2, 3, 4, 5, 6));
  const [first, shared, same, better, last] = ground.parents as [
    Neighbour,
    Neighbour,
    Neighbour,
    Neighbour,
    Neighbour,
  ];
  ground.accept(first, 1, ROOT, idOf(7), first.id);
  ground.accept(shared, 2, ROOT, idOf(7), shared.id);
  ground.flow(first, 1);
  ground.wait(20_000);
  // Not at once, and one after the other.
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.wait(500_000);
  expect(ground.states).toContain("4 asked warm");
  ground.accept(same, 3, ROOT, first.id, same.id);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.wait(520_000);
  ground.accept(better, 4, ROOT, better.id);
  expect(ground.states).toEqual(["2 accepted live", "5 accepted warm"]);
  ground.wait(10_000_000);
  expect(ground.states).toEqual(["2 accepted live", "5 accepted warm"]);
  expect(heard(last)).toEqual([]);
  // It has it by another way now: one of those that were let go may be asked again.
  ground.pull.rerouted(better.link, 4, [ROOT, idOf(7), better.id].map(nodeBytes), ground.now);
  ground.wait(6_000_000);
  expect(ground.states).toContain("3 asked warm");
});

test("cascade-standby: whose way was no second one is asked again when nobody stands by, or the way is new", () => {
  const ground = new Ground(...neighbours(2, 3, 4));
  const [first, shared, other] = ground.parents as [Neighbour, Neighbour, Neighbour];
  const relays = (parent: Neighbour): string[] => [ROOT, idOf(7), parent.id];
  ground.accept(first, 1, ...relays(first));
  ground.accept(shared, 2, ...relays(shared));
  ground.flow(first, 1);
  ground.wait(520_000);
  ground.accept(other, 3, ROOT, other.id);
  expect(ground.states).toEqual(["2 accepted live", "4 accepted warm"]);
  // Better than none.
  ground.parents = [first, shared];
  ground.pull.lost(other.link, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 asked warm"]);
  ground.accept(shared, 4, ...relays(shared));
  const late = neighbours(5)[0]!;
  ground.parents = [first, shared, late];
  ground.wait(520_000);
  ground.accept(late, 5, ...relays(late));
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  // The way of the one that was let go is no longer that of whoever gives it.
  ground.pull.rerouted(first.link, 1, [ROOT, idOf(8), first.id].map(nodeBytes), ground.now);
  ground.pull.rerouted(shared.link, 4, [ROOT, idOf(8), shared.id].map(nodeBytes), ground.now);
  ground.wait(520_000);
  expect(ground.states).toContain("5 asked warm");
});

test("the root stands by for whoever has it by another", () => {
  const ground = new Ground(...neighbours(2, 1));
  ground.accept(ground.parents[0]!, 1, ROOT, idOf(2));
  ground.accept(ground.parents[1]!, 2, ROOT);
  ground.flow(ground.parents[0]!, 1);
  ground.wait(2_000_000);
  expect(ground.states).toEqual(["2 accepted live", "1 accepted warm"]);
});

test("one that would have to get it stands by, and is asked to when its time has come", () => {
  const ground = new Ground(...neighbours(1));
  ground.others = neighbours(5);
  const [root, other] = [ground.parents[0]!, ground.others[0]!];
  ground.pull.maintain(ground.now);
  expect(ground.states).toEqual(["1 asked live", "5 asked warm"]);
  ground.accept(root, 1, ROOT);
  ground.pledge(other, 2, ROOT, other.id);
  ground.flow(root, 1);
  ground.wait(100_000);
  // It has nothing that could be asked of it.
  expect(ground.pull.sources(ground.now).map(({ link }) => link.node)).toEqual([ROOT]);
  root.link.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  ground.pull.maintain(ground.now);
  expect(ground.states).toEqual(["1 accepted live", "5 accepted live"]);
  ground.pull.notReady(other.link, 2, ground.now);
  ground.accept(other, 2, ROOT, other.id);
  ground.flow(other, 2);
  expect(ground.pull.sources(ground.now).map(({ link }) => link.node)).toEqual([other.id]);
});

test("at the beginning who has it is asked before who would have to get it", () => {
  const ground = new Ground(...neighbours(1, 3));
  ground.others = neighbours(5);
  const [root, named] = ground.parents as [Neighbour, Neighbour];
  ground.parents = [root];
  const refuse = { alias: 1, reason: "full" as const, alternates: [], retryMs: 250 };
  ground.pull.refused(named.link, { ...refuse, alias: 2 }, ground.now);
  ground.pledge(ground.others[0]!, 3, ROOT, idOf(5));
  ground.parents = [root, named];
  ground.pull.refused(root.link, refuse, ground.now);
  expect(ground.states).toEqual(["5 accepted warm", "3 asked live"]);
});

test("who would not stand by is asked for that more and more seldom", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  ground.accept(first, 1);
  ground.flow(first, 1);
  let asked = 0;
  for (let alias = 2; ground.now < 21_000_000; ground.wait(50_000)) {
    if (!ground.states.includes("3 asked warm")) continue;
    const refuse = { alias, reason: "full" as const, alternates: [], retryMs: 250 };
    ground.pull.refused(second.link, refuse, ground.now);
    alias += 1;
    asked += 1;
  }
  expect(asked).toBeWithin(7, 10);
});

test("of two that give it one is told that it is spare, until the other is gone", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.settle();
  for (const each of [first, second]) each.heard();
  const told = (parent: Neighbour) =>
    parent.heard().map(({ elements }) => {
      const { mode, spare } = readUpdate(elements)!;
      return `${mode} ${spare}`;
    });
  ground.pull.setViewers(10, ground.now);
  ground.flow(second, 2);
  ground.wait(300_000);
  expect([told(first), told(second)]).toEqual([[], ["live true"]]);
  first.link.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  ground.pull.maintain(ground.now);
  expect(told(second)).toEqual(["live false"]);
});

test("what only others have, and from others as well, is had as a spare, without a standby", () => {
  const ground = new Ground(...neighbours(2, 3));
  ground.spare = true;
  ground.accept(ground.parents[0]!, 1);
  ground.pull.refused(
    ground.parents[1]!.link,
    { alias: 2, reason: "full", alternates: [], retryMs: 0 },
    ground.now,
  );
  ground.flow(ground.parents[0]!, 1);
  ground.wait(2_000_000);
  expect(ground.states).toEqual(["2 accepted live"]);
  const spare = () => readUpdate(ground.parents[0]!.heard().at(-1)!.elements)!.spare;
  expect(spare()).toBeTrue();
  ground.pull.setViewers(1, ground.now);
  expect(spare()).toBeFalse();
  expect(ground.states).toEqual(["2 accepted live", "3 asked warm"]);
});

test("cascade-gray: whoever gives it and does badly is joined by the standby, and goes on alone when it is well", () => {
  const ground = new Ground(...neighbours(2, 3, 4));
  const [first, second] = ground.settle();
  const gray = { isGray: true };
  Object.assign(first.link, { gray });
  ground.pull.maintain(ground.now);
  expect(ground.states.slice(0, 2)).toEqual(["2 accepted live", "3 accepted live"]);
  ground.flow(second, 2);
  ground.wait(2_000_000);
  expect(ground.states.slice(0, 2)).toEqual(["2 accepted live", "3 accepted live"]);
  gray.isGray = false;
  ground.wait(500_000);
  expect(ground.states).toContain("2 accepted live");
  expect(ground.states).toContain("3 accepted warm");
});

test("cascade-layers: a parent that has not what is wanted is joined by another", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.settle();
  ground.pull.withholds(first.link, 1, 0b10, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.pull.withholds(first.link, 1, 0b01, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
  expect(ground.pull.asked.withheld).toBe(0);
  ground.flow(second, 2);
  ground.pull.withholds(second.link, 2, 0b11, ground.now);
  expect(ground.pull.asked.withheld).toBe(0b01);
  ground.pull.withholds(second.link, 2, 0, ground.now);
  ground.pull.withholds(first.link, 1, 0, ground.now);
  ground.wait(500_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
});

test("a second that is of no help goes, and is joined again when it may be", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [, second] = ground.settle();
  ground.pull.setViewers(10, ground.now);
  ground.flow(second, 2);
  ground.wait(300_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
  ground.pull.setSingle(true, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.pull.setSingle(false, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
});

test("cascade-gray: nobody joins it for nodes that have the stream from others as well", () => {
  const ground = new Ground(...neighbours(2, 3));
  ground.settle();
  ground.spare = true;
  Object.assign(ground.parents[0]!.link, { gray: { isGray: true } });
  ground.wait(500_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.spare = false;
  ground.wait(250_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
});
