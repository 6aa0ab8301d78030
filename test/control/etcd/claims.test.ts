/** Names by etcd in virtual time: who wins, who keeps, who loses, and what becomes of it while etcd is away. */
import { expect, test } from "bun:test";
import { seeded } from "../../support/random.ts";
import { type TestNode, World } from "./world.ts";

function worldOf(count: number): [World, ...TestNode[]] {
  const world = new World(seeded(1));
  const nodes = Array.from({ length: count }, () => world.add());
  world.run(0.1);
  return [world, ...nodes];
}

test("etcd-claim: a name is one publisher's, and the next one's when that has gone", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam");
  world.run(0.1);
  expect(a!.verdicts).toEqual(["cam won"]);
  expect(world.holder("cam")).toBe(a!);
  b!.publish("cam");
  world.run(1);
  expect(b!.verdicts).toEqual(["cam taken"]);
  expect(b!.claims.owned).toBe(0);
  a!.leave("cam");
  world.run(0.1);
  expect(world.holder("cam")).toBeNull();
  b!.publish("cam");
  world.run(0.1);
  expect(b!.verdicts).toEqual(["cam taken", "cam won"]);
  expect(b!.claims.revisionOf("cam")).toBeGreaterThan(0);
});

test("etcd-claim: of two that come at once one wins, whoever was first at etcd", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const world = new World(seeded(seed));
    world.weather.delayUs = 50_000;
    const nodes = [world.add(), world.add(), world.add()];
    world.run(1);
    for (const node of nodes) node.publish("cam");
    world.run(2);
    expect(nodes.flatMap(({ verdicts }) => verdicts).toSorted()).toEqual([
      ...["cam taken", "cam taken", "cam won"],
    ]);
    expect(world.holder("cam")).toBe(nodes.find(({ live }) => live.has("cam"))!);
  }
});

test("etcd-epoch: a revision counts on with each that has the name: the later has the higher epoch", () => {
  const [world, a, b] = worldOf(2);
  let before = 0;
  for (const node of [a!, b!, a!, b!]) {
    node.publish("cam");
    world.run(0.1);
    const revision = node.claims.revisionOf("cam");
    expect(revision).toBeGreaterThan(before);
    before = revision;
    node.leave("cam");
    world.run(0.1);
  }
});

test("etcd-claim: a node that was killed is asked, and replaced long before its lease ends", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam");
  world.run(1);
  a!.dead = true;
  b!.publish("cam");
  world.run(0.5);
  expect(b!.verdicts).toEqual(["cam won"]);
  expect(world.holder("cam")).toBe(b!);
  // The lease of the dead one ends: what hung on it hangs on another.
  world.run(15);
  expect(world.holder("cam")).toBe(b!);
});

test("etcd-claim: who does not hear of its publisher any more does not answer: silence frees the name", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam");
  world.run(1);
  a!.live.delete("cam");
  b!.publish("cam");
  world.run(0.5);
  expect(b!.verdicts).toEqual(["cam won"]);
  // It learns of it with its next renewal, though nobody told it.
  world.run(4);
  expect(a!.lost).toEqual(["cam"]);
  expect(a!.claims.owned).toBe(0);
});

test("etcd-claim: who takes over asks nobody, and whoever had the name is told", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam", true);
  world.run(1);
  b!.publish("cam", true);
  world.run(0.1);
  expect(b!.verdicts).toEqual(["cam won"]);
  world.run(4);
  expect(a!.lost).toEqual(["cam"]);
  // Once more: who lost it does not take it back by itself.
  expect(world.holder("cam")).toBe(b!);
});

test("etcd-claim: the same node started again has its names at once, by its new process", () => {
  const [world, a] = worldOf(1);
  a!.publish("cam");
  world.run(1);
  a!.restart();
  world.run(0.1);
  a!.publish("cam");
  world.run(0.5);
  expect(a!.verdicts.at(-1)).toBe("cam won");
  expect(world.holder("cam")).toBe(a!);
  world.run(20);
  expect(world.holder("cam")).toBe(a!);
});

test("etcd-claim: etcd away: what is owned stays, also for who comes back to it; new names are refused at once", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam");
  world.run(1);
  for (const node of [a!, b!]) node.cut = true;
  world.run(60);
  expect(a!.claims.trouble?.cause).toBe("no answer");
  expect(a!.lost).toEqual([]);
  a!.publish("new");
  b!.publish("cam");
  a!.publish("cam");
  expect(a!.verdicts).toEqual(["cam won", "new away", "cam won"]);
  expect(b!.verdicts).toEqual(["cam away"]);
  // Its encoder comes back within the time of a lease, and later another one does not.
  a!.leave("cam");
  world.run(5);
  a!.publish("cam");
  expect(a!.verdicts.at(-1)).toBe("cam won");
  a!.leave("cam");
  world.run(11);
  a!.publish("cam");
  expect(a!.verdicts.at(-1)).toBe("cam away");
  for (const node of [a!, b!]) node.cut = false;
  world.run(5);
  expect(a!.claims.trouble).toBeNull();
  b!.publish("cam");
  world.run(1);
  expect(b!.verdicts.at(-1)).toBe("cam won");
});

