import type { Link } from "./link.ts";

/** A link of which less was heard lately may be replaced. */
const LATELY_US = 1_000_000;
/** Why one of two links to a node ends. */
export const REPLACED = "another link is there";
export const ENDED = "its process has ended";

/**
 * Two links to one node: both ends keep the one that the lower id dialled, or the newer one when the
 * older has fallen silent or belongs to a process that is no more. Why the newer `link` is not to be;
 * null when it takes the place of the one `before`.
 */
export function objection(
  link: Link,
  before: Link,
  lowerDialled: boolean,
  now: number,
): "its key is used by two nodes" | typeof REPLACED | null {
  const sameBoot = link.hello?.boot === before.hello?.boot;
  const stillThere = now - before.liveness.heardAt < LATELY_US && !before.liveness.silent;
  if (!sameBoot && stillThere && before.hello !== null) return "its key is used by two nodes";
  return sameBoot && stillThere && !lowerDialled ? REPLACED : null;
}
