import type { Alternate, Mode } from "../wire/cascade/subscription.ts";
import type { Link } from "./link.ts";
import { type StreamKey, sameKey } from "./names.ts";
import { type NodeId, nodeBytes } from "./node-id.ts";
import { isDeep } from "./parent.ts";

const ALTERNATES_MAX = 4;
/** Whoever was heard so shortly ago is there. */
const HEARD_US = 100_000;
const MUTE_PINGS = 2;

/** A stream that this node has, its own or a pulled one. */
export interface Copy {
  readonly key: StreamKey;
  /** Its number among streams here. */
  readonly stream: number;
  /** The nodes that it came by, the root first, without this one; null while nobody gives it. */
  readonly path: readonly NodeId[] | null;
  /** Of each ring one past its highest origin sequence; null before the first. */
  heads(): readonly (number | null)[];
}

/** A node that has a stream from here. */
export interface Child {
  readonly link: Link;
  readonly alias: number;
  readonly key: StreamKey;
  /** Null while this node pulls it itself first, and where it only would. */
  stream: number | null;
  wanted: number;
  mode: Mode;
  /** Another parent gives it already. */
  spare: boolean;
  have: readonly (number | null)[];
  /** It wants to hear how the stream's tail is cut. */
  cuts: boolean;
}

/** What is wrong with a way for it: it is in it itself, or it is too long with it; null when nothing is. */
export function objectionTo({ link }: Child, path: readonly NodeId[]): "loop" | "depth" | null {
  if (path.includes(link.node)) return "loop";
  return isDeep(path) ? "depth" : null;
}

/** Whether it is there is asked at once where nothing has come of it for a moment. */
export function askWhether({ link }: Child, now: number): void {
  const isKnown = link.time.unanswered > 0 || now - link.liveness.heardAt < HEARD_US;
  if (!isKnown) link.time.dueAt = 0;
}

/** It was asked that, and again, and nothing has come since: it may hear this end all the same. */
export function isMute({ time, liveness }: Link): boolean {
  return time.unanswered >= MUTE_PINGS && liveness.heardAt < time.askedAt;
}

/** What is to be had of a stream for children that wait for it. */
export interface Awaited {
  /** Rings, a bit each. */
  readonly wanted: number;
  /** Of each ring the origin sequence to go on at; null to begin at a keyframe. */
  readonly have: readonly (number | null)[];
}

/**
 * Children that have a stream may give it on to whoever asks; where there are none, `others` may get it
 * for that.
 */
export function alternatesOf(
  children: readonly Child[],
  key: StreamKey,
  asker: Link,
  others: readonly Link[] = [],
): Alternate[] {
  const having = children
    .filter((child) => child.stream !== null && sameKey(child.key, key) && child.link !== asker)
    .map(({ link }) => link)
    .filter((link) => !isMute(link));
  const those = others.filter((link) => link !== asker && link.node !== key.owner);
  return (having.length > 0 ? having : those)
    .slice(0, ALTERNATES_MAX)
    .map(({ node, hello }) => ({ node: nodeBytes(node), addresses: hello?.addresses ?? [] }));
}

/** What those of these children wait for that were promised it. */
export function awaitedBy(children: readonly Child[]): Awaited {
  const have: (number | null)[] = [];
  let wanted = 0;
  for (const child of children) {
    if (child.stream !== null || child.mode !== "live") continue;
    wanted |= child.wanted;
    for (const [ring, next] of child.have.entries()) have[ring] = earlier(have[ring], next);
  }
  return { wanted, have };
}

/** Of two places in a ring that are known. */
function earlier(left: number | null | undefined, right: number | null): number | null {
  if (left == null || right === null) return left ?? right;
  return ((left - right) | 0) < 0 ? left : right;
}
