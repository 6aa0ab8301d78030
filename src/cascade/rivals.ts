import { associationOf, LinkEnd } from "./keyring.ts";
import type { Link } from "./link.ts";
import type { NodeId } from "./node-id.ts";

/** A link of which less was heard lately may be replaced. */
const LATELY_US = 1_000_000;
/** Two that one end called at different addresses, or again, may come in another order at the other end. */
const TOGETHER_US = 750_000;
/** Why one of two links to a node ends. */
export const REPLACED = "another link is there";
export const ENDED = "its process has ended";

/**
 * Two links to one node: both ends keep the one that the lower id dialled, or the newer one when the
 * older has fallen silent or belongs to a process that is no more. Of two that the same end called at
 * about the same time it is the one of the lower association. Why the newer `link` is not to be; null when
 * it takes the place of the one `before`.
 */
export function objection(
  link: Link,
  before: Link,
  self: NodeId,
  now: number,
): "its key is used by two nodes" | typeof REPLACED | null {
  const sameBoot = link.hello?.boot === before.hello?.boot;
  const stillThere = now - before.liveness.heardAt < LATELY_US && !before.liveness.silent;
  if (!sameBoot && stillThere && before.hello !== null) return "its key is used by two nodes";
  return sameBoot && stillThere && !prevails(link, before, self) ? REPLACED : null;
}

function prevails(link: Link, before: Link, self: NodeId): boolean {
  const [one, other] = [link.security, before.security];
  if (one.end === other.end && Math.abs(link.begunAt - before.begunAt) < TOGETHER_US) {
    return Buffer.compare(associationOf(one.exported), associationOf(other.exported)) < 0;
  }
  return (one.end === LinkEnd.caller) === self < link.node;
}
