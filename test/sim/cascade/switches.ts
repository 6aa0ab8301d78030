import type { Link } from "../../../src/cascade/link.ts";
import type { Checks } from "./checks.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

/** From so many viewers on two parents give a stream at once (src/cascade/pull.ts). */
const HOT_VIEWERS = 10;
/** So long the parents stay as they were for a link that is well again, or for one that has said yes at last. */
const FELT_US = 500_000;
/** Whom a link that did badly has moved has found a place again after so long. */
const GRAY_GONE_US = 6_000_000;
/** One parent more than are needed goes when the others have proven useful, and that is looked at. */
const SURPLUS_US = 1_500_000;

/** Who gives a stream to a node. */
interface Giving {
  /** What it comes by counts. */
  readonly first: number | undefined;
  readonly live: readonly number[];
  /** How many it needs, or did a moment ago. */
  readonly need: number;
  /** One node's failure takes all of them: another is joined that it does not take. */
  readonly alike: boolean;
  /** One had to get it first, or did a moment ago: another is asked beside one that takes long for that. */
  readonly awaited: boolean;
}

/**
 * I5, where nothing has happened for a while: nobody is taken for dead, who gives a stream stays, and
 * others come and go for a reason only: many viewers, a link that does badly, ways that have a node in
 * common, or one that was asked and has not got it yet.
 */
export class Switches {
  readonly #world: World;
  readonly #checks: Checks;
  /** By name and node, when it was looked at last, and now. */
  #before = new Map<string, Giving>();
  #present = new Map<string, Giving>();
  readonly #surplusSince = new Map<string, number>();
  /** When a parent had to get it first, by name and node. */
  readonly #awaitedAt = new Map<string, number>();
  /** When a link did badly last, and when any did. */
  readonly #grayAt = new WeakMap<Link, number>();
  #someGrayAt = Number.NEGATIVE_INFINITY;
  readonly #silent = new WeakSet<Link>();

  constructor(world: World, checks: Checks) {
    this.#world = world;
    this.#checks = checks;
  }

  /** `calm`: nothing has happened for a while. */
  look(calm: boolean): void {
    [this.#before, this.#present] = [this.#present, new Map()];
    for (const node of this.#world.nodes) {
      if (!node.alive) continue;
      for (const link of node.relay.node.links.open()) this.#lookAtLink(node, link, calm);
      for (const { known } of node.relay.node.pulls.values()) {
        this.#lookAtStream(node, known.name, calm);
      }
    }
  }

  #lookAtLink(node: SimNode, link: Link, calm: boolean): void {
    if (link.gray.isGray) {
      this.#grayAt.set(link, this.#world.now);
      this.#someGrayAt = this.#world.now;
    }
    if (!link.liveness.silent) this.#silent.delete(link);
    else if (!this.#silent.has(link)) {
      this.#silent.add(link);
      const other = this.#world.node(this.#world.numberOf(link.node));
      if (!calm || !this.#checks.isLinked(node, other)) return;
      this.#checks.report("I5", `${node.number} takes ${other.number} for dead`);
    }
  }

  #lookAtStream(node: SimNode, name: string, calm: boolean): void {
    const key = `${name} ${node.number}`;
    const before = this.#before.get(key);
    const giving = this.#giving(node, name);
    this.#present.set(key, giving);
    if (!calm || before === undefined || !this.#isOwed(node, name)) {
      this.#surplusSince.delete(key);
      return;
    }
    this.#lookForSurplus(key, giving);
    if (before.first === undefined) return;
    const told = `${node.number} has ${name} from [${giving.live}], before from [${before.live}]`;
    const come = giving.live.filter((each) => !before.live.includes(each));
    const gone = before.live.filter((each) => !giving.live.includes(each));
    // Who needs another parent for a link that does badly takes the place of one that needs it less.
    const moved = this.#world.now - this.#someGrayAt <= GRAY_GONE_US;
    if (giving.first !== before.first) {
      this.#checks.report("I5", `${told}: first ${giving.first}, before ${before.first}`);
    } else if (come.length > 0 && giving.live.length > giving.need + spareOf(before)) {
      this.#checks.report("I5", told);
    } else if (gone.length > 0 && before.live.length <= giving.need && !moved) {
      this.#checks.report("I5", `${told}, of ${giving.need} that it needs`);
    }
  }

  #lookForSurplus(key: string, { live, need }: Giving): void {
    const { now } = this.#world;
    if (live.length <= need) {
      this.#surplusSince.delete(key);
      return;
    }
    const since = this.#surplusSince.get(key) ?? now;
    this.#surplusSince.set(key, since);
    if (now - since <= SURPLUS_US) return;
    this.#checks.report("I5", `${key} has [${live}], where ${need} would do`);
  }

  /** When the owner is gone for good, one after the other gives up; what nobody reads may end. */
  #isOwed(node: SimNode, name: string): boolean {
    const owner = this.#world.nodes.find(({ id }) => id === node.sourceOf(name)?.owner);
    return node.isRead(name) && owner?.publishers.has(name) === true;
  }

  #giving(node: SimNode, name: string): Giving {
    const asked = node
      .parents(name)
      .filter(({ state, mode }) => state !== "asked" && mode === "live");
    const live = asked.map(({ node: parent }) => parent).sort();
    const { now } = this.#world;
    const key = `${name} ${node.number}`;
    if (asked.some(({ state }) => state === "not-ready")) this.#awaitedAt.set(key, now);
    const awaited = now - (this.#awaitedAt.get(key) ?? Number.NEGATIVE_INFINITY) <= FELT_US;
    const viewers = node.watchers.filter((watcher) => watcher.name === name).length * node.crowd;
    const known = node.relay.node.pulls.get(name)!.known;
    const spare = viewers === 0 && node.relay.node.serving.isSpare(known);
    const grayAt = Math.max(...live.map((parent) => this.#grayAtOf(node, parent)));
    const gray = !spare && now - grayAt <= FELT_US;
    const need = gray || viewers >= HOT_VIEWERS ? 2 : 1;
    const path = node.path(name);
    const alike = need > 1 && live.every((each) => this.#sharesNode(each, name, path));
    return { first: path?.at(-1), live, need, alike, awaited };
  }

  /** By whom it comes: whether that, or what it has it by, is a node of this path beside the root. */
  #sharesNode(parent: number, name: string, path: readonly number[] | null): boolean {
    const way = [...(this.#world.node(parent).path(name) ?? []), parent];
    return path?.slice(1).some((number) => way.includes(number)) === true;
  }

  /** When its link did badly last. */
  #grayAtOf(node: SimNode, parent: number): number {
    const link = node.relay.node.links.to(this.#world.idOf(parent));
    return (link === null ? undefined : this.#grayAt.get(link)) ?? Number.NEGATIVE_INFINITY;
  }
}

/** More than it needs, for a while. */
function spareOf({ alike, awaited }: Giving): number {
  return Number(alike) + Number(awaited);
}
