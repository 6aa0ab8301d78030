import type { Mode } from "../wire/cascade/subscription.ts";

/** A place for one that stands by is kept for so many: they seldom lose their parents at once. */
const STANDBYS_A_PLACE = 2;

interface Occupant {
  readonly mode: Mode;
}

/**
 * How many more of a stream's children a node takes. Who stands by has a place only as long as nobody
 * needs it.
 */
export function placesFor(mode: Mode, children: readonly Occupant[], max: number): number {
  const live = children.filter((child) => child.mode === "live").length;
  if (mode === "live") return max - live;
  return STANDBYS_A_PLACE * (max - live) - (children.length - live);
}

/** Those that have no place any more when one of theirs is given to a child that needs it: the oldest. */
export function withoutPlace<Child extends Occupant>(
  children: readonly Child[],
  max: number,
): readonly Child[] {
  const standbys = children.filter((child) => child.mode === "warm");
  const live = children.length - standbys.length + 1;
  const surplus = standbys.length - STANDBYS_A_PLACE * Math.max(0, max - live);
  return standbys.slice(0, Math.max(0, surplus));
}
