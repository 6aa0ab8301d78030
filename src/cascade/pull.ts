import { PATH_NODES_MAX } from "../wire/cascade/kinds.ts";
import type { Accept, Mode, Refuse } from "../wire/cascade/subscription.ts";
import type { Link } from "./link.ts";
import type { KnownName } from "./names.ts";
import { type NodeId, nodeIdOf } from "./node-id.ts";
import { healthyUntil, isHealthy, isStuck, type Parent, sharesNode } from "./parent.ts";
import { Parents, type PulledRings } from "./parents.ts";
import { Search } from "./search.ts";
import { Way } from "./way.ts";

/** An answer to SUB takes a round trip; a node that pulls first says so at once. */
const ANSWER_MIN_US = 250_000;
/** Whom to ask is looked for so often while nobody gives it. */
const RETRY_US = 250_000;
/** A node that could not get it for us is not asked for it again before. */
const STUCK_US = 1_000_000;
/** Both flow for so long when one takes over from another. */
const OVERLAP_US = 200_000;
/** A standby that the same failure may take is kept, and a better one looked for so often. */
const BETTER_US = 500_000;
/** A node that said that it leaves is not asked again before. */
const DRAIN_US = 10_000_000;

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

/** A stream of another node that is had here: who gives it, and who else could. */
export class Pull {
  readonly stream: number;
  readonly known: KnownName;
  readonly search = new Search();
  /** The nodes that were asked for it. */
  readonly asked: Parents;
  readonly way = new Way();
  readonly #options: PullOptions;
  #viewers = 0;
  #single = false;
  #retryAt = 0;
  #lookedAt = 0;
  #betterAt = 0;
  #ended = false;

  constructor(options: PullOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.known = options.known;
    this.asked = new Parents(options);
  }

  /** The nodes that it comes by, the root first, without this one; null while nobody gives it. */
  get path(): readonly NodeId[] | null {
    return this.way.path;
  }

  /** Whom it comes from, and who is ready to give it. */
  get parents(): readonly { node: NodeId; state: Parent["state"]; mode: Mode }[] {
    return this.asked.all.map(({ link, state, mode }) => ({ node: link.node, state, mode }));
  }

