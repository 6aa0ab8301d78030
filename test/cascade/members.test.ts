import { expect, test } from "bun:test";
import { Members } from "../../src/cascade/members.ts";
import type { NodeRole } from "../../src/wire/cascade/hello.ts";
import { idOf } from "./ends.ts";

const SEED = "10.0.0.2:8300";

class Ground {
  readonly dialled: string[] = [];
  readonly linked = new Set<string>();
  readonly quiet = new Set<string>();
  /** Regions of the cores that it has links with. */
  regions: string[] = [];
  random = 0.5;
  readonly members: Members;

  constructor(role: NodeRole = "core") {
    this.members = new Members({
      self: idOf(1),
      role: () => role,
      region: "eu",
      random: () => this.random,
      isLinked: (node) => this.linked.has(node),
      isQuiet: (node) => this.quiet.has(node),
      linkedRegions: () => this.regions,
      dial: (address) => this.dialled.push(address),
    });
  }

  /** Somebody tells of a core. */
  hint(
    node: number,
    addresses: readonly string[],
    region: string | null = null,
    roundTripUs: number | null = null,
    now = 0,
  ): void {
    this.members.hint({ node: idOf(node), addresses, region, roundTripUs }, now);
  }

  /** The addresses that it dials at `now`. */
  at(now: number): string[] {
    this.members.handleTimeout(now);
    return this.dialled.splice(0);
  }
}

test("a seed is dialled at once, and again later and later for ever", () => {
  const ground = new Ground();
  ground.members.setSeeds([SEED], 0);
  expect(ground.at(0)).toEqual([SEED]);
  expect(ground.at(1_000)).toEqual([]);
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 9; i += 1) {
    ground.members.failed(SEED, now);
    const at = ground.members.nextTimeout();
    waits.push(at - now);
    expect(ground.at(at - 1)).toEqual([]);
    expect(ground.at(at)).toEqual([SEED]);
    now = at;
  }
  const ms = [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000];
  expect(waits).toEqual(ms.map((each) => each * 1_000));
});

test("redials are spread by a quarter in both directions", () => {
  for (const [random, wait] of [
    [0, 187_500],
    [0.999, 312_375],
  ] as const) {
    const ground = new Ground();
    ground.random = random;
    ground.members.setSeeds([SEED], 0);
    ground.at(0);
    ground.members.failed(SEED, 0);
    expect(ground.members.nextTimeout()).toBeCloseTo(wait, 0);
  }
});

test("a dial that nobody answers is given up after 5 s", () => {
  const ground = new Ground();
  ground.members.setSeeds([SEED], 0);
  ground.at(0);
  expect(ground.members.nextTimeout()).toBe(5_000_000);
  expect(ground.at(4_999_999)).toEqual([]);
  expect(ground.at(5_000_000)).toEqual([]);
  expect(ground.at(5_250_000)).toEqual([SEED]);
});

