import type { Link } from "./link.ts";
import type { NodeId } from "./node-id.ts";

/** One more node that media passes costs as if the way were so much longer. */
export const HOP_US = 10_000;

/**
 * How long media is on its way here by these nodes, the root first, the other end of the link last, where
 * nothing waits: what lies behind the link is as the nodes tell it of each other. Null where some of it is
 * not known.
 */
export function wholeWay(
  { time }: Link,
  path: readonly NodeId[],
  tripBetween: (a: NodeId, b: NodeId) => number | null,
): number | null {
  if (!time.known) return null;
  let us = time.oneWayUs;
  for (let i = 1; i < path.length; i += 1) {
    const trip = tripBetween(path[i - 1]!, path[i]!);
    if (trip === null) return null;
    us += HOP_US + trip / 2;
  }
  return us;
}
