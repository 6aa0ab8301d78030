import { expect, test } from "bun:test";
import { nodeBytes, nodeIdOf } from "../../src/cascade/node-id.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import type { Refuse, Subscribe } from "../../src/wire/cascade/subscription.ts";
import { idOf } from "./ends.ts";
import { Neighbour, SELF } from "./neighbour.ts";
import { answers, Ground, KEY, NOW } from "./serving-ground.ts";

function refusal(ground: Ground, child: Neighbour): string | undefined {
  const [refuse] = answers(child);
  expect(ground.done).toEqual([]);
  expect(ground.serving.children).toEqual([]);
  return (refuse as Refuse | undefined)?.reason;
}

test("who has it gives it: the way it comes by, and where its rings are", () => {
  const ground = new Ground();
  const child = new Neighbour(2);
  ground.subscribe(child);
  const path = [nodeBytes(idOf(1)), nodeBytes(idOf(SELF))];
  expect(answers(child)).toEqual([{ alias: 1, path, heads: [7, null] }]);
  expect(ground.done).toEqual(["serve 1"]);
  expect(ground.serving.find(child.link, 1)?.stream).toBe(3);
  expect(ground.serving.of(3)).toHaveLength(1);
});

test("an update and an end reach the child that they are of", () => {
  const ground = new Ground();
  const [child, other] = [new Neighbour(2), new Neighbour(3)];
  ground.subscribe(child);
  ground.serving.update(
    other.link,
    { alias: 1, wanted: 0, mode: "warm", have: [], spare: false },
    NOW,
  );
  ground.serving.unsubscribe(other.link, 1);
  ground.serving.update(
    child.link,
    { alias: 1, wanted: 1, mode: "warm", have: [4], spare: false },
    NOW,
  );
  expect(ground.serving.find(child.link, 1)).toMatchObject({ wanted: 1, mode: "warm", have: [4] });
  ground.serving.unsubscribe(child.link, 1);
  expect(ground.done).toEqual(["serve 1", "change 1", "stop 1"]);
});

test("the same number again is another subscription", () => {
  const ground = new Ground();
  const child = new Neighbour(2);
  ground.subscribe(child);
  ground.subscribe(child, { wanted: 1 });
  expect(ground.done).toEqual(["serve 1", "stop 1", "serve 1"]);
  expect(ground.serving.children).toHaveLength(1);
});

test("cascade-places: a node has one place of a stream, whatever numbers it asks by", () => {
  const ground = new Ground(2);
  const [child, other] = [new Neighbour(2), new Neighbour(3)];
  for (let alias = 1; alias < 5; alias += 1) {
    ground.subscribe(child, { alias, mode: alias % 2 === 0 ? "warm" : "live" });
  }
  expect(ground.serving.children.map(({ alias }) => alias)).toEqual([4]);
  ground.subscribe(other);
  expect(ground.serving.children).toHaveLength(2);
  ground.serving.unsubscribe(child.link, 2);
  expect(ground.serving.children).toHaveLength(2);
});

test("cascade-places: nobody gets its own stream back, and nobody pulls it for that", () => {
  const ground = new Ground();
  ground.copy = null;
  const owner = new Neighbour(1);
  ground.subscribe(owner);
  expect(refusal(ground, owner)).toBe("loop");
});

test("a core that only knows of it pulls it first, and says so", () => {
  const ground = new Ground();
  const copy = ground.copy!;
  ground.copy = null;
  const child = new Neighbour(2);
  ground.subscribe(child);
  expect(answers(child)).toEqual(["not ready"]);
  expect(ground.done).toEqual(["wanted a"]);
  ground.copy = { ...copy, path: null };
  ground.serving.copyChanged("a", NOW);
  expect(answers(child)).toEqual([]);
  ground.copy = copy;
  ground.serving.copyChanged("b", NOW);
  expect(answers(child)).toEqual([]);
  ground.serving.copyChanged("a", NOW);
  expect(answers(child)).toHaveLength(1);
  expect(ground.done).toEqual(["wanted a", "serve 1"]);
});

test("what it cannot have itself is refused to all who wait for it", () => {
  const ground = new Ground();
  ground.copy = null;
  const child = new Neighbour(2);
  ground.subscribe(child);
  child.heard();
  ground.serving.cannotHave("a");
  expect(answers(child)).toMatchObject([{ reason: "unknown", retryMs: 250 }]);
  expect(ground.serving.children).toEqual([]);
});

