import { expect, test } from "bun:test";
import { nodeBytes, nodeIdOf } from "../../src/cascade/node-id.ts";
import { readSubscribe } from "../../src/wire/cascade/subscription.ts";
import { idOf } from "./ends.ts";
import { type Neighbour, SELF } from "./neighbour.ts";
import { Ground, heard, neighbours, ROOT } from "./pulling.ts";

test("the best is asked to give it, the next to stand by, with what is had and by whom", () => {
  const parents = neighbours(2, 3, 4);
  const ground = new Ground(...parents);
  expect(ground.states).toEqual(["2 asked live", "3 asked warm"]);
  const sub = readSubscribe(parents[0]!.heard()[0]!.elements)!;
  expect({ ...sub, owner: nodeIdOf(sub.owner) }).toEqual({
    alias: 1,
    name: "a",
    epoch: 5,
    owner: ROOT,
    wanted: 1,
    mode: "live",
    have: [null, 9],
    path: [],
    spare: false,
  });
  expect(heard(parents[1]!)).toEqual(["sub 2 warm 1"]);
  expect(heard(parents[2]!)).toEqual([]);
});

test("from a parent's yes on its way counts; children hear of it", () => {
  const ground = new Ground(...neighbours(2, 3));
  expect(ground.pull.path).toBeNull();
  ground.accept(ground.parents[0]!, 1);
  expect(ground.pull.path).toEqual([ROOT, idOf(2)]);
  expect(ground.changes).toBe(1);
  ground.pull.rerouted(
    ground.parents[0]!.link,
    1,
    [ROOT, idOf(7), idOf(2)].map(nodeBytes),
    ground.now,
  );
  expect(ground.pull.path).toEqual([ROOT, idOf(7), idOf(2)]);
  expect(ground.changes).toBe(2);
});

test("other wishes are told to each parent once, and where to go on", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.settle();
  for (const each of [first, second]) each.heard();
  ground.pull.want(3, ground.now);
  ground.pull.want(3, ground.now);
  expect(heard(first)).toEqual(["update 1 live 3"]);
  expect(heard(second)).toEqual(["update 2 warm 3"]);
});

test("who refuses is not asked again before it said, and the next takes its place", () => {
  const ground = new Ground(...neighbours(2, 3, 4));
  const [first, second, third] = ground.parents as [Neighbour, Neighbour, Neighbour];
  const refuse = { alias: 1, reason: "full" as const, alternates: [], retryMs: 2_000 };
  ground.pull.refused(first.link, refuse, ground.now);
  expect(ground.states).toEqual(["3 asked warm", "4 asked live"]);
  expect(heard(first)).toEqual(["sub 1 live 1", "unsub 1"]);
  expect(heard(third)).toEqual(["sub 3 live 1"]);
  ground.pull.refused(second.link, { ...refuse, alias: 2, retryMs: 0 }, ground.now);
  ground.accept(third, 3);
  ground.wait(140_000);
  expect(heard(second)).toEqual(["sub 2 warm 1", "unsub 2"]);
  ground.wait(600_000);
  expect(heard(second)[0]).toBe("sub 4 warm 1");
  expect(heard(first)).toEqual([]);
});

test("first peer's no does not end the search: all are asked, again and again", () => {
  const ground = new Ground(...neighbours(2));
  const [only] = ground.parents as [Neighbour];
  for (let alias = 1; alias <= 5; alias += 1) {
    const refuse = { alias, reason: "unknown" as const, alternates: [], retryMs: 250 };
    ground.pull.refused(only.link, refuse, ground.now);
    expect(ground.states).toEqual([]);
    ground.wait(550_000);
    expect(ground.states).toEqual(["2 asked live"]);
    ground.now += 1;
  }
});

test("who does not answer in 250 ms is given up, and another is asked", () => {
  const ground = new Ground(...neighbours(2, 3, 4));
  ground.accept(ground.parents[1]!, 2);
  ground.wait(600_000);
  expect(heard(ground.parents[0]!).slice(0, 2)).toEqual(["sub 1 live 1", "unsub 1"]);
  expect(ground.states).toContain("3 accepted live");
  expect(ground.states).toHaveLength(2);
});