  /**
   * Whom to ask for what is missing: parents that have it, those first that give it; none that is not
   * well while another is.
   */
  sources(now: number): { readonly link: Link; readonly alias: number }[] {
    return this.asked.having((parent) => this.#isHealthy(parent, now));
  }

  /** Whether this link may speak of it under this alias; `media`: no standby that has not said yes. */
  takes(link: Link, alias: number, media = false): boolean {
    const parent = this.asked.find(link, alias);
    return parent !== null && !(media && parent.mode === "warm" && parent.state !== "accepted");
  }

  /** Rings that somebody here wants, a bit each. */
  get wanted(): number {
    return this.asked.wanted;
  }

  /** Rings that children wait for, a bit each. */
  get awaited(): number {
    return this.#options.awaited();
  }

  want(wanted: number, now: number): void {
    if (this.asked.want(wanted)) this.maintain(now);
  }

  /** It waits for this node, which was asked for it and has not got it yet. */
  waitsFor(link: Link): boolean {
    const waits = this.asked.all.some(
      (each) => each.link === link && each.mode === "live" && each.state !== "accepted",
    );
    return waits && this.path === null;
  }

  /** So many are at this node; from some number on two parents give it at once. */
  setViewers(count: number, now: number): void {
    this.#viewers = count;
    this.maintain(now);
  }

  /** Whether one parent is to give it, whatever a second is good for. */
  setSingle(single: boolean, now: number): void {
    if (single === this.#single) return;
    this.#single = single;
    this.maintain(now);
  }

  /** This parent has all rings but these. */
  withholds(link: Link, alias: number, rings: number, now: number): void {
    const parent = this.asked.find(link, alias);
    if (parent === null || parent.withheld === rings) return;
    parent.withheld = rings;
    this.maintain(now);
  }

  /** All that have it from here have it from another as well. */
  get #isSpare(): boolean {
    return this.#viewers === 0 && this.#options.isSpare();
  }

  accepted(link: Link, accept: Accept, now: number): void {
    const parent = this.asked.find(link, accept.alias);
    if (parent === null) return;
    this.#takePath(parent, accept.path.map(nodeIdOf), now);
    if (!this.asked.all.includes(parent)) return;
    this.asked.answered(parent, "accepted", now);
    parent.pledged = accept.heads.length === 0;
    if (parent.mode === "warm") this.search.willing(link.node);
    this.maintain(now);
  }

  /** The parent has it by another way from now on. */
  rerouted(link: Link, alias: number, path: readonly Uint8Array[], now: number): void {
    const parent = this.asked.find(link, alias);
    if (parent === null) return;
    this.#takePath(parent, path.map(nodeIdOf), now);
    this.maintain(now);
  }

  notReady(link: Link, alias: number, now: number): void {
    const parent = this.asked.find(link, alias);
    if (parent === null) return;
    this.asked.answered(parent, "not-ready", now);
    this.maintain(now);
  }

  refused(link: Link, { alias, retryMs }: Refuse, now: number): void {
    const parent = this.asked.find(link, alias);
    if (parent === null) return;
    this.#giveUp(parent, now + Math.max(RETRY_US, retryMs * 1000), now);
    this.maintain(now);
  }

  /** By this link came what was worth having at a time, now or a moment ago. */
  useful(link: Link, alias: number, at: number): void {
    const parent = this.asked.find(link, alias);
    if (parent === null) return;
    if (parent.usefulSince === null) {
      parent.usefulSince = at;
      this.#retryAt = at;
    }
    parent.usefulAt = Math.max(at, parent.usefulAt ?? at);
  }

  /** Its node leaves soon: what it gives is had from another as soon as one is found. */
  avoid(link: Link, now: number): void {
    this.search.avoid(link.node, now + DRAIN_US);
    for (const parent of this.asked.all) if (parent.link === link) parent.leaving = true;
    this.maintain(now);
  }

  /** The link is gone. */
  lost(link: Link, now: number): void {
    for (const parent of [...this.asked.all]) if (parent.link === link) this.asked.drop(parent);
    this.maintain(now);
  }

  /** Brings who is asked in line with what is wanted. */
  maintain(now: number): void {
    if (this.#ended) return;
    this.#lookedAt = this.#heardBy(now);
    this.#retryAt = now + RETRY_US;
    this.#giveUpSilent(now);
    const wantedLive = this.asked.liveCount(this.#giving(now), this.#viewers, this.#single);
    this.#raise(now, wantedLive);
    this.#ask(now, wantedLive);
    this.#askStandby(now);
    this.#retire(now, wantedLive);
    this.asked.markSpares(this.#giving(now), this.#isSpare);
    this.#noticePath(now);
  }

  nextTimeout(): number {
    if (this.#ended) return Number.POSITIVE_INFINITY;
    let soonest = this.#retryAt;
    for (const parent of this.asked.all) {
      const until = healthyUntil(parent);
      if (until >= this.#lookedAt) soonest = Math.min(soonest, until + 1);
    }
    return soonest;
  }

  handleTimeout(now: number): void {
    if (now >= this.nextTimeout()) this.maintain(now);
  }

  /** Nobody here wants it any more. */
  end(): void {
    this.#ended = true;
    for (const parent of [...this.asked.all]) this.asked.remove(parent);
  }

  #giving(now: number): Parent[] {
    return this.asked.giving().filter((parent) => this.#isHealthy(parent, now));
  }

  /** Standbys give it from now on where too few do. */
  #raise(now: number, wantedLive: number): void {
    let live = this.#giving(now).length;
    for (const parent of this.asked.ready(this.path)) {
      if (live >= wantedLive) return;
      if (!this.#isHealthy(parent, now)) continue;
      // At the beginning who has it is asked before who would have to get it.
      if (parent.pledged && this.way.fresh && this.#askable(now).length > 0) continue;
      this.asked.setMode(parent, "live", live > 0 || this.#isSpare, now);
      live += 1;
    }
  }

  #askable(now: number): Link[] {
    return this.search
      .askable(this.#options.candidates(), now)
      .filter((link) => !this.asked.has(link));
  }

  #ask(now: number, wantedLive: number): void {
    let live = this.#giving(now).length;
    for (const link of this.#askable(now)) {
      if (live >= wantedLive) return;
      // What comes back by a child of this node is no second way.
      if (live > 0 && this.#options.isFed(link)) continue;
      this.asked.ask(link, "live", this.path, live > 0 || this.#isSpare, now);
      live += 1;
    }
  }

  /** One beyond those that flow: it costs a place and nothing else. */
  #askStandby(now: number): void {
    if (this.#isSpare) return;
    const { standbys } = this.asked;
    const { path } = this;
    if (standbys.some((parent) => parent.state !== "accepted" || !sharesNode(parent, path))) return;
    if (standbys.length > 0 && now < this.#betterAt) return;
    this.#betterAt = now + BETTER_US;
    const next = this.search
      .asStandby(this.#options.standbys(), now)
      .find((link) => !this.asked.has(link) && !this.#options.isFed(link));
    if (next !== undefined) this.asked.ask(next, "warm", this.path, false, now);
  }

  /** Who has it by us, or by too many, gives us nothing. */
  #takePath(parent: Parent, path: readonly NodeId[], now: number): void {
    const { self } = this.#options;
    const isLoop = path.includes(self) || path.at(-1) !== parent.link.node;
    if (isLoop || path[0] !== this.known.owner || path.length >= PATH_NODES_MAX) {
      this.#giveUp(parent, now + RETRY_US, now);
    } else parent.path = path;
  }

  /** Of those that give it the first whose link is well; of a parent that has fallen silent, too. */
  #noticePath(now: number): void {
    const giving = this.asked.giving().filter(({ state }) => state === "accepted");
    const parent = giving.find((each) => this.#isHealthy(each, now)) ?? giving[0];
    if (this.way.take(parent?.path ?? null, now)) this.#options.pathChanged(now);
  }

  /** What came later may lie unread: a thread that was late blames nobody for that. */
  #heardBy(now: number): number {
    return Math.min(now, this.#options.readAt());
  }

  #isHealthy(parent: Parent, now: number): boolean {
    return isHealthy(parent, this.#heardBy(now));
  }

  /** Who does not answer, and who has got nothing so far that it could give. */
  #giveUpSilent(now: number): void {
    for (const parent of [...this.asked.all]) {
      const { link, state, since, mode } = parent;
      const patience = Math.max(ANSWER_MIN_US, 4 * link.time.roundTripUs);
      // It may still answer, but is not waited for: a link that is there answers at once.
      const late = state === "asked" && this.#heardBy(now) - since > patience;
      const over = mode === "warm" && state === "accepted" && !this.#isHealthy(parent, now);
      if (late) this.#giveUp(parent, now + RETRY_US, now);
      else if (over || isStuck(parent, now)) this.#giveUp(parent, now + STUCK_US, now);
    }
  }

  /** A node that does not stand by may be asked to give it all the same, and soon. */
  #giveUp(parent: Parent, until: number, now: number): void {
    const { link, mode } = parent;
    this.asked.remove(parent);
    if (mode === "warm") this.search.unwilling(link.node, now);
    else this.search.avoid(link.node, until);
  }

  /** Those beyond need go once another has proven useful; who is silent goes then, too. */
  #retire(now: number, wantedLive: number): void {
    const proven = this.#giving(now).filter(
      ({ usefulSince }) => usefulSince !== null && now - usefulSince >= OVERLAP_US,
    );
    for (const parent of proven.slice(wantedLive)) this.asked.setMode(parent, "warm", false, now);
    // One standby is enough.
    for (const parent of this.asked.ready(this.path).slice(1)) {
      this.asked.remove(parent);
      if (sharesNode(parent, this.path)) this.search.noSecondWay(parent.link.node, now);
    }
    if (proven.length === 0) return;
    for (const parent of [...this.asked.all]) {
      if (parent.mode === "live" && !this.#isHealthy(parent, now)) this.asked.remove(parent);
    }
  }
}
