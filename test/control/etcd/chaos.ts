/**
 * Names by etcd under faults, seed by seed: publishers come and go at four nodes while calls are lost,
 * nodes are cut off, killed and started again, leases go and the store falls back to an older state.
 */
import { expect } from "bun:test";
import { seeded } from "../../support/random.ts";
import { type TestNode, World } from "./world.ts";

const NODES = 4;
const NAMES = ["a", "b", "c"];
/** A node without a fault for so long answers whoever asks it: its lease, a call and a renewal later. */
const CALM_US = 15_000_000;

class Chaos {
  readonly world: World;
  /** When the store was last not what it had been. */
  #storeAt = Number.NEGATIVE_INFINITY;
  #restore: (() => void) | null = null;
  won = 0;

  constructor(seed: number) {
    this.world = new World(seeded(seed));
    this.world.weather.delayUs = 40_000;
    for (let i = 0; i < NODES; i += 1) {
      const node = this.world.add();
      node.onVerdict = (name, verdict) => {
        if (verdict === "won") this.#check(node, name);
      };
    }
  }

  run(): void {
    const { world } = this;
    for (let second = 0; second < 120; second += 1) {
      this.#disturb();
      this.#publish();
      world.run(1);
    }
    world.weather.loss = 0;
    for (const node of world.nodes) {
      node.cut = false;
      if (node.dead) node.restart();
    }
    world.run(25);
    this.#settled();
  }

  #disturb(): void {
    const { world } = this;
    const chance = (probability: number): boolean => world.random() < probability;
    if (chance(0.1)) world.weather.loss = chance(0.5) ? 0 : world.random() * 0.3;
    for (const node of world.nodes) {
      if (chance(0.03)) node.cut = !node.cut;
      if (node.dead ? chance(0.3) : chance(0.01)) {
        if (node.dead) node.restart();
        else node.dead = true;
      }
    }
    if (chance(0.01)) this.#restore = world.etcd.snapshot();
    if (chance(0.01) || (this.#restore !== null && chance(0.02))) {
      if (this.#restore === null) world.etcd.dropLeases();
      else this.#restore();
      this.#restore = null;
      this.#storeAt = world.now;
    }
  }

  #publish(): void {
    const { world } = this;
    for (const node of world.nodes) {
      for (const name of NAMES) {
        if (node.dead || node.asking.has(name)) continue;
        const roll = world.random();
        if (node.live.has(name) && roll < 0.2) node.leave(name);
        else if (!node.live.has(name) && roll < 0.1) node.publish(name);
      }
    }
  }

  /** Nobody wins a name that another node has, hears of, and could have answered for. */
  #check(winner: TestNode, name: string): void {
    const { world } = this;
    this.won += 1;
    // It keeps what it had: it cannot know better.
    if (winner.claims.trouble !== null) return;
    for (const node of world.nodes) {
      const isAble = Math.max(node.faultAt, this.#storeAt) + CALM_US < world.now && !node.cut;
      if (node === winner || node.dead || !isAble || !node.live.has(name)) continue;
      throw new Error(`${name} is won by ${winner.id} at ${world.now}, and ${node.id} has it`);
    }
  }

  /** Without faults: each name is at most one node's, etcd knows no other, and nobody waits. */
  #settled(): void {
    const { world } = this;
    for (const name of NAMES) {
      const live = world.nodes.filter((node) => node.live.has(name));
      expect(live.length).toBeLessThanOrEqual(1);
      expect(world.holder(name)).toBe(live[0] ?? null);
    }
    for (const node of world.nodes) {
      expect(node.claims.trouble).toBeNull();
      expect(node.asking.size).toBe(0);
      expect(node.claims.owned).toBe(node.live.size);
    }
  }
}

/** One case, wholly made by its seed: how often a name was won. Throws when a rule is broken. */
export function runChaos(seed: number): number {
  const chaos = new Chaos(seed);
  chaos.run();
  return chaos.won;
}
