import type { NodeId } from "./node-id.ts";
import { type Parent, sharesNode } from "./parent.ts";

/**
 * Whether another is wanted beside those that give it, the first first, by this path: where two are to
 * and one node's failure takes both, one that it does not take is joined, and one of the others goes.
 */
export function lacksApart(
  giving: readonly Parent[],
  wanted: number,
  path: readonly NodeId[] | null,
): boolean {
  const seconds = giving.slice(1);
  return wanted > 1 && seconds.length > 0 && seconds.every((each) => sharesNode(each, path));
}

/** Of those that give it, the first first, those that are to go on come before those that are not. */
export function inOrderOfUse(
  giving: readonly Parent[],
  path: readonly NodeId[] | null,
): readonly Parent[] {
  const rank = (parent: Parent): number => Number(parent !== giving[0] && sharesNode(parent, path));
  return giving.toSorted((left, right) => rank(left) - rank(right));
}
