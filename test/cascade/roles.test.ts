/** Who is a core among many that see of each other what links tell, a while later; of each seed. */
import { expect, test } from "bun:test";
import { type NodeSelf, type RoleWish, roleOf } from "../../src/cascade/greeting.ts";
import type { Link } from "../../src/cascade/link.ts";
import type { NodeId } from "../../src/cascade/node-id.ts";
import { Roles } from "../../src/cascade/roles.ts";
import { seeded } from "../support/random.ts";
import { selfOf } from "./ends.ts";

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const STEP_US = 250_000;
/** A link is made, and told of, within so many steps; a dead one is found as late as 5 s later. */
const SEEN_STEPS = 6;
const DEAD_STEPS = 20;

interface Member {
  readonly self: NodeSelf;
  readonly roles: Roles;
  readonly link: Link;
  alive: boolean;
  turns: number;
}

class Crowd {
  now = 0;
  readonly members: Member[] = [];
  /** Whether two have a link, where both are to have one. */
  reach: (left: NodeId, right: NodeId) => boolean = () => true;
  readonly #random: () => number;
  /** Cores as they were some steps ago. */
  readonly #history: Member[][] = [];

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  add(wish: RoleWish, role: "core" | "edge" = "core"): Member {
    const self = { ...selfOf(this.members.length + 1), ...roleOf(wish), role };
    const told = wish !== "auto";
    const link = { node: self.id, hello: { told } } as Link;
    const seen = (): Link[] => this.#seenBy(self);
    const roles = new Roles({
      self,
      random: this.#random,
      openCount: () => this.members.length,
      linked: () => (roles.linksAs === "core" ? seen() : seen().slice(0, 3)),
      known: () => new Set(seen().map(({ node }) => node)),
      turn: (next) => {
        self.role = next;
        member.turns += 1;
      },
    });
    const member: Member = { self, roles, link, alive: true, turns: 0 };
    this.members.push(member);
    return member;
  }

  run(us: number): void {
    for (const end = this.now + us; this.now < end; this.now += STEP_US) {
      this.#history.unshift(this.cores());
      this.#history.length = Math.min(this.#history.length, DEAD_STEPS + 1);
      for (const { roles, alive } of this.members) if (alive) roles.handleTimeout(this.now);
    }
  }

  cores(): Member[] {
    return this.members.filter(({ self, alive }) => alive && self.role === "core");
  }

  numbers(): number[] {
    return this.cores().map(({ self }) => Number.parseInt(self.id, 16));
  }

  turns(): number {
    return this.members.reduce((sum, { turns }) => sum + turns, 0);
  }