test("who pulls it first is waited for, and after 150 ms and a round trip another is asked as well", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  ground.pull.notReady(first.link, 1, ground.now);
  ground.accept(second, 2);
  expect(ground.states).toEqual(["2 not-ready live", "3 accepted warm"]);
  ground.wait(140_000);
  expect(ground.states).toEqual(["2 not-ready live", "3 accepted warm"]);
  ground.wait(120_000);
  expect(ground.states).toEqual(["2 not-ready live", "3 accepted live"]);
});

test("a yes is no use before something came: after a second the standby gives it", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  ground.accept(first, 1);
  ground.accept(second, 2);
  ground.wait(990_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.wait(500_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
  // The first is let go when the other has proven useful for a while, not before.
  ground.flow(second, 2);
  ground.wait(150_000);
  expect(ground.states).toContain("2 accepted live");
  ground.wait(700_000);
  expect(ground.states).not.toContain("2 accepted live");
  expect(ground.states).toContain("3 accepted live");
  expect(ground.pull.path).toEqual([ROOT, idOf(3)]);
});

test("a parent that fell silent is joined by the standby at once, and asked no more when that serves", () => {
  const ground = new Ground(...neighbours(2, 3, 4));
  const [first, second] = ground.settle();
  first.link.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  ground.pull.maintain(ground.now);
  expect(ground.states.slice(0, 2)).toEqual(["2 accepted live", "3 accepted live"]);
  expect(heard(second)).toEqual(["sub 2 warm 1", "update 2 live 1"]);
  ground.flow(second, 2);
  ground.wait(700_000);
  expect(heard(first)).toContain("unsub 1");
  expect(ground.states).toEqual(["3 accepted live", "4 asked warm"]);
  expect(ground.pull.path).toEqual([ROOT, idOf(3)]);
});

test("a parent that was silent and is heard again goes on, and the other stands by again", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.settle();
  first.link.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  ground.pull.maintain(ground.now);
  first.link.liveness.heard(first.link.liveness.heardAt + 1);
  ground.flow(second, 2);
  ground.wait(700_000);
  expect(ground.states.toSorted()).toEqual(["2 accepted live", "3 accepted warm"]);
});

test("with its link goes a parent, at once", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first] = ground.settle();
  first.link.lost("its session ended", ground.now);
  ground.pull.lost(first.link, ground.now);
  expect(ground.states).toEqual(["3 accepted live"]);
  ground.parents[1]!.link.lost("its session ended", ground.now);
  ground.pull.lost(ground.parents[1]!.link, ground.now);
  expect(ground.states).toEqual([]);
  expect(ground.pull.path).toBeNull();
});