test("nothing of the name, an older one, a newer one than known, none to give: each says which", () => {
  const cases: [string, (ground: Ground) => void, Partial<Subscribe>][] = [
    ["unknown", (ground) => Object.assign(ground, { best: null }), {}],
    ["stale", () => {}, { epoch: 4 }],
    ["unknown", () => {}, { epoch: 6 }],
    ["stale", () => {}, { owner: nodeBytes(idOf(0)) }],
    ["draining", (ground) => ground.serving.drain(), {}],
  ];
  for (const [reason, prepare, change] of cases) {
    const ground = new Ground();
    prepare(ground);
    const child = new Neighbour(2);
    ground.subscribe(child, change);
    expect(refusal(ground, child)).toBe(reason);
  }
});

test("an edge pulls nothing for others, and nobody pulls from others what is to be its own", () => {
  const edge = new Ground(64, false);
  edge.copy = null;
  const child = new Neighbour(2);
  edge.subscribe(child);
  expect(refusal(edge, child)).toBe("unknown");
  const owner = new Ground();
  owner.copy = null;
  owner.best = { ...KEY, owner: idOf(SELF) };
  owner.subscribe(child, { owner: nodeBytes(idOf(SELF)) });
  expect(refusal(owner, child)).toBe("unknown");
});

test("cascade-path: a node that the stream came by, and one beyond the fourth, is refused", () => {
  const ground = new Ground();
  const child = new Neighbour(2);
  ground.copy = { ...ground.copy!, path: [idOf(1), idOf(2)] };
  ground.subscribe(child);
  expect(refusal(ground, child)).toBe("loop");
  ground.copy = { ...ground.copy, path: [idOf(1), idOf(7), idOf(8)] };
  ground.subscribe(child, { mode: "warm" });
  expect(refusal(ground, child)).toBe("depth");
});

test("cascade-depth: for whoever needs it, and for whom the way is too long, a shorter one is looked for", () => {
  const ground = new Ground();
  const [needs, spare, standby] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  ground.subscribe(spare, { spare: true });
  ground.subscribe(standby, { mode: "warm" });
  ground.done.length = 0;
  ground.copy = { ...ground.copy!, path: [idOf(1), idOf(7), idOf(8)] };
  ground.serving.copyChanged("a", NOW);
  expect(ground.done).toEqual(["stop 1", "stop 1"]);
  ground.subscribe(needs);
  expect(answers(needs)).toMatchObject([{ reason: "depth" }]);
  expect(ground.done.slice(2)).toEqual(["shorten"]);
  // Who is in the way itself is helped by no shorter one.
  ground.copy = { ...ground.copy, path: [idOf(1), idOf(7), idOf(2)] };
  ground.subscribe(needs);
  expect(answers(needs)).toMatchObject([{ reason: "loop" }]);
  expect(ground.done).toHaveLength(3);
  ground.copy = null;
  ground.subscribe(needs);
  ground.copy = { key: KEY, stream: 3, path: [idOf(1), idOf(7), idOf(8)], heads: () => [] };
  ground.serving.copyChanged("a", NOW);
  expect(ground.done.slice(3)).toEqual(["wanted a", "shorten"]);
});

test("a full parent names children that have it", () => {
  const ground = new Ground(2);
  const [first, second, third] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  for (const child of [first, second, third]) ground.subscribe(child);
  const [refuse] = answers(third);
  expect(refuse).toMatchObject({ reason: "full", retryMs: 250 });
  expect((refuse as Refuse).alternates.map(({ node }) => nodeIdOf(node))).toEqual([
    first.id,
    second.id,
  ]);
  expect((refuse as Refuse).alternates[0]!.addresses).toEqual(["10.0.0.1:8300"]);
  ground.serving.lost(first.link);
  ground.subscribe(third);
  expect(answers(third)).toMatchObject([{ alias: 1 }]);
});

test("200 subscriptions a second are admitted", () => {
  const ground = new Ground(1_000);
  const child = new Neighbour(2);
  for (let alias = 0; alias < 201; alias += 1) ground.subscribe(child, ground.another(alias));
  expect(ground.serving.children).toHaveLength(200);
  // More than the channel has on its way at once.
  child.pair.run(50_000);
  expect(answers(child).at(-1)).toMatchObject({ reason: "limit" });
  ground.subscribe(child, ground.another(300), NOW + 10_000);
  expect(ground.serving.children).toHaveLength(201);
});

