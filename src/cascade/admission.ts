import { PULLED_FOR_OTHERS_MAX } from "../limits.ts";
import { TokenBucket } from "../media/token-bucket.ts";
import type { Refusal } from "../wire/cascade/subscription.ts";
import { alternatesOf, askWhether, type Child, type Copy, isMute, objectionTo } from "./child.ts";
import type { Link } from "./link.ts";
import { outranks, type StreamKey, sameKey } from "./names.ts";
import type { NodeId } from "./node-id.ts";
import { needOf, type Occupant, placesFor, withoutPlace } from "./places.ts";

/** A recovery storm is spread: a parent that lost its siblings takes so many a second. */
const SUBSCRIPTIONS_PER_SECOND = 200;
/** Each end of a link says a word or two a second: who says none may be gone, and its place is free. */
const GONE_US = 1_500_000;

export interface AdmissionOptions {
  readonly self: NodeId;
  readonly childrenMax: number;
  /** The present copy of a name; null when there is none. */
  readonly copyOf: (name: string) => Copy | null;
  /** What counts under a name; null when nobody is known to have it. */
  readonly best: (name: string) => StreamKey | null;
  /** This node pulls streams for others. */
  readonly pullsForOthers: () => boolean;
  /** Names of those that it has for nobody else. */
  readonly pulledForOthers: () => readonly string[];
  /** The stream is not here, and whoever is at the other end of the link was asked for it. */
  readonly waitsFor: (name: string, link: Link) => boolean;
  /** Whether a link may carry this stream beside what it carries; null: one that is not here yet. */
  readonly carries: (link: Link, stream: number | null) => boolean;
}

/** Who may have a stream from this node, and who gives up a place for that. */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Those that were let in. */
  readonly #children: readonly Child[];
  readonly #rate = new TokenBucket(SUBSCRIPTIONS_PER_SECOND, SUBSCRIPTIONS_PER_SECOND);
  /** Since this node drains. */
  readonly #turnedAway = new WeakSet<Link>();
  draining = false;

  constructor(options: AdmissionOptions, children: readonly Child[]) {
    this.#options = options;
    this.#children = children;
  }

  /** Why it is not to have it from here; null when it is. */
  refusalOf(child: Child, now: number): Refusal | null {
    const { copyOf, best, pullsForOthers, self, carries } = this.#options;
    const { key } = child;
    if (this.draining && this.#turnsAway(child)) return "draining";
    // Nobody pulls a stream to give it back.
    if (key.owner === child.link.node) return "loop";
    const known = best(key.name);
    if (known === null) return "unknown";
    if (!sameKey(known, key)) return outranks(known, key) ? "stale" : "unknown";
    const copy = copyOf(key.name);
    const mine = copy !== null && sameKey(copy.key, key);
    if (!mine && !(pullsForOthers() && key.owner !== self)) return "unknown";
    const wrong = mine && copy.path !== null ? objectionTo(child, copy.path) : null;
    if (wrong !== null) return wrong;
    // Two that wait for each other wait for ever: one of them looks elsewhere.
    if (child.mode === "live" && this.#waitsFor(child) && self < child.link.node) return "loop";
    if (!this.#hasPlace(child, child, now)) return "full";
    if (!carries(child.link, mine ? copy.stream : null)) return "full";
    if (!mine && child.mode === "live" && !this.#mayPull(key.name)) return "full";
    return this.#rate.take(now, 1) ? null : "limit";
  }

  /** Whether one that is here may be what takes more. */
  mayBecome(child: Child, next: Occupant, now: number): boolean {
    if (!this.#hasPlace(child, next, now)) return false;
    if (child.stream === null && next.mode === "live" && !this.#mayPull(child.key.name))
      return false;
    return next.mode === child.mode || this.#options.carries(child.link, child.stream);
  }

  /** Those that give their places to one that has the stream from nobody else. */
  displacedBy(child: Child, now: number): readonly Child[] {
    if (needOf(child) < 2) return [];
    return withoutPlace(this.#siblings(child, now), this.#options.childrenMax);
  }

  /** Where there is none for it those that have them are to show that they are there. */
  #hasPlace(child: Child, as: Occupant, now: number): boolean {
    const siblings = this.#siblings(child, now);
    if (placesFor(as, siblings, this.#options.childrenMax) > 0) return true;
    for (const each of siblings) askWhether(each, now);
    return false;
  }

  /** What this node publishes nobody else has but by it: who comes again has found nobody. */
  #turnsAway({ key, link, mode }: Child): boolean {
    if (key.owner !== this.#options.self || mode === "warm") return true;
    const again = this.#turnedAway.has(link);
    this.#turnedAway.add(link);
    return !again && alternatesOf(this.#children, key, link).length > 0;
  }

  /** Whether one more stream may be pulled for nobody here, beside those that are and those that will be. */
  #mayPull(name: string): boolean {
    const names = new Set(this.#options.pulledForOthers());
    for (const { stream, mode, key } of this.#children) {
      if (stream === null && mode === "live") names.add(key.name);
    }
    return names.has(name) || names.size < PULLED_FOR_OTHERS_MAX;
  }

  #waitsFor({ key, link }: Child): boolean {
    return this.#options.waitsFor(key.name, link);
  }

  /** Others that have places of the stream; one of which nothing is heard has lost its own. */
  #siblings(child: Child, now: number): Child[] {
    return this.#children.filter(
      (each) =>
        each !== child &&
        each.key.name === child.key.name &&
        sameKey(each.key, child.key) &&
        !isMute(each.link) &&
        now - each.link.liveness.heardAt < GONE_US,
    );
  }
}