test("etcd-claim: a lease that ended while the publisher lives is replaced: the name is claimed again", () => {
  const [world, a] = worldOf(1);
  a!.publish("cam");
  world.run(1);
  world.etcd.dropLeases();
  expect(world.holder("cam")).toBeNull();
  world.run(5);
  expect(world.holder("cam")).toBe(a!);
  expect(a!.lost).toEqual([]);
  expect(a!.verdicts).toEqual(["cam won"]);
});

test("etcd-claim: a node cut off from etcd for longer than its lease claims again when it can", () => {
  const [world, a] = worldOf(1);
  a!.publish("cam");
  world.run(1);
  a!.cut = true;
  world.run(30);
  expect(world.holder("cam")).toBeNull();
  a!.cut = false;
  world.run(5);
  expect(world.holder("cam")).toBe(a!);
  expect(a!.lost).toEqual([]);
});

test("etcd-claim: another has the name meanwhile, and lives: whoever was cut off has lost it", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam");
  world.run(1);
  const before = a!.claims.revisionOf("cam");
  a!.cut = true;
  world.run(15);
  b!.publish("cam");
  world.run(1);
  expect(b!.verdicts).toEqual(["cam won"]);
  expect(b!.claims.revisionOf("cam")).toBeGreaterThan(before);
  a!.cut = false;
  world.run(6);
  expect(a!.lost).toEqual(["cam"]);
  expect(b!.lost).toEqual([]);
  expect(world.holder("cam")).toBe(b!);
});

test("etcd-claim: etcd was restored from an older state: who publishes now has its names back", () => {
  const [world, a, b, c] = worldOf(3);
  a!.publish("cam");
  b!.publish("late");
  world.run(5);
  // Of that time: "cam" is a's, "late" is b's.
  const restore = world.etcd.snapshot();
  a!.leave("cam");
  b!.leave("late");
  world.run(1);
  b!.publish("cam");
  c!.publish("new");
  world.run(30);
  restore();
  world.run(10);
  expect(world.holder("cam")).toBe(b!);
  expect(world.holder("new")).toBe(c!);
  // Nobody publishes it, whatever the old state says.
  expect(world.holder("late")).toBeNull();
  expect([a!, b!, c!].flatMap(({ lost }) => lost)).toEqual([]);
});

test("etcd-claim: a claim whose answer is lost is nobody's, and leaves nothing behind", () => {
  const [world, a, b] = worldOf(2);
  world.weather.loss = 1;
  a!.publish("cam");
  world.run(3.5);
  expect(a!.verdicts).toEqual(["cam away"]);
  world.weather.loss = 0;
  world.run(20);
  expect(world.etcd.values.size).toBe(0);
  b!.publish("cam");
  world.run(0.2);
  expect(b!.verdicts).toEqual(["cam won"]);
});

test("etcd-claim: whether a name is still its own is etcd's word, and it is not asked for long", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam");
  world.run(1);
  a!.claims.recheck("cam", world.now);
  world.run(0.1);
  expect(a!.verdicts.at(-1)).toBe("cam won");
  b!.publish("cam", true);
  world.run(0.1);
  a!.claims.recheck("cam", world.now);
  world.run(0.1);
  expect(a!.verdicts.at(-1)).toBe("cam taken");
  expect(a!.lost).toEqual(["cam"]);
  b!.cut = true;
  world.run(5);
  b!.claims.recheck("cam", world.now);
  expect(b!.verdicts.at(-1)).toBe("cam away");
  expect(b!.lost).toEqual([]);
});

test("etcd-claim: a value that no node has written is replaced", () => {
  const [world, a] = worldOf(1);
  for (const value of ["", "not json", '{"node":7}', "null"]) {
    const key = Buffer.from(world.keys.name("cam")).toString("base64");
    world.etcd.call("/v3/kv/put", { key, value: Buffer.from(value).toString("base64") });
    a!.publish("cam");
    world.run(0.1);
    expect(a!.verdicts.at(-1)).toBe("cam won");
    a!.leave("cam");
    world.run(0.1);
  }
});

test("etcd-claim: thousands of names come back to etcd some at a time", () => {
  const [world, a] = worldOf(1);
  for (let i = 0; i < 500; i += 1) a!.publish(`n${i}`);
  world.run(2);
  expect(a!.verdicts.filter((verdict) => verdict.endsWith(" won"))).toHaveLength(500);
  world.etcd.dropLeases();
  // What is asked at once comes at once.
  world.weather.delayUs = 0;
  let most = 0;
  let calls = 0;
  const call = world.etcd.call.bind(world.etcd);
  world.etcd.call = (path, body) => {
    calls += 1;
    return call(path, body);
  };
  world.run(5, () => {
    most = Math.max(most, calls);
    calls = 0;
  });
  expect(world.etcd.values.size).toBe(500);
  expect(most).toBeLessThanOrEqual(64);
});

test("etcd-claim: who gave a name back does not have it any more, though the answer was lost", () => {
  const [world, a, b] = worldOf(2);
  a!.publish("cam");
  world.run(1);
  a!.leave("cam");
  world.run(0);
  // The call is on its way.
  a!.cut = true;
  world.run(1);
  expect(world.holder("cam")).toBeNull();
  b!.publish("cam");
  world.run(4);
  expect(b!.verdicts).toEqual(["cam won"]);
  a!.publish("cam");
  world.run(1);
  expect(a!.verdicts.at(-1)).toBe("cam away");
  expect(a!.claims.owned).toBe(0);
  a!.cut = false;
  world.run(15);
  expect(world.holder("cam")).toBe(b!);
});