test("cascade-path: its children hear of another way; those that are in it lose it, and so do all without a copy", () => {
  const ground = new Ground();
  const [first, second] = [new Neighbour(2), new Neighbour(3)];
  for (const child of [first, second]) {
    ground.subscribe(child);
    child.heard();
  }
  ground.copy = { ...ground.copy!, path: [idOf(1), idOf(2)] };
  ground.serving.copyChanged("a", NOW);
  expect(answers(first)).toMatchObject([{ reason: "loop" }]);
  expect(answers(second)).toEqual([`path ${idOf(1)},${idOf(2)},${idOf(SELF)}`]);
  ground.copy = { ...ground.copy, path: null };
  ground.serving.copyChanged("a", NOW);
  expect(answers(second)).toEqual([]);
  ground.copy = null;
  ground.serving.copyChanged("a", NOW);
  expect(answers(second)).toMatchObject([{ reason: "stale" }]);
  expect(ground.done).toEqual(["serve 1", "serve 1", "stop 1", "stop 1"]);
});

test("with a link go its children, and no others", () => {
  const ground = new Ground();
  const [first, second] = [new Neighbour(2), new Neighbour(3)];
  ground.subscribe(first, ground.another(1));
  ground.subscribe(first, ground.another(2));
  ground.subscribe(second, ground.another(3));
  ground.serving.lost(first.link);
  expect(ground.done).toEqual(["serve 1", "serve 2", "serve 3", "stop 1", "stop 2"]);
  expect(ground.serving.children.map(({ alias }) => alias)).toEqual([3]);
});

test("standbys yield their places to those that media is to flow to, and come after them", () => {
  const ground = new Ground(2);
  const [standby, first, second] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  ground.subscribe(standby, { mode: "warm" });
  ground.subscribe(first);
  expect(answers(standby)).toMatchObject([{ alias: 1 }]);
  ground.subscribe(second);
  expect(answers(second)).toMatchObject([{ alias: 1 }]);
  expect(answers(standby)).toMatchObject([{ reason: "full" }]);
  ground.subscribe(standby, { mode: "warm" });
  expect(answers(standby)).toMatchObject([{ reason: "full" }]);
});

test("a standby that is to flow is refused where others have all places", () => {
  const ground = new Ground(1);
  const [child, other, third] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  const update = { alias: 1, wanted: 3, mode: "live" as const, have: [], spare: false };
  ground.subscribe(child, { mode: "warm" });
  ground.subscribe(other, { mode: "warm", alias: 2 });
  ground.serving.update(child.link, update, NOW);
  expect(ground.done).toEqual(["serve 1", "serve 2", "stop 2", "change 1"]);
  expect(ground.serving.find(other.link, 2)).toBeNull();
  ground.serving.update(child.link, { ...update, mode: "warm" }, NOW);
  ground.subscribe(other, { mode: "warm", alias: 2 });
  ground.subscribe(third, { alias: 3 });
  ground.subscribe(other, { mode: "warm", alias: 4 });
  expect(ground.serving.children.map(({ alias }) => alias)).toEqual([3]);
});

test("a second parent's place goes to one that has no other, after a while, and who has none beside takes none", () => {
  const ground = new Ground(2);
  const [first, spare, third] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  const update = { alias: 1, wanted: 3, mode: "live" as const, have: [], spare: true };
  ground.subscribe(spare, { mode: "warm" });
  ground.serving.update(spare.link, update, NOW);
  expect(ground.serving.isSpare(KEY)).toBeTrue();
  ground.subscribe(first);
  expect(ground.serving.isSpare(KEY)).toBeFalse();
  ground.subscribe(third, { spare: true });
  expect(answers(third)).toMatchObject([{ reason: "full" }]);
  ground.subscribe(third);
  expect(answers(third)).toMatchObject([{ alias: 1 }]);
  expect(answers(spare)).toMatchObject([{ alias: 1 }]);
  for (const { link } of [first, third]) link.liveness.heard(NOW + 1_900_000);
  ground.serving.handleTimeout(NOW + 2_000_000);
  expect(answers(spare)).toMatchObject([{ reason: "full" }]);
});

test("a second parent that becomes the only one keeps its place", () => {
  const ground = new Ground(2);
  const [first, spare, third] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  const update = { alias: 1, wanted: 3, mode: "live" as const, have: [], spare: false };
  ground.subscribe(first);
  ground.subscribe(spare, { spare: true });
  ground.serving.update(spare.link, update, NOW);
  ground.subscribe(third);
  expect(answers(third)).toMatchObject([{ reason: "full" }]);
  expect(ground.serving.find(spare.link, 1)?.spare).toBeFalse();
});

test("who drains names children that have it, keeps those it has, and stands by for nobody", () => {
  const ground = new Ground();
  const [child, standby, next] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  ground.subscribe(child);
  ground.subscribe(standby, { mode: "warm" });
  ground.serving.drain();
  for (let again = 0; again < 3; again += 1) {
    ground.subscribe(next);
    const [refuse] = answers(next) as [Refuse];
    expect(refuse.reason).toBe("draining");
    expect(refuse.alternates.map(({ node }) => nodeIdOf(node))).toEqual([child.id, standby.id]);
  }
  const update = { alias: 1, wanted: 3, mode: "live" as const, have: [], spare: false };
  ground.serving.update(standby.link, update, NOW);
  expect(ground.done).toEqual(["serve 1", "serve 1", "change 1"]);
});

