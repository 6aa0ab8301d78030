import type { NodeId } from "./node-id.ts";

/** An address that does not answer is tried again after this, twice as long each time ... */
const REDIAL_MIN_US = 250_000;
/** ... up to this, for ever: a partition heals by itself. */
const REDIAL_MAX_US = 10_000_000;

/** What others say of a core: where it is, and how far from here by who says so. */
export interface CoreHint {
  readonly node: NodeId;
  readonly addresses: readonly string[];
  /** Null when nobody says. */
  readonly region: string | null;
  /** There and back, us; null when nobody knows. */
  readonly roundTripUs: number | null;
}

/** Where a node may be. */
export class Place {
  seed = false;
  /** A core told that another one is there, for all that it knew. */
  core = false;
  /** Who was there last; null while nobody was. */
  node: NodeId | null = null;
  /** Of that node, as far as others say; null when they do not. */
  region: string | null = null;
  roundTripUs: number | null = null;
  dialledAt: number | null = null;
  failures = 0;
  nextAt: number;
  /** A seed that nobody answers at: told, until somebody does. */
  told = false;

  constructor(
    readonly address: string,
    now: number,
  ) {
    this.nextAt = now;
  }

  /** Somebody says who is there. Who has answered there is believed more. */
  hint({ node, region, roundTripUs }: CoreHint): void {
    this.core ||= region !== null;
    this.node ??= node;
    if (this.node !== node) return;
    this.region = region ?? this.region;
    if (roundTripUs === null) return;
    this.roundTripUs = Math.min(roundTripUs, this.roundTripUs ?? roundTripUs);
  }

  /** Nobody may be who was there. */
  forget(): void {
    this.node = null;
    this.region = null;
    this.roundTripUs = null;
  }

  /** A link to whoever was there is over: it is not dialled at once, as it may just be leaving. */
  parted(now: number): void {
    this.nextAt = Math.max(this.nextAt, now + REDIAL_MIN_US);
  }

  /** `spread`: 0 <= x < 1. */
  failed(now: number, spread: number): void {
    this.dialledAt = null;
    const wait = Math.min(REDIAL_MAX_US, REDIAL_MIN_US * 2 ** Math.min(this.failures, 10));
    this.failures += 1;
    this.nextAt = now + wait * (0.75 + 0.5 * spread);
  }
}
