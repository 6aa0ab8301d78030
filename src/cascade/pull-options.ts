import type { Link } from "./link.ts";
import type { KnownName } from "./names.ts";
import type { NodeId } from "./node-id.ts";
import type { PulledRings } from "./parents.ts";

export interface PullOptions {
  readonly self: NodeId;
  /** The rings' number among streams here. */
  readonly stream: number;
  readonly known: KnownName;
  readonly rings: PulledRings;
  /** Links that may have it, best first. */
  readonly candidates: () => readonly Link[];
  /** Links that have it or could get it when it is needed, best first. */
  readonly standbys: () => readonly Link[];
  /**
   * How long the whole way by this link is, us; null where that is not known. `path`: the nodes to its other
   * end, the root first; without, as whoever is there would have it.
   */
  readonly way: (link: Link, path?: readonly NodeId[]) => number | null;
  /** Rings that children wait for, a bit each. */
  readonly awaited: () => number;
  /** A number that no other stream has on this link. */
  readonly alias: (link: Link) => number;
  /** So many streams more come from this node, or stand by there: 1 or -1. */
  readonly counted: (node: NodeId, change: number) => void;
  /** Who is at its other end has the stream from here. */
  readonly isFed: (link: Link) => boolean;
  /** Nodes have it from here, all of which have it from another as well. */
  readonly isSpare: () => boolean;
  /** All that had come by then has been read. */
  readonly readAt: () => number;
  /** The way that it comes by may have changed. */
  readonly pathChanged: (now: number) => void;
}
