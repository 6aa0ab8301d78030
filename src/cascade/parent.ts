import { PATH_NODES_MAX } from "../wire/cascade/kinds.ts";
import type { Mode } from "../wire/cascade/subscription.ts";
import type { Link } from "./link.ts";
import type { NodeId } from "./node-id.ts";

/** An answer to SUB takes a round trip; a node that pulls first says so at once. */
const ANSWER_MIN_US = 250_000;
/**
 * For a parent's answer, or until it has pulled it itself, is waited so long and a round trip; then
 * another is asked as well ...
 */
const READY_WAIT_US = 150_000;
/** ... and after so long without the stream it is asked no more. */
const UNREADY_US = 1_000_000;
/** Of a parent that said yes something must come: a keyframe may be seconds away, heads are not. */
const USEFUL_WAIT_US = 1_000_000;
/**
 * Without anything of use for so long a parent has lost the stream itself. It hears of that first, and
 * has the time to find another: only who is next to a failure is to act.
 */
const DRY_US = 400_000;

/** A node that was asked for the stream. */
export interface Parent {
  readonly link: Link;
  readonly alias: number;
  state: "asked" | "not-ready" | "accepted";
  mode: Mode;
  /** When the state or the mode began. */
  since: number;
  /** The root first, the parent last; empty before it accepted. */
  path: readonly NodeId[];
  /** Since when it gives something of use since it is live, and when it last did; null before. */
  usefulSince: number | null;
  usefulAt: number | null;
  wanted: number;
  /** It said that it leaves. */
  leaving: boolean;
  /** It has not the stream itself, but would get it: no packet can be asked of it yet. */
  pledged: boolean;
  /** It was told that another gives it as well. */
  spare: boolean;
  /** Rings that it has not, though they are sent, a bit each. */
  withheld: number;
}

/** It may still answer, but is not waited for: a link that is there answers at once. */
export function isLate({ link, state, since }: Parent, heardBy: number): boolean {
  const patience = Math.max(ANSWER_MIN_US, 4 * link.time.roundTripUs);
  return state === "asked" && heardBy - since > patience;
}

/** It says for long that it has it soon. */
export function isStuck({ state, since }: Parent, now: number): boolean {
  return state === "not-ready" && now - since > UNREADY_US;
}

/** It gives the stream, or will, for all we know. */
export function isHealthy(parent: Parent, now: number): boolean {
  const { link, leaving } = parent;
  return link.open && !link.liveness.silent && !leaving && now <= healthyUntil(parent);
}

/** When it will not be, if nothing more comes of it. */
export function healthyUntil({ link, state, mode, since, usefulAt, wanted }: Parent): number {
  if (state !== "accepted") return since + READY_WAIT_US + link.time.roundTripUs;
  if (mode === "warm" || wanted === 0) return Number.POSITIVE_INFINITY;
  return usefulAt === null ? since + USEFUL_WAIT_US : usefulAt + DRY_US;
}

/** It gave something of use a moment ago: words at least, where nobody wants more. */
export function isUseful({ usefulAt }: Parent, now: number): boolean {
  return usefulAt !== null && now <= usefulAt + DRY_US;
}

/** By this way, on which its parent is the last, nobody can have it from a node. */
export function isDeep(path: readonly NodeId[]): boolean {
  return path.length + 1 >= PATH_NODES_MAX;
}

/** Whether both ways have a node in common beside the root: its failure takes both. */
export function sharesNode({ path }: Parent, other: readonly NodeId[] | null): boolean {
  return other !== null && path.some((node, i) => i > 0 && other.indexOf(node) > 0);
}