test("whoever is linked is not dialled, and again once it is not", () => {
  const ground = new Ground();
  ground.members.setSeeds([SEED], 0);
  ground.at(0);
  ground.linked.add(idOf(2));
  ground.members.reached(SEED, idOf(2));
  expect(ground.at(60_000_000)).toEqual([]);
  expect(ground.members.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  ground.linked.delete(idOf(2));
  ground.members.failed(SEED, 60_000_000);
  expect(ground.at(60_250_000)).toEqual([SEED]);
});

test("cascade-resume: who has answered is not called again before it can be a link, and a second link is no failure", () => {
  const ground = new Ground();
  const { members, linked } = ground;
  members.setSeeds([SEED], 0);
  expect(ground.at(0)).toEqual([SEED]);
  // A link that was silent goes on by what was dialled, once both ends have said so.
  members.reached(SEED, idOf(2));
  for (let now = 20_000; now < 1_000_000; now += 20_000) expect(ground.at(now)).toEqual([]);
  linked.add(idOf(2));
  expect(ground.at(1_000_000)).toEqual([]);
  for (let i = 0; i < 8; i += 1) members.failed(SEED, 1_000_000);
  linked.delete(idOf(2));
  members.parted(idOf(2), 2_000_000);
  expect(ground.at(2_249_999)).toEqual([]);
  expect(ground.at(2_250_000)).toEqual([SEED]);
});

test("cascade-resume: who has answered and is no link after all is called again a second later", () => {
  const ground = new Ground();
  ground.members.setSeeds([SEED], 0);
  ground.at(0);
  ground.members.reached(SEED, idOf(2));
  expect(ground.at(999_999)).toEqual([]);
  expect(ground.members.nextTimeout()).toBe(1_000_000);
  expect(ground.at(1_000_000)).toEqual([SEED]);
});

test("whoever has ended a link is not dialled at once: it may be leaving", () => {
  const ground = new Ground();
  ground.hint(3, ["10.0.0.3:8300"]);
  ground.at(0);
  ground.members.reached("10.0.0.3:8300", idOf(3));
  ground.linked.add(idOf(3));
  ground.members.parted(idOf(3), 1_000_000);
  ground.linked.delete(idOf(3));
  expect(ground.at(1_249_999)).toEqual([]);
  expect(ground.at(1_250_000)).toEqual(["10.0.0.3:8300"]);
});

test("hints are dialled, but not this node itself and no node at two addresses at once", () => {
  const ground = new Ground();
  ground.hint(1, ["10.0.0.1:8300"]);
  ground.hint(3, ["10.0.0.3:8300", "[2001:db8::3]:8300"]);
  expect(ground.at(0)).toEqual(["10.0.0.3:8300"]);
  ground.members.failed("10.0.0.3:8300", 0);
  expect(ground.at(0)).toEqual(["[2001:db8::3]:8300"]);
});

test("a seed that is this node itself is dialled once", () => {
  const ground = new Ground();
  ground.members.setSeeds([SEED], 0);
  ground.at(0);
  ground.members.reached(SEED, idOf(1));
  ground.members.failed(SEED, 0);
  expect(ground.at(60_000_000)).toEqual([]);
});

test("a dead address of a node keeps another one of it for half a second, and no other node at all", () => {
  const ground = new Ground();
  ground.hint(3, ["10.0.0.3:8300", "10.9.0.3:8300"]);
  ground.hint(4, ["10.0.0.4:8300"]);
  expect(ground.at(0)).toEqual(["10.0.0.3:8300", "10.0.0.4:8300"]);
  expect(ground.members.nextTimeout()).toBe(500_000);
  expect(ground.at(499_999)).toEqual([]);
  expect(ground.at(500_000)).toEqual(["10.9.0.3:8300"]);
});

test("whoever was there is dialled again where a link ended, and nobody else is believed to be", () => {
  const ground = new Ground();
  ground.hint(3, ["10.0.0.3:8300"]);
  ground.at(0);
  ground.members.reached("10.0.0.3:8300", idOf(3));
  ground.members.failed("10.0.0.3:8300", 1_000);
  // It is linked again, by a call of its own.
  ground.linked.add(idOf(3));
  expect(ground.at(60_000_000)).toEqual([]);
  ground.linked.delete(idOf(3));
  expect(ground.at(60_000_000)).toEqual(["10.0.0.3:8300"]);
});

const HINTS = ["10.0.0.11:8300", "10.0.0.12:8300", "10.0.0.13:8300", "10.0.0.14:8300"] as const;

test("cascade-edges: an edge dials as many as it lacks: those of its region first, of them the nearest", () => {
  const ground = new Ground("edge");
  ground.hint(11, [HINTS[0]], "us", 1_000);
  ground.hint(12, [HINTS[1]], "eu", 9_000);
  ground.hint(13, [HINTS[2]], "eu", 2_000);
  ground.hint(14, [HINTS[3]], "eu");
  for (let i = 0; i < 60; i += 1) ground.hint(100 + i, [`10.1.0.${i}:8300`], "asia", 500);
  ground.regions = ["eu"];
  expect(ground.at(0)).toEqual([HINTS[2], HINTS[1]]);
  expect(ground.at(1)).toEqual([]);
  for (const node of [12, 13]) ground.linked.add(idOf(node));
  ground.members.reached(HINTS[1], idOf(12));
  ground.members.reached(HINTS[2], idOf(13));
  ground.regions = ["eu", "eu", "eu"];
  expect(ground.at(60_000_000)).toEqual([]);
  expect(ground.members.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  // One dies.
  ground.regions = ["eu", "eu"];
  ground.linked.delete(idOf(13));
  ground.members.failed(HINTS[2], 60_000_000);
  expect(ground.at(60_000_000)).toEqual([HINTS[3]]);
});

test("cascade-edges: an edge whose dials are not answered dials others beside them, one by one", () => {
  const ground = new Ground("edge");
  for (const [i, hint] of HINTS.entries()) ground.hint(11 + i, [hint], "eu", 1_000 * i);
  ground.hint(20, ["10.0.0.20:8300"], "us");
  expect(ground.at(0)).toEqual(HINTS.slice(0, 3));
  expect(ground.members.nextTimeout()).toBe(500_000);
  expect(ground.at(499_999)).toEqual([]);
  expect(ground.at(500_000)).toEqual([HINTS[3], "10.0.0.20:8300"]);
});

test("cascade-doubt: an edge dials those that are silent, or did not answer lately, behind all others", () => {
  const ground = new Ground("edge");
  for (const [i, hint] of HINTS.entries()) ground.hint(11 + i, [hint], "eu", 1_000 * i);
  ground.hint(20, ["10.0.0.20:8300"], "us");
  for (const node of [11, 12]) ground.quiet.add(idOf(node));
  expect(ground.at(0)).toEqual([HINTS[2], HINTS[3], "10.0.0.20:8300"]);
  expect(ground.at(500_000)).toEqual([HINTS[0], HINTS[1]]);
});

test("who did not answer is near again once that is long ago", () => {
  const ground = new Ground("edge");
  ground.hint(11, [HINTS[0]], "eu", 1_000);
  ground.hint(12, [HINTS[1]], "eu", 2_000);
  ground.regions = ["eu", "eu"];
  expect(ground.at(0)).toEqual([HINTS[0]]);
  ground.members.failed(HINTS[0], 1_000);
  expect(ground.at(600_000)).toEqual([HINTS[1]]);
  ground.members.failed(HINTS[1], 601_000);
  expect(ground.at(60_000_000)).toEqual([HINTS[0]]);
});

test("an edge dials nobody of whom no core says that it is one, and who did not answer again and again", () => {
  const ground = new Ground("edge");
  ground.hint(11, [HINTS[0]]);
  ground.hint(12, [HINTS[1]], "eu");
  expect(ground.at(0)).toEqual([HINTS[1]]);
  ground.members.failed(HINTS[1], 1_000);
  expect(ground.at(251_000)).toEqual([HINTS[1]]);
  ground.members.failed(HINTS[1], 252_000);
  expect(ground.members.nextTimeout()).toBe(752_000);
});

test("an edge with three links looks for one of its own region while it has another's", () => {
  const ground = new Ground("edge");
  ground.regions = ["eu", "us", "us"];
  ground.hint(11, [HINTS[0]], "us", 1_000);
  ground.hint(12, [HINTS[1]], "eu", 9_000);
  ground.hint(13, [HINTS[2]], "eu", 90_000);
  expect(ground.at(0)).toEqual([HINTS[1]]);
  expect(ground.at(1_000)).toEqual([]);
  ground.members.reached(HINTS[1], idOf(12));
  ground.linked.add(idOf(12));
  // The one too many goes first.
  ground.regions = ["eu", "eu", "us", "us"];
  expect(ground.at(2_000)).toEqual([]);
  ground.regions = ["eu", "eu", "us"];
  expect(ground.at(3_000)).toEqual([HINTS[2]]);
});

test("of 512 addresses those go first that are no seeds and that nobody answers at", () => {
  const ground = new Ground();
  ground.members.setSeeds([SEED], 0);
  ground.linked.add(idOf(3));
  ground.hint(3, ["10.0.0.3:8300"]);
  ground.at(0);
  for (let i = 0; i < 2_000; i += 1) {
    ground.hint(100, [`10.1.${i >> 8}.${i & 255}:8300`]);
  }
  ground.members.failed(SEED, 0);
  ground.linked.delete(idOf(3));
  const dialled = new Set<string>();
  for (let now = 0; now < 6_000_000_000 && dialled.size < 512; now += 1_000_000) {
    for (const address of ground.at(now)) {
      dialled.add(address);
      ground.members.failed(address, now);
    }
  }
  expect(dialled.size).toBe(512);
  expect(dialled.has(SEED)).toBeTrue();
  expect(dialled.has("10.0.0.3:8300")).toBeTrue();
});

test("eight addresses each of 64 nodes cost no more than a look at each", () => {
  const ground = new Ground();
  for (let i = 0; i < 512; i += 1) {
    ground.hint(100 + (i >> 3), [`10.1.${i >> 8}.${i & 255}:8300`]);
  }
  expect(ground.at(0)).toHaveLength(64);
  const before = process.cpuUsage().user;
  for (let now = 0; now < 1_000; now += 1) ground.members.nextTimeout();
  expect(process.cpuUsage().user - before).toBeLessThan(250_000);
});
