import type { Link } from "./link.ts";
import type { NodeId } from "./node-id.ts";

/** One more node that media passes. */
const HOP_US = 10_000;

/**
 * How long media is on its way here by these nodes, the root first, the other end of the link last: what
 * lies behind that is as the nodes tell it of each other. Each node but the root costs as if it were farther.
 */
export function wholeWay(
  { time }: Link,
  path: readonly NodeId[],
  tripBetween: (a: NodeId, b: NodeId) => number | null,
): number {
  let us = time.oneWayUs + (time.newestUs - time.roundTripUs);
  for (let i = 1; i < path.length; i += 1) {
    us += HOP_US + (tripBetween(path[i - 1]!, path[i]!) ?? 0) / 2;
  }
  return us;
}
