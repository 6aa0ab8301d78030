import { TAIL_BYTES_MAX } from "../limits.ts";
import type { Output } from "./output.ts";
import { type Playlist, SEGMENTS_MIN } from "./playlist.ts";

/**
 * What is listed has half of the memory: what has left a playlist is kept for as long as that was, so
 * that it takes the other half.
 */
const LISTED_MAX = TAIL_BYTES_MAX / 2;

/** A rendition of a tail, as far as memory goes. */
type Tenant = Pick<Output, "playlist" | "weight" | "close" | "open">;

/**
 * The memory of a tail: what playlists list is there. Where it would not be they list less, all of them
 * alike; where even the least is too much they list nothing until it has become less.
 */
export class Room {
  /** How often even the least was too much. */
  overfilled = 0;
  isFull = false;
  /** Segments before this one have left. */
  #oldest = 0;
  /** How much had come, and where it ended, when it was looked last while full. */
  #from = { weight: 0, us: 0 };

  constructor(private readonly targetDurationUs: number) {}

  /** To be called before control is told of what is new. */
  fit(tenants: readonly Tenant[]): void {
    if (this.isFull) this.#look(tenants);
    else this.#shrink(tenants);
  }

  /** Another source comes: nobody knows how much of it there will be. */
  forget(tenants: readonly Tenant[]): void {
    this.isFull = false;
    for (const tenant of tenants) tenant.open();
  }

  #shrink(tenants: readonly Tenant[]): void {
    const lists = tenants.map(({ playlist }) => playlist);
    for (const list of lists) list.shrinkTo(this.#oldest);
    while (sumOf(lists, listed) > LISTED_MAX) {
      const able = lists.filter(({ canShrink }) => canShrink);
      if (able.length === 0) break;
      this.#oldest = Math.min(...able.map(({ firstMsn }) => firstMsn)) + 1;
      for (const list of lists) list.shrinkTo(this.#oldest);
    }
    if (sumOf(lists, listed) > TAIL_BYTES_MAX) this.#close(tenants);
    while (sumOf(lists, kept) > TAIL_BYTES_MAX) {
      lists.reduce((one, other) => (other.departsUs < one.departsUs ? other : one)).dropDeparted();
    }
  }

  #close(tenants: readonly Tenant[]): void {
    this.isFull = true;
    this.overfilled += 1;
    this.#note(tenants);
    for (const tenant of tenants) tenant.close();
  }

  /** As much as is listed at least, however long its segments: has it been little enough? */
  #look(tenants: readonly Tenant[]): void {
    const { weight, us } = this.#from;
    if (endOf(tenants) - us < (SEGMENTS_MIN + 1) * this.targetDurationUs) return;
    if (weightOf(tenants) - weight <= LISTED_MAX) this.forget(tenants);
    else this.#note(tenants);
  }

  #note(tenants: readonly Tenant[]): void {
    this.#from = { weight: weightOf(tenants), us: endOf(tenants) };
  }
}

function listed({ listedBytes }: Playlist): number {
  return listedBytes;
}

function kept({ listedBytes, departedBytes }: Playlist): number {
  return listedBytes + departedBytes;
}

function weightOf(tenants: readonly Tenant[]): number {
  return sumOf(tenants, ({ weight }) => weight);
}

function endOf(tenants: readonly Tenant[]): number {
  return Math.max(...tenants.map(({ playlist }) => playlist.endUs));
}

function sumOf<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}
