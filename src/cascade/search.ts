import type { Link } from "./link.ts";
import type { NodeId } from "./node-id.ts";

/** Who would not stand by is asked that again after so long, and after twice as long each time ... */
const STANDBY_AGAIN_MIN_US = 250_000;
/** ... up to this: a place may have come free. */
const STANDBY_AGAIN_MAX_US = 4_000_000;
/** Whose way is no second one, or longer than another's, is asked to stand by no more for so long, while another does. */
const NO_SECOND_WAY_US = 15_000_000;
/** Who might have it by a shorter way than one that stands by on a way apart, and has not, or would not. */
const NO_SHORTER_WAY_US = 60_000_000;
/** Who had no place for one that has it from another as well is asked for one again after so long. */
const PLACE_AGAIN_US = 1_000_000;
/** Every link says a word a second: one that does not may be dead, and is asked last. */
const DOUBTFUL_US = 1_500_000;
const SUGGESTED_MAX = 16;

/** Who would not stand by, until when that counts, and for how long the next time. */
interface Unwilling {
  until: number;
  waitUs: number;
}

/** Whom a stream can be asked of, and who is not to be asked for a while. */
export class Search {
  /** Nodes that somebody who was full named instead. */
  readonly suggested = new Set<NodeId>();
  readonly #until = new Map<NodeId, number>();
  readonly #unwilling = new Map<NodeId, Unwilling>();
  readonly #noPlace = new Map<NodeId, number>();
  readonly #noSecondWay = new Map<NodeId, { until: number; path: string }>();

  suggest(nodes: readonly NodeId[]): void {
    if (this.suggested.size > SUGGESTED_MAX) this.suggested.clear();
    for (const node of nodes) this.suggested.add(node);
  }

  /** It is not asked for anything before. */
  avoid(node: NodeId, until: number): void {
    this.#until.set(node, until);
  }

  /** It does not stand by; `apart`: another does already on a way apart from this path. */
  unwilling(node: NodeId, now: number, path: readonly NodeId[] | null = null, apart = false): void {
    if (apart) this.noSecondWay(node, path, now, false);
    const before = this.#unwilling.get(node);
    const waitUs = Math.min(STANDBY_AGAIN_MAX_US, 2 * (before?.waitUs ?? STANDBY_AGAIN_MIN_US / 2));
    this.#unwilling.set(node, { until: now + waitUs, waitUs });
  }

  /** It has no place for one that has it from another as well. */
  noPlace(node: NodeId, now: number): void {
    this.#noPlace.set(node, now + PLACE_AGAIN_US);
  }

  hasPlace(node: NodeId, now: number): boolean {
    return now >= (this.#noPlace.get(node) ?? Number.NEGATIVE_INFINITY);
  }

  /**
   * It stands by, but by no better way than another, for what comes by this path. `shares`: by that of
   * whoever gives it; where another stands by on a way apart nothing is lost by waiting.
   */
  noSecondWay(node: NodeId, path: readonly NodeId[] | null, now: number, shares = true): void {
    const us = shares ? NO_SECOND_WAY_US : NO_SHORTER_WAY_US;
    this.#noSecondWay.set(node, { until: now + us, path: path?.join() ?? "" });
  }

  /** It stands by. */
  willing(node: NodeId): void {
    this.#unwilling.delete(node);
  }

  /** Its next process has refused nothing. */
  forgive(node: NodeId): void {
    this.#until.delete(node);
    this.#unwilling.delete(node);
    this.#noPlace.delete(node);
    this.#noSecondWay.delete(node);
  }

  /** Those of these links, the best first, that may be asked now to give it. */
  askable(links: readonly Link[], now: number): Link[] {
    const askable = links.filter(
      ({ open, liveness, node }) =>
        open && !liveness.silent && now >= (this.#until.get(node) ?? Number.NEGATIVE_INFINITY),
    );
    const isDoubtful = (link: Link): boolean => now - link.liveness.heardAt > DOUBTFUL_US;
    return [...askable.filter((link) => !isDoubtful(link)), ...askable.filter(isDoubtful)];
  }

  /**
   * Those that may be asked now to stand by. `path`: another does already, and a better is looked for, for
   * what comes by this; null where none does.
   */
  asStandby(links: readonly Link[], now: number, path: readonly NodeId[] | null): Link[] {
    return this.askable(links, now).filter(({ node }) => {
      if (now < (this.#unwilling.get(node)?.until ?? Number.NEGATIVE_INFINITY)) return false;
      const known = path === null ? undefined : this.#noSecondWay.get(node);
      return known === undefined || now >= known.until || known.path !== path?.join();
    });
  }
}
