/** What drills came to, and which of their bounds were missed. */
import type { DrillResult } from "../test/net/drill.ts";
import type { QuietResult } from "../test/net/quiet.ts";

export interface Told extends Omit<DrillResult, "before" | "after"> {
  /** Percent. */
  readonly loss: number;
}

export interface Findings {
  readonly results: Told[];
  readonly quiet: (QuietResult & { readonly loss: number })[];
  readonly upgrade: Told[];
  /** Drills that could not be told: why, and where their logs are. */
  readonly failures: string[];
}

export interface Bounds {
  /** Drills that were to be. */
  readonly kills: number;
  readonly gapMs: number;
}

/** Of all that were to be, so many must count. */
const COUNTED_SHARE_MIN = 0.3;

/** Empty where all is well. */
export function missesOf(
  { results, quiet, upgrade, failures }: Findings,
  bounds: Bounds,
): string[] {
  const { kills, gapMs } = bounds;
  const counted = results.filter((result) => result.void === "");
  const needed = Math.ceil(kills * COUNTED_SHARE_MIN);
  const misses: string[] = [];
  if (counted.length < needed) {
    misses.push(`${counted.length} of ${kills} count, ${needed} must`);
  }
  // A publisher that goes elsewhere is away for as long as that takes.
  const inTime = counted.filter(({ back }) => back === null);
  const late = inTime.filter((result) => result.gapMs > gapMs);
  if (late.length > 0) misses.push(`${late.length} gaps of more than ${gapMs} ms`);
  const all = [...counted, ...upgrade];
  const left = sum(all, ({ viewers, kept }) => viewers - kept);
  const quietly = sum(quiet, ({ viewers, kept }) => viewers - kept);
  if (left + quietly > 0) misses.push(`${left + quietly} viewers lost their sessions`);
  const blind = all.filter(({ browser }) => browser?.kept === false);
  if (blind.length > 0) misses.push(`${blind.length} browsers lost their picture`);
  const timely = all.filter((result) => result.void === "");
  const falsely = sum(timely, ({ falseDeaths }) => falseDeaths.length);
  if (falsely > 0) misses.push(`${falsely} nodes left parents to which nothing had happened`);
  const changes = sum(quiet, ({ falseDeaths }) => falseDeaths.length);
  if (changes > 0) misses.push(`${changes} nodes left their parents though nothing happened`);
  if (failures.length > 0) misses.push(`${failures.length} could not be told`);
  return misses;
}

export function summary(results: readonly Told[]) {
  return {
    counted: results.length,
    gapMs: spread(results.map(({ gapMs }) => gapMs)),
    freezeMs: spread(results.map(({ freezeMs }) => freezeMs)),
    elsewhereMs: spread(results.map(({ elsewhereMs }) => elsewhereMs)),
    backMs: spread(results.flatMap(({ back }) => back?.ms ?? [])),
    lost: sum(results, ({ lost }) => lost),
    viewers: sum(results, ({ viewers }) => viewers),
    kept: sum(results, ({ kept }) => kept),
    falseDeaths: sum(results, ({ falseDeaths }) => falseDeaths.length),
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function spread(given: readonly number[]) {
  const sorted = [...given].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5) ?? 0, p95: at(0.95) ?? 0, p99: at(0.99) ?? 0, max: sorted.at(-1) ?? 0 };
}
