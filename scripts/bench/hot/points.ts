/** Which loads `hot` puts on the egress. */
import type { SourcePlan } from "../../../src/load/options.ts";
import { type BenchOptions, sourcePlan } from "../harness.ts";

export interface Load {
  readonly streams: number;
  /** Of all streams together. */
  readonly viewers: number;
  readonly bitrate: number;
  readonly spread: boolean;
  /** In real time. */
  readonly paced: boolean;
}

type Size = readonly [streams: number, viewers: number, bitrate: number];

const STREAMS = [1, 20, 200];
const VIEWERS = 200;
const BITRATE = 1_500_000;

const SIZES: readonly Size[] = [
  ...[100, 200, 500, 2000].map((viewers): Size => [1, viewers, BITRATE]),
  ...[600_000, 2_500_000].map((bitrate): Size => [1, 500, bitrate]),
  [20, 500, BITRATE],
  [200, 2000, BITRATE],
];
const QUICK: readonly Size[] = [[1, 100, BITRATE]];

/** All of them, or one number of viewers or rate by itself. Each in bursts and spread. */
export function loadsOf({ quick, viewers, bitrate }: BenchOptions): readonly Load[] {
  if (quick) return both(QUICK, false);
  if (viewers === null && bitrate === null) {
    return [...both(SIZES, false), ...both([[1, VIEWERS, BITRATE]], true)];
  }
  const count = viewers ?? VIEWERS;
  const chosen = STREAMS.filter((streams) => streams <= count).map(
    (streams): Size => [streams, count, bitrate ?? BITRATE],
  );
  return [...both(chosen, false), ...both(chosen.slice(0, 1), true)];
}

function both(sizes: readonly Size[], paced: boolean): Load[] {
  return sizes.flatMap(([streams, viewers, bitrate]) =>
    [false, true].map((spread) => ({ streams, viewers, bitrate, spread, paced })),
  );
}

export function planOf({ bitrate, spread }: Load): SourcePlan {
  return sourcePlan(bitrate, spread);
}

/** About: of all viewers together, with 50 of audio. */
export function packetsPerSecond({ viewers, bitrate, spread }: Load): number {
  const { fps, packetBytes } = sourcePlan(bitrate, spread);
  return viewers * (fps * Math.ceil(bitrate / 8 / fps / packetBytes) + 50);
}
