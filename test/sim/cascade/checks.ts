/** What must hold in a cluster whatever happens, looked at many times a second of virtual time. */
import type { SimNode } from "./node.ts";
import { Switches } from "./switches.ts";
import type { Watcher } from "./watcher.ts";
import type { World } from "./world.ts";

const PATH_NODES_MAX = 4;
/** Nobody may be without media for longer, by the number of faults of late. */
const GAPS_US = [400_000, 500_000, 2_000_000, 5_000_000];
/** A fault explains a gap that begins so long after it ... */
const FAULT_FELT_US = 1_000_000;
/** ... and a change of parents. */
const CALM_US = 6_000_000;
const JUST_US = 60_000;
/** Of so many nodes many ask at once: one after the other is let in. */
const CROWD_NODES = 64;
const ADMITTED_PER_SECOND = 200;
const KEYFRAME_APART_US = 500_000;

export interface ChecksOptions {
  readonly world: World;
  readonly roundTripUs: number;
  /** Datagrams get lost without any fault. */
  readonly lossy: boolean;
}

export class Checks {
  /** In words, each once. */
  readonly problems: string[] = [];
  readonly #options: ChecksOptions;
  readonly #world: World;
  /** When what that may take media from viewers happened, and when anything did. */
  readonly #faults: number[] = [];
  #happenedAt = 0;
  readonly #loopsSince = new Map<string, number>();
  readonly #switches: Switches;
  /** Since when a watcher is owed media. */
  readonly #owedSince = new Map<Watcher, number>();
  readonly #told = new Set<string>();

  constructor(options: ChecksOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#switches = new Switches(options.world, this);
  }

  happened(fault: boolean): void {
    this.#happenedAt = this.#world.now;
    if (fault) this.#faults.push(this.#world.now);
  }

  look(): void {
    const names = new Set(this.#world.nodes.flatMap(({ watchers }) => watchers.map((w) => w.name)));
    for (const name of names) this.#lookForLoops(name);
    this.#switches.look(this.#world.now - this.#happenedAt >= CALM_US);
    for (const node of this.#world.nodes) {
      for (const watcher of node.watchers) this.#lookAtViewer(node, watcher);
      for (const publisher of node.publishers.values()) {
        for (const [ring, asked] of publisher.asked.entries()) {
          const [before, last] = asked.slice(-2);
          if (last !== undefined && before !== undefined && last - before < KEYFRAME_APART_US) {
            this.report("I7", `ring ${ring} of ${publisher.name} is asked for keyframes too often`);
          }
        }
      }
    }
  }

  report(invariant: string, what: string): void {
    const key = `${invariant} ${what.replace(/\d+ (ms|s)\b/g, "")}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.problems.push(`${invariant} at ${Math.round(this.#world.now / 1000)} ms: ${what}`);
  }

  /** Faults since a time, and shortly before. */
  #faultsSince(at: number): number {
    return this.#faults.filter((fault) => fault >= at - FAULT_FELT_US).length;
  }

  /** I1: no stream goes round, and none by more than four nodes. */
  #lookForLoops(name: string): void {
    const { now } = this.#world;
    for (const node of this.#world.nodes) {
      const length = node.alive ? (node.path(name)?.length ?? 0) : 0;
      if (length + 1 > PATH_NODES_MAX) {
        this.report("I1", `${name} comes to ${node.number} by ${length} nodes`);
      }
      const key = `${name} ${node.number}`;
      if (!this.#isInLoop(node, name)) {
        this.#loopsSince.delete(key);
        continue;
      }
      const since = this.#loopsSince.get(key) ?? now;
      this.#loopsSince.set(key, since);
      const disturbed = this.#options.lossy || this.#faultsSince(since) > 0;
      const allowed = this.#options.roundTripUs + 50_000 + (disturbed ? 1_000_000 : 0);
      if (now - since > allowed) this.report("I1", `${name} goes round by ${node.number}`);
    }
  }

  /** Whether going to whom it has it from, and so on, leads back here, on nodes that run. */
  #isInLoop(start: SimNode, name: string): boolean {
    const key = start.sourceOf(name);
    let node = start;
    for (let steps = 0; steps < this.#world.nodes.length; steps += 1) {
      const parent = node.path(name)?.at(-1);
      const source = node.sourceOf(name);
      if (parent === undefined || !node.runs) return false;
      if (source?.epoch !== key?.epoch || source?.owner !== key?.owner) return false;
      if (parent === start.number) return true;
      node = this.#world.node(parent);
    }
    return false;
  }

  /** I2 and I3. */
  #lookAtViewer(node: SimNode, watcher: Watcher): void {
    const { now, nodes } = this.#world;
    for (const wrong of watcher.wrong.splice(0)) {
      this.report("I3", `a viewer of ${watcher.name} at ${node.number}: ${wrong}`);
    }
    // Of many is not looked at who has just got something: whether it can have more takes long to tell.
    const crowd = nodes.length > CROWD_NODES;
    const justUs = crowd ? JUST_US : 0;
    if (node.runs && now - watcher.heardAt < justUs) return;
    if (!node.runs || !this.#canHave(node, watcher.name)) {
      this.#owedSince.set(watcher, now);
      return;
    }
    const owed = this.#owedSince.get(watcher) ?? watcher.since;
    const from = Math.max(owed, watcher.heardAt + justUs);
    const { roundTripUs, lossy } = this.#options;
    const base = GAPS_US[Math.min(this.#faultsSince(from), GAPS_US.length - 1)]!;
    const admitted = crowd ? (nodes.length / ADMITTED_PER_SECOND) * 1e6 : 0;
    const allowed = base + 3 * roundTripUs + (lossy ? 300_000 + 4 * roundTripUs : 0) + admitted;
    if (now - from <= allowed) return;
    const gap = Math.round((now - from) / 1000);
    this.report("I2", `no media of ${watcher.name} at ${node.number} for ${gap} ms`);
  }

  /** Whether a publisher of the name can be reached over live links by nodes that pull for others. */
  #canHave(node: SimNode, name: string): boolean {
    const { nodes } = this.#world;
    const owners = nodes.filter(({ runs, publishers }) => {
      return runs && publishers.get(name)?.silent === false;
    });
    // Of two only one counts, once all have heard of both.
    if (owners.length !== 1) return false;
    const owner = owners[0]!;
    if (owner === node) return true;
    // Who has no link with the owner asks others, once they have told of having one.
    if (!node.heard.has(name) && !this.isLinked(node, owner)) return false;
    let reached = new Set([node]);
    for (let hops = 1; hops < PATH_NODES_MAX; hops += 1) {
      const next = new Set(reached);
      for (const each of reached) {
        // Whoever drains gives what it publishes, and nothing else.
        if (each !== node && (each.role === "edge" || each.draining)) continue;
        for (const link of each.relay.node.links.open()) {
          const other = this.#world.node(this.#world.numberOf(link.node));
          if (!next.has(other) && this.isLinked(each, other)) next.add(other);
        }
      }
      if (next.has(owner)) return true;
      reached = next;
    }
    return false;
  }

  /** Both ends have a link with each other that carries datagrams. */
  isLinked(a: SimNode, b: SimNode): boolean {
    if (a === b || !a.runs || !b.runs || !this.#world.reaches(a, b)) return false;
    const there = a.relay.node.links.to(b.id);
    const back = b.relay.node.links.to(a.id);
    if (there === null || back === null) return false;
    return there.hello?.boot === b.boot && back.hello?.boot === a.boot;
  }
}
