/** What drills came to, and which of their bounds were missed. */
import { type DrillResult, WAITED_MS_MAX } from "../test/net/drill.ts";
import type { Places } from "../test/net/drill-tree.ts";
import type { QuietResult } from "../test/net/quiet.ts";

export interface Told extends Omit<DrillResult, "before" | "after"> {
  /** Percent. */
  readonly loss: number;
  /** Below, where the longest gap was, media comes by a way that is longer by this from then on, ms. */
  readonly longerMs: number;
}

/** What is told of a drill; `wayMs`: what is sent by a node is at another one after. */
export function told(
  { before, after, ...result }: DrillResult,
  loss: number,
  wayMs: (from: number, to: number) => number,
): Told {
  const { below, victim, byNode } = result;
  const hit = byNode.filter(({ node }) => node !== victim && below.includes(node));
  const worst = hit.toSorted((left, right) => right.gapMs - left.gapMs)[0]?.node;
  const lengthOf = (places: Places): number | null => {
    const path = worst === undefined ? undefined : places[worst]?.path;
    if (path === undefined || path.length === 0) return null;
    const nodes = [...path, worst!];
    return sum(nodes.slice(1), (node) => wayMs(nodes[nodes.indexOf(node) - 1]!, node));
  };
  const [then, now] = [lengthOf(before), lengthOf(after)];
  const longerMs = then === null || now === null ? 0 : Math.max(0, now - then);
  return { ...result, loss, longerMs };
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
  /** Beyond the distance of two frames; where the publisher goes elsewhere, from its return on. */
  readonly addedMs: number;
  readonly afterReturnMs: number;
}

/** The load tool publishes 30 frames a second, the smaller ones of one packet each. */
const FRAME_MS = 1000 / 30;

/** Of all that were to be, so many must count. */
const COUNTED_SHARE_MIN = 0.3;

/** Empty where all is well. */
export function missesOf(
  { results, quiet, upgrade, failures }: Findings,
  bounds: Bounds,
): string[] {
  const { kills, addedMs, afterReturnMs } = bounds;
  const counted = results.filter((result) => result.void === "");
  const needed = Math.ceil(kills * COUNTED_SHARE_MIN);
  const misses: string[] = [];
  if (counted.length < needed) {
    misses.push(`${counted.length} of ${kills} count, ${needed} must`);
  }
  const late = counted.filter((each) => each.back === null && isLate(each, addedMs));
  if (late.length > 0) misses.push(`${late.length} gaps of more than ${addedMs} ms`);
  // A publisher that goes elsewhere is away for as long as that takes.
  const lateBack = counted.filter((each) => (afterReturnOf(each) ?? 0) > afterReturnMs);
  if (lateBack.length > 0) {
    misses.push(
      `${lateBack.length} times nothing ${afterReturnMs} ms after the publisher's return`,
    );
  }
  const all = [...counted, ...upgrade];
  const left = sum(all, ({ viewers, kept }) => viewers - kept);
  const quietly = sum(quiet, ({ viewers, kept }) => viewers - kept);
  if (left + quietly > 0) misses.push(`${left + quietly} viewers lost their sessions`);
  const blind = all.filter(({ browser }) => browser?.kept === false);
  if (blind.length > 0) misses.push(`${blind.length} browsers lost their picture`);
  // One that was left while some node had no processor may have been silent.
  const timely = all.filter((each) => each.void === "" && each.waitedMs <= WAITED_MS_MAX);
  // What the victim alone had is nothing: it had it from the publisher's node, which still has it.
  const whole = timely.filter(({ loss, back }) => loss === 0 && back === null);
  const lost = sum(whole, ({ lost }) => lost);
  if (lost > 0) misses.push(`${lost} packets lost for good though no link loses any`);
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
    addedMs: spread(results.filter(({ back }) => back === null).map(addedOf)),
    freezeMs: spread(results.map(({ freezeMs }) => freezeMs)),
    longerMs: spread(results.map(({ longerMs }) => longerMs)),
    elsewhereMs: spread(results.map(({ elsewhereMs }) => elsewhereMs)),
    afterReturnMs: spread(results.flatMap((each) => afterReturnOf(each) ?? [])),
    backMs: spread(results.flatMap(({ back }) => back?.ms ?? [])),
    lost: sum(results, ({ lost }) => lost),
    viewers: sum(results, ({ viewers }) => viewers),
    kept: sum(results, ({ kept }) => kept),
    falseDeaths: sum(results, ({ falseDeaths }) => falseDeaths.length),
  };
}

/**
 * Where the way that is left is longer by more than is to be added, all of that time passes: the longer
 * way counts by itself then.
 */
function isLate(told: Told, addedMs: number): boolean {
  const own = isFarther(told, addedMs) ? told.longerMs : 0;
  return addedOf(told) - own > addedMs;
}

/** No choice of the node below makes the pause as short as `addedMs`. */
export function isFarther({ longerMs }: Told, addedMs: number): boolean {
  return longerMs > addedMs;
}

function addedOf({ gapMs }: Told): number {
  return Math.max(0, gapMs - FRAME_MS);
}

function afterReturnOf({ gapMs, back }: Told): number | null {
  return back === null ? null : Math.max(0, gapMs - back.ms);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function spread(given: readonly number[]) {
  const sorted = [...given].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const [p50 = 0, p95 = 0, p99 = 0, max = 0] = [at(0.5), at(0.95), at(0.99), sorted.at(-1)].map(
    (ms) => (ms === undefined ? 0 : Math.round(ms)),
  );
  return { p50, p95, p99, max };
}