test("many viewers have it from two at once, and a third stands by", () => {
  const ground = new Ground(...neighbours(2, 3, 4, 5));
  ground.settle();
  ground.pull.setViewers(10, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live", "4 asked warm"]);
  for (const [i, alias] of [2, 3].entries()) ground.accept(ground.parents[i + 1]!, alias);
  ground.flow(ground.parents[1]!, 2);
  ground.wait(500_000);
  ground.pull.setViewers(9, ground.now);
  ground.wait(500_000);
  expect(ground.states.filter((state) => state.endsWith("live"))).toHaveLength(1);
});

test("who leaves is replaced before it is let go, and not asked for ten seconds", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.settle();
  ground.pull.avoid(first.link, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
  ground.flow(second, 2);
  ground.wait(1_000_000);
  expect(ground.states).toEqual(["3 accepted live"]);
  ground.wait(8_000_000);
  expect(ground.states).toEqual(["3 accepted live"]);
  ground.wait(2_000_000);
  expect(ground.states).toEqual(["3 accepted live", "2 asked warm"]);
});

test("cascade-path: a way through this node, too long, of another root or another parent is no way", () => {
  const ways = [
    [ROOT, idOf(SELF), idOf(2)],
    [ROOT, idOf(7), idOf(8), idOf(2)],
    [idOf(9), idOf(2)],
    [ROOT, idOf(3)],
    [ROOT],
  ];
  for (const way of ways) {
    const ground = new Ground(...neighbours(2));
    ground.accept(ground.parents[0]!, 1, ...way);
    expect([way, ground.states, ground.pull.path]).toEqual([way, [], null]);
    const moved = new Ground(...neighbours(2));
    moved.accept(moved.parents[0]!, 1);
    expect(moved.states).toEqual(["2 accepted live"]);
    moved.pull.rerouted(moved.parents[0]!.link, 1, way.map(nodeBytes), moved.now);
    expect([way, moved.states, moved.pull.path]).toEqual([way, [], null]);
  }
});

test("cascade-path: the root itself and a way of three nodes are ways", () => {
  for (const [parent, way] of [
    [1, [ROOT]],
    [2, [ROOT, idOf(7), idOf(2)]],
  ] as const) {
    const ground = new Ground(...neighbours(parent));
    ground.accept(ground.parents[0]!, 1, ...way);
    expect(ground.pull.path).toEqual([...way]);
  }
});

test("what another link or another number says of it is not heard", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  ground.accept(second, 1);
  ground.accept(first, 7);
  ground.pull.notReady(second.link, 1, ground.now);
  const refuse = { alias: 1, reason: "full" as const, alternates: [], retryMs: 0 };
  ground.pull.refused(second.link, refuse, ground.now);
  expect(ground.states).toEqual(["2 asked live", "3 asked warm"]);
  expect([ground.pull.takes(first.link, 1), ground.pull.takes(second.link, 1)]).toEqual([
    true,
    false,
  ]);
});

test("media is taken of a standby only when it has said yes", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  const { pull } = ground;
  const taken = () => [pull.takes(first.link, 1, true), pull.takes(second.link, 2, true)];
  expect(ground.states).toEqual(["2 asked live", "3 asked warm"]);
  expect(taken()).toEqual([true, false]);
  ground.accept(second, 2);
  expect(taken()).toEqual([true, true]);
});

test("what is missing is asked of those that have it and are well, the one that gives it first", () => {
  const ground = new Ground(...neighbours(2, 3));
  expect(ground.pull.sources(ground.now)).toEqual([]);
  const [first, second] = ground.settle();
  const order = () => ground.pull.sources(ground.now).map(({ link }) => link.node);
  expect(order()).toEqual([first.id, second.id]);
  first.link.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  expect(order()).toEqual([second.id]);
  second.link.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  expect(order()).toEqual([first.id, second.id]);
});

test("ended, all parents hear of it, and nothing is asked any more", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.settle();
  for (const each of [first, second]) each.heard();
  ground.pull.end();
  ground.pull.maintain(ground.now);
  expect([heard(first), heard(second)]).toEqual([["unsub 1"], ["unsub 2"]]);
  expect(ground.states).toEqual([]);
  expect(ground.pull.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
});

test("a parent of which nothing comes any more is joined by the standby after 400 ms", () => {
  const ground = new Ground(...neighbours(2, 3));
  ground.accept(ground.parents[0]!, 1);
  ground.accept(ground.parents[1]!, 2);
  ground.pull.useful(ground.parents[0]!.link, 1, ground.now);
  ground.wait(400_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.wait(10_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
});

test("one standby is kept, whoever else gave it before", () => {
  const ground = new Ground(...neighbours(2, 3, 4, 5));
  ground.settle();
  ground.pull.setViewers(10, ground.now);
  ground.accept(ground.parents[2]!, 3);
  ground.flow(ground.parents[1]!, 2);
  ground.wait(500_000);
  ground.pull.setViewers(9, ground.now);
  ground.wait(500_000);
  expect(ground.states.toSorted()).toEqual(["2 accepted live", "3 accepted warm"]);
});

test("of what may lie unread no parent is blamed", () => {
  const ground = new Ground(...neighbours(2, 3));
  ground.accept(ground.parents[0]!, 1);
  ground.pull.useful(ground.parents[0]!.link, 1, ground.now);
  ground.readAt = ground.now;
  const before = ground.states;
  ground.wait(2_000_000);
  expect(ground.states).toEqual(before);
  ground.readAt = ground.now;
  ground.wait(10_000);
  expect(ground.states).not.toEqual(before);
});
