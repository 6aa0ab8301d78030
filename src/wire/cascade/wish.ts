/** What a child asks of its parent while a stream flows: KEY and FILL. */
import type { Elements } from "./elements.ts";
import { Frame, STREAM_RINGS_MAX } from "./kinds.ts";
import { ALIAS_MAX } from "./subscription.ts";

/** Stretches of missing packets in one FILL. */
export const FILL_RANGES_MAX = 32;
/** Askings are numbered up to this, and then from 0 on again. */
export const FILL_NUMBER_MAX = 0xffff;
/** Packets of one stretch: no ring is longer. */
const RANGE_LENGTH_MAX = 8192;

/** As `ring/layout.ts` tells them apart. */
const KEYFRAME_REASONS = ["join", "failure", "segment"] as const;
export type KeyframeReason = (typeof KEYFRAME_REASONS)[number];

/** KEY: a keyframe, please. */
export interface KeyframeWish {
  readonly alias: number;
  readonly ring: number;
  readonly reason: KeyframeReason;
}

export function writeKeyframeWish({ alias, ring, reason }: KeyframeWish): unknown[] {
  return [Frame.keyframe, alias, ring, KEYFRAME_REASONS.indexOf(reason)];
}

export function readKeyframeWish(elements: Elements): KeyframeWish | null {
  const wish: KeyframeWish = {
    alias: elements.uint(ALIAS_MAX),
    ring: elements.uint(STREAM_RINGS_MAX - 1),
    reason: KEYFRAME_REASONS[elements.uint(KEYFRAME_REASONS.length - 1)]!,
  };
  return elements.ok ? wish : null;
}

/** So many origin sequences from the first on. */
export interface Stretch {
  readonly from: number;
  readonly count: number;
}

/** FILL: these packets are missing. */
export interface Fill {
  readonly alias: number;
  readonly ring: number;
  readonly stretches: readonly Stretch[];
  /** Of this asking, which may come twice; null of an older version, which says it once. */
  readonly number: number | null;
}

export function writeFill({ alias, ring, stretches, number }: Fill): unknown[] {
  const asked = stretches.flatMap(({ from, count }) => [from, count]);
  return [Frame.fill, alias, ring, asked, ...(number === null ? [] : [number])];
}

export function readFill(elements: Elements): Fill | null {
  const fill: Fill = {
    alias: elements.uint(ALIAS_MAX),
    ring: elements.uint(STREAM_RINGS_MAX - 1),
    stretches: elements.list(2 * FILL_RANGES_MAX, (each) => ({
      from: each.int32(),
      count: each.uint(RANGE_LENGTH_MAX),
    })),
    number: elements.more ? elements.uint(FILL_NUMBER_MAX) : null,
  };
  return elements.ok ? fill : null;
}