  #seenBy({ id }: NodeSelf): Link[] {
    const before = this.#history[SEEN_STEPS] ?? [];
    const dead = (this.#history[DEAD_STEPS] ?? []).filter(({ alive }) => !alive);
    const seen = new Set([...before.filter(({ alive }) => alive), ...dead]);
    return [...seen]
      .map(({ link }) => link)
      .filter(({ node }) => node !== id && this.reach(id, node));
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test("cascade-roles: of 100 that begin as cores the 16 of the lowest ids stay some, and nothing changes in 10 minutes", () => {
  for (let seed = 1; seed <= 3; seed += 1) {
    const crowd = new Crowd(seed);
    for (let i = 0; i < 100; i += 1) crowd.add("auto");
    crowd.run(6 * SECOND);
    expect({ seed, cores: crowd.numbers() }).toEqual({ seed, cores: upTo(16) });
    crowd.run(10 * MINUTE);
    expect({ seed, turns: crowd.turns() }).toEqual({ seed, turns: 84 });
  }
}, 60_000);

test("cascade-roles: of 80 that are told to be cores 64 are, and of those that are told nothing none beside 16", () => {
  const crowd = new Crowd(1);
  for (let i = 0; i < 10; i += 1) crowd.add("auto");
  for (let i = 0; i < 80; i += 1) crowd.add("core");
  crowd.run(10 * MINUTE);
  expect(crowd.numbers()).toEqual(upTo(64).map((each) => each + 10));
  expect(crowd.turns()).toBe(26);
  const mixed = new Crowd(2);
  for (let i = 0; i < 30; i += 1) mixed.add("auto");
  for (let i = 0; i < 10; i += 1) mixed.add("core");
  mixed.run(10 * MINUTE);
  expect(mixed.numbers()).toEqual([...upTo(6), ...upTo(10).map((each) => each + 30)]);
}, 60_000);

test("who does not say whether it was told to be a core stays one: it knows of no other way", () => {
  const crowd = new Crowd(1);
  for (let i = 0; i < 17; i += 1) crowd.add("auto");
  const { link } = crowd.members[16]!;
  (link as { hello: unknown }).hello = { told: null };
  crowd.run(10 * SECOND);
  // It ranks before all that were told nothing.
  expect(crowd.numbers()).not.toContain(16);
}, 60_000);

test("cascade-roles: where cores die one after the other edges become some, few at a time, however many there are", () => {
  for (const [seed, edges] of [
    [1, 3],
    [2, 84],
    [3, 2_000],
  ] as const) {
    const crowd = new Crowd(seed);
    for (let i = 0; i < 16; i += 1) crowd.add("auto");
    for (let i = 0; i < edges; i += 1) crowd.add("auto", "edge");
    crowd.run(5 * SECOND);
    for (let dead = 1; dead <= 3; dead += 1) {
      const { length } = crowd.cores();
      crowd.members[dead]!.alive = false;
      let most = 0;
      for (let i = 0; i < 85; i += 1) {
        crowd.run(SECOND);
        most = Math.max(most, crowd.cores().length);
      }
      expect({ seed, dead, length, cores: crowd.cores().length }).toEqual({
        ...{ seed, dead, length: 16, cores: 16 },
      });
      expect(most).toBeLessThanOrEqual(22);
    }
    const turns = crowd.turns();
    crowd.run(2 * MINUTE);
    expect({ seed, turns: crowd.turns() }).toEqual({ seed, turns });
  }
}, 60_000);

test("an edge that sees too few for less than 10 s stays one, and who is told to be an edge does so always", () => {
  const crowd = new Crowd(1);
  for (let i = 0; i < 16; i += 1) crowd.add("auto");
  for (let i = 0; i < 20; i += 1) crowd.add("auto", "edge");
  crowd.run(5 * SECOND);
  for (let i = 0; i < 40; i += 1) {
    crowd.members[3]!.self.role = "edge";
    crowd.run(8 * SECOND);
    crowd.members[3]!.self.role = "core";
    crowd.run(5 * SECOND);
  }
  expect(crowd.turns()).toBe(0);
  const told = new Crowd(2);
  for (let i = 0; i < 5; i += 1) told.add("edge", "edge");
  told.run(10 * MINUTE);
  expect(told.cores()).toEqual([]);
}, 60_000);

test("cascade-roles: where a tenth of all pairs have no link fewer step back, and each the less often the later", () => {
  for (let seed = 1; seed <= 2; seed += 1) {
    const crowd = new Crowd(seed);
    for (let i = 0; i < 60; i += 1) crowd.add("auto");
    crowd.reach = (left, right) => {
      const [low, high] = left < right ? [left, right] : [right, left];
      return (Number.parseInt(low, 16) * 31 + Number.parseInt(high, 16) * 17 + seed) % 10 !== 0;
    };
    crowd.run(10 * MINUTE);
    const cores = crowd.cores().length;
    expect({ seed, enough: cores >= 16, few: cores <= 22 }).toEqual({
      seed,
      enough: true,
      few: true,
    });
    const most = Math.max(...crowd.members.map(({ turns }) => turns));
    expect({ seed, most }).toEqual({ seed, most: Math.min(most, 7) });
  }
}, 60_000);
