import type { KnownName } from "../../../src/cascade/names.ts";
import { placesFor } from "../../../src/cascade/places.ts";
import type { Checks } from "./checks.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

const PATH_NODES_MAX = 4;
/** It is looked at so often. */
const LOOK_US = 250_000;
/**
 * Who would not stand by is asked again after 4 s at the latest (src/cascade/search.ts), when who is to
 * be asked is looked at next, 250 ms later, and answers.
 */
const AGAIN_US = 4_500_000;
/**
 * Where one that shares a node stands by, one after the other is asked so often (src/cascade/pull.ts), and
 * none twice within 15 s while the stream comes the same way: nobody tells it that its own is another.
 */
const BETTER_US = 500_000;
const BETTER_AGAIN_US = 15_000_000;

/** Whoever has a stream has another node ready to give it, where there is one that could for a while. */
export class Standbys {
  readonly #world: World;
  readonly #checks: Checks;
  #lookAt = 0;
  /** By name, node and another node: since when that could stand by, and none does that is as good. */
  #since = new Map<string, number>();

  constructor(world: World, checks: Checks) {
    this.#world = world;
    this.#checks = checks;
  }

  look(): void {
    if (this.#world.now < this.#lookAt) return;
    this.#lookAt = this.#world.now + LOOK_US;
    const before = this.#since;
    this.#since = new Map();
    for (const node of this.#world.nodes) {
      for (const { known } of node.runs ? node.relay.node.pulls.values() : []) {
        if (isOwed(node, known)) this.#lookAtStream(node, known.name, before);
      }
    }
  }

  #lookAtStream(node: SimNode, name: string, before: ReadonlyMap<string, number>): void {
    const { now, nodes } = this.#world;
    const standbys = node.parents(name).filter(({ state, mode }) => {
      return state === "accepted" && mode === "warm";
    });
    const ways = standbys.map(({ node: number }) => this.#wayBy(node, number, name));
    if (ways.some((way) => way !== null && !sharesNode(node, way, name))) return;
    const links = node.relay.node.links.openCount;
    const patience = standbys.length > 0 ? BETTER_AGAIN_US + links * BETTER_US : AGAIN_US;
    const late: number[] = [];
    for (const other of nodes) {
      if (!this.#couldStandBy(other, node, name)) continue;
      const key = `${name} ${node.number} ${other.number}`;
      const since = before.get(key) ?? now;
      this.#since.set(key, since);
      if (now - since > patience) late.push(other.number);
    }
    if (late.length === 0) return;
    const has = standbys.length === 0 ? "none" : "none on a way of its own";
    this.#checks.report("standby", `${node.number} has ${has} of ${name}, [${late}] could be it`);
  }

  /** On a way of its own it has it, or would get it, and has a place left. */
  #couldStandBy(other: SimNode, node: SimNode, name: string): boolean {
    if (other.draining || !this.#checks.isLinked(node, other)) return false;
    if (other.role === "edge" && !other.publishers.has(name)) return false;
    const owner = node.path(name)![0]!;
    const way = this.#wayBy(node, other.number, name);
    if (way === null || way[0] !== owner || way.length + 1 > PATH_NODES_MAX) return false;
    if (way.includes(node.number)) return false;
    if (sharesNode(node, way, name)) return false;
    if (node.parents(name).some((parent) => parent.node === other.number)) return false;
    const children = other.relay.node.serving.children.filter(({ key }) => key.name === name);
    const feeds = node.relay.node.serving.children.some(
      ({ key, link, mode }) => key.name === name && link.node === other.id && mode === "live",
    );
    const places = placesFor({ mode: "warm", spare: false }, children, this.#world.childrenMax);
    return !feeds && places > 0;
  }

  /** By which another has it, or would, that one at the end; null when it would not. */
  #wayBy(node: SimNode, number: number, name: string): readonly number[] | null {
    const other = this.#world.node(number);
    if (other.publishers.has(name)) return [number];
    const path = other.path(name);
    if (path !== null) return [...path, number];
    const owner = node.path(name)![0]!;
    const direct =
      other.sourceOf(name) === null && this.#checks.isLinked(other, this.#world.node(owner));
    return direct ? [owner, number] : null;
  }
}

/** What is had only for nodes that have another parent as well is no loss. */
function isOwed(node: SimNode, known: KnownName): boolean {
  const { name } = known;
  if (node.path(name) === null || !node.isRead(name)) return false;
  const watched = node.watchers.some((watcher) => watcher.name === name);
  return watched || !node.relay.node.serving.isSpare(known);
}

/** Whether this way to it passes a node beside the root that media passes now. */
function sharesNode(node: SimNode, way: readonly number[], name: string): boolean {
  const taken = node.path(name)!.slice(1);
  return way.slice(1).some((number) => taken.includes(number));
}
