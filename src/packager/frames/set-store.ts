import { PARAMETER_SETS_BYTES_MAX } from "../../limits.ts";
import { sameBytes } from "../../wire/bytes.ts";

/** Sets of one kind: more SPS than an avcC can count (31). */
const SETS_MAX = 31;

/** A parameter set, as the NAL unit that it came as. */
export interface KnownSet {
  readonly unit: Uint8Array;
}

/**
 * The parameter sets of one encoder, one map a kind. Those of all ids are kept: an encoder that sends
 * them by turns has one configuration, not several.
 */
export class SetStore {
  readonly #kinds: readonly Map<number, KnownSet>[];
  #bytes = 0;

  constructor(kinds: readonly Map<number, KnownSet>[]) {
    this.#kinds = kinds;
  }

  /**
   * Keeps a set with a copy of its bytes, which are another's; true when something has changed. Where
   * too many are known, this one alone is left.
   */
  keep<Known extends KnownSet>(sets: Map<number, Known>, id: number, known: Known): boolean {
    const old = sets.get(id)?.unit ?? null;
    if (sameBytes(old, known.unit) || known.unit.length > PARAMETER_SETS_BYTES_MAX) return false;
    this.#bytes += known.unit.length - (old?.length ?? 0);
    if (this.#bytes > PARAMETER_SETS_BYTES_MAX || (old === null && sets.size === SETS_MAX)) {
      for (const kind of this.#kinds) kind.clear();
      this.#bytes = known.unit.length;
    }
    sets.set(id, { ...known, unit: known.unit.slice() });
    return true;
  }
}

/** By their ids, so that the order in which they came makes no other configuration. */
export function inOrder(sets: ReadonlyMap<number, KnownSet>): Uint8Array[] {
  return [...sets].toSorted(([a], [b]) => a - b).map(([, { unit }]) => unit);
}
