import type { Link } from "./link.ts";
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

/** A standby is replaced for a whole way that is shorter by so much, and by a quarter. */
const SHORTER_US = 5_000;

/**
 * Of these links, the nearest first, those at whose ends somebody may be a better standby than the best
 * that there is: of whom one failure takes less, or who would have it by a way that is known to be much
 * shorter.
 */
export function betterThan(
  best: Parent | undefined,
  links: readonly Link[],
  path: readonly NodeId[] | null,
  way: (link: Link, path?: readonly NodeId[]) => number | null,
): readonly Link[] {
  const isTaken = ({ node }: Link): boolean => path !== null && path.indexOf(node) > 0;
  const apart = links.filter((link) => !isTaken(link));
  if (best === undefined || sharesNode(best, path)) return [...apart, ...links.filter(isTaken)];
  const present = way(best.link, best.path);
  if (present === null) return [];
  const most = present - Math.max(SHORTER_US, present / 4);
  return apart.filter((link) => (way(link) ?? most) < most);
}
