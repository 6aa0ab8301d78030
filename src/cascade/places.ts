import type { Mode } from "../wire/cascade/subscription.ts";

/** A place for one that stands by is kept for so many: they seldom lose their parents at once. */
const STANDBYS_A_PLACE = 2;

/** A child, or one that is to be one. */
export interface Occupant {
  readonly mode: Mode;
  /** Another parent gives it already. */
  readonly spare: boolean;
}

/** Who needs a place the more has it before the others. */
export function needOf({ mode, spare }: Occupant): number {
  if (mode === "warm") return 0;
  return spare ? 1 : 2;
}

/** How many more children like this one a node takes of a stream, which has these of at most `max`. */
export function placesFor(child: Occupant, children: readonly Occupant[], max: number): number {
  const [standbys, spares, needed] = countsOf(children);
  if (needOf(child) === 2) return max - needed;
  const left = max - needed - spares;
  if (needOf(child) === 0) return STANDBYS_A_PLACE * left - standbys;
  return left - Math.ceil(standbys / STANDBYS_A_PLACE);
}

/**
 * Those that have no place any more when one of theirs is given to a child that needs it: first those
 * that stand by, then those that have it from another as well, of both the oldest.
 */
export function withoutPlace<Child extends Occupant>(
  children: readonly Child[],
  max: number,
): readonly Child[] {
  const [standbys, spares, needed] = countsOf(children);
  const left = Math.max(0, max - needed - 1);
  const places = STANDBYS_A_PLACE * Math.max(0, left - spares);
  return [
    ...children.filter((child) => needOf(child) === 0).slice(0, Math.max(0, standbys - places)),
    ...children.filter((child) => needOf(child) === 1).slice(0, Math.max(0, spares - left)),
  ];
}

/** Those that stand by, that have it from another as well, and that have it from here alone. */
function countsOf(children: readonly Occupant[]): [number, number, number] {
  const counts: [number, number, number] = [0, 0, 0];
  for (const child of children) counts[needOf(child)]! += 1;
  return counts;
}