test("an owner that drains refuses once, and only while others have it", () => {
  const ground = new Ground();
  const key = { ...KEY, owner: idOf(SELF) };
  ground.best = key;
  ground.copy = { key, stream: 3, path: [], heads: () => [7] };
  ground.serving.drain();
  const owner = nodeBytes(key.owner);
  const [first, second] = [new Neighbour(2), new Neighbour(3)];
  ground.subscribe(first, { owner });
  expect(answers(first)).toMatchObject([{ heads: [7] }]);
  ground.subscribe(second, { owner });
  expect(answers(second)).toMatchObject([{ reason: "draining", alternates: [{}] }]);
  ground.subscribe(second, { owner, mode: "warm" });
  expect(answers(second)).toMatchObject([{ reason: "draining" }]);
  ground.subscribe(second, { owner });
  expect(answers(second)).toMatchObject([{ heads: [7] }]);
});

test("cascade-standby: a core without the stream stands by for it: the way is told, and nothing is asked of anybody", () => {
  const ground = new Ground();
  const copy = ground.copy!;
  ground.copy = null;
  const child = new Neighbour(2);
  ground.subscribe(child, { mode: "warm", have: [4, null] });
  const path = [nodeBytes(idOf(1)), nodeBytes(idOf(SELF))];
  expect(answers(child)).toEqual([{ alias: 1, path, heads: [] }]);
  expect(ground.done).toEqual([]);
  expect(ground.serving.awaited(KEY)).toEqual({ wanted: 0, have: [] });
  const update = { alias: 1, wanted: 3, mode: "live" as const, have: [5, 8], spare: false };
  ground.serving.update(child.link, update, NOW);
  expect(answers(child)).toEqual(["not ready"]);
  expect(ground.done).toEqual(["wanted a"]);
  expect(ground.serving.awaited(KEY)).toEqual({ wanted: 3, have: [5, 8] });
  ground.copy = copy;
  ground.serving.copyChanged("a", NOW);
  expect(answers(child)).toMatchObject([{ heads: [7, null] }]);
  expect(ground.serving.awaited(KEY)).toEqual({ wanted: 0, have: [] });
});

test("of those that wait for it the one that has least says where it goes on", () => {
  const ground = new Ground();
  ground.copy = null;
  const [first, second] = [new Neighbour(2), new Neighbour(3)];
  ground.subscribe(first, { wanted: 1, have: [7, null] });
  ground.subscribe(second, { wanted: 4, have: [5, 9] });
  expect(ground.serving.awaited(KEY)).toEqual({ wanted: 5, have: [5, 9] });
});

test("who stands by hears when the way is another, and when there is none", () => {
  const ground = new Ground();
  ground.copy = null;
  const child = new Neighbour(2);
  ground.subscribe(child, { mode: "warm" });
  expect(answers(child)).toHaveLength(1);
  ground.way = [idOf(1), idOf(7)];
  ground.serving.handleTimeout(NOW + 200_000);
  const way = `path ${idOf(1)},${idOf(7)},${idOf(SELF)}`;
  expect(answers(child).filter((each) => each !== `message ${Frame.heads}`)).toEqual([way]);
  ground.way = null;
  ground.serving.handleTimeout(NOW + 400_000);
  expect(answers(child)).toMatchObject([{ reason: "unknown" }]);
  expect(ground.serving.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  ground.subscribe(child, { mode: "warm" });
  expect(answers(child)).toMatchObject([{ reason: "unknown" }]);
});

test("a copy that goes leaves those that stand by where it may be had again", () => {
  const ground = new Ground();
  const [standby, child] = [new Neighbour(2), new Neighbour(3)];
  ground.subscribe(standby, { mode: "warm" });
  ground.subscribe(child);
  for (const each of [standby, child]) each.heard();
  ground.copy = null;
  ground.serving.copyChanged("a", NOW);
  expect(answers(standby)).toMatchObject([{ heads: [] }]);
  expect(answers(child)).toMatchObject([{ reason: "stale" }]);
  expect(ground.done).toEqual(["serve 1", "serve 1", "stop 1", "stop 1"]);
  ground.best = null;
  ground.serving.cannotHave("a");
  expect(answers(standby)).toMatchObject([{ reason: "unknown" }]);
});
