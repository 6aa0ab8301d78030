import { PATH_NODES_MAX } from "../wire/cascade/kinds.ts";
import type { Accept, Mode, Refuse } from "../wire/cascade/subscription.ts";
import { betterThan, inOrderOfUse, lacksApart } from "./apart.ts";
import type { Link } from "./link.ts";
import type { KnownName } from "./names.ts";
import { type NodeId, nodeIdOf } from "./node-id.ts";
import { healthyUntil, isHealthy, isLate, isStuck, type Parent, sharesNode } from "./parent.ts";
import { Parents } from "./parents.ts";
import type { PullOptions } from "./pull-options.ts";
import { Search } from "./search.ts";
import { Shorter } from "./shorter.ts";
import { Way } from "./way.ts";

/** Whom to ask is looked for so often while nobody gives it. */
const RETRY_US = 250_000;
/** A node that could not get it for us is not asked for it again before. */
const STUCK_US = 1_000_000;
/** Both flow for so long when one takes over from another. */
const OVERLAP_US = 200_000;
/** A standby is kept, and a better one looked for so often. */
const BETTER_US = 500_000;
/** A node that said that it leaves is not asked again before. */
const DRAIN_US = 10_000_000;

/** A stream of another node that is had here: who gives it, and who else could. */
export class Pull {
  readonly stream: number;
  readonly known: KnownName;
  readonly search = new Search();
  /** The nodes that were asked for it. */
  readonly asked: Parents;
  readonly way = new Way();
  readonly #options: PullOptions;
  /** Of this node. */
  viewers = 0;
  #single = false;
  #retryAt = 0;
  #lookedAt = 0;
  #betterAt = 0;
  readonly #shorter = new Shorter();
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

  /** A node needs it from here, for whom the way is too long. */
  shorten(): void {
    this.#shorter.ask();
    this.#retryAt = 0;
  }

  /** It waits for this node, which was asked for it and has not got it yet. */
  waitsFor(link: Link): boolean {
    return this.path === null && this.asked.waitFor(link);
  }

  /** So many are at this node; from some number on two parents give it at once. */
  setViewers(count: number, now: number): void {
    this.viewers = count;
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
    return this.viewers === 0 && this.#options.isSpare();
  }

  accepted(link: Link, accept: Accept, now: number): void {
    const parent = this.asked.find(link, accept.alias);
    if (parent === null) return;
    this.#takePath(parent, accept.path.map(nodeIdOf), now);
    if (!this.asked.all.includes(parent)) return;
    // It was asked for a shorter way than it has.
    const isNoHelp = this.#shorter.isTooLong(parent, now) && this.#isGiven(now, parent);
    if (isNoHelp && parent.mode === "live") {
      this.#giveUp(parent, now + STUCK_US, now);
      return;
    }
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
    if (parent.mode === "live" && parent.spare) this.search.noPlace(link.node, now);
    this.#giveUp(parent, now + Math.max(RETRY_US, retryMs * 1000), now);
    this.maintain(now);
  }

  /** By this link came what was worth having at a time, now or a moment ago. */
  useful(link: Link, alias: number, at: number): void {
    if (this.asked.noteUseful(link, alias, at)) this.#retryAt = at;
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
    const spare = this.#isSpare;
    const wantedLive = this.asked.liveCount(this.#giving(now), this.viewers, this.#single, spare);
    this.#shorter.sort(this.#giving(now), now);
    this.#raise(now, wantedLive);
    this.#ask(now, wantedLive);
    this.#askStandby(now);
    this.#retire(now, wantedLive);
    this.asked.markSpares(this.#serving(now), this.#isSpare);
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

  /** Those of them by whom it can be given on where that is needed. */
  #serving(now: number): Parent[] {
    return this.#giving(now).filter((parent) => !this.#shorter.isTooLong(parent, now));
  }

  /** One does, beside this. */
  #isGiven(now: number, beside: Parent | null = null): boolean {
    return this.#giving(now).some((each) => each !== beside && each.state === "accepted");
  }

  /** Standbys give it from now on where too few do. */
  #raise(now: number, wantedLive: number): void {
    const serving = this.#serving(now);
    let isGiven = this.#isGiven(now);
    let live = serving.length;
    let isApart = !lacksApart(serving, wantedLive, this.path);
    for (const parent of this.asked.ready(this.path)) {
      if (live >= wantedLive && (isApart || sharesNode(parent, this.path))) return;
      if (!this.#isHealthy(parent, now)) continue;
      if (isGiven && !this.search.hasPlace(parent.link.node, now)) continue;
      if (isGiven && this.#shorter.isTooLong(parent, now)) continue;
      // At the beginning who has it is asked before who would have to get it.
      if (parent.pledged && this.way.fresh && this.#askable(now).length > 0) continue;
      this.asked.setMode(parent, "live", live > 0 || this.#isSpare, now);
      live += 1;
      [isGiven, isApart] = [true, true];
    }
  }

  #askable(now: number): Link[] {
    const askable = this.search
      .askable(this.#options.candidates(), now)
      .filter((link) => !this.asked.has(link));
    if (!this.#shorter.isSought(now)) return askable;
    // Nodes that it comes by have it by a shorter way.
    const rank = ({ node }: Link): number => (this.path?.includes(node) ? 0 : 1);
    return askable.sort((left, right) => rank(left) - rank(right));
  }

  #ask(now: number, wantedLive: number): void {
    const isGiven = this.#isGiven(now);
    let live = this.#serving(now).length;
    for (const link of this.#askable(now)) {
      if (live >= wantedLive) return;
      // What comes back by a child of this node is no second way.
      if ((isGiven || live > 0) && this.#options.isFed(link)) continue;
      this.asked.ask(link, "live", this.path, live > 0 || this.#isSpare, now);
      live += 1;
    }
  }

  /** One beyond those that flow: it costs a place and nothing else. */
  #askStandby(now: number): void {
    if (this.#isSpare) return;
    const { standbys } = this.asked;
    const { path } = this;
    if (standbys.some(({ state }) => state !== "accepted")) return;
    if (standbys.length > 0 && now < this.#betterAt) return;
    this.#betterAt = now + BETTER_US;
    const [best] = this.asked.ready(path);
    const askable = this.search
      .asStandby(this.#options.standbys(), now, standbys.length > 0 ? path : null)
      .filter((link) => !this.asked.has(link) && !this.#options.isFed(link));
    const [next] = betterThan(best, askable, path, this.#options.way);
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

  #noticePath(now: number): void {
    const parent = this.asked.first((each) => this.#isHealthy(each, now));
    const proven = this.asked.useful(this.#heardBy(now));
    if (this.way.take(parent?.path ?? null, proven, now)) this.#options.pathChanged(now);
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
      const { state, mode } = parent;
      const over = mode === "warm" && state === "accepted" && !this.#isHealthy(parent, now);
      if (isLate(parent, this.#heardBy(now))) this.#giveUp(parent, now + RETRY_US, now);
      else if (over || isStuck(parent, now)) this.#giveUp(parent, now + STUCK_US, now);
    }
  }

  /** A node that does not stand by may be asked to give it all the same, and soon. */
  #giveUp(parent: Parent, until: number, now: number): void {
    const { link, mode } = parent;
    this.asked.remove(parent);
    if (mode === "live") this.search.avoid(link.node, until);
    else this.search.unwilling(link.node, now, this.path, this.asked.hasApart(this.path));
  }

  /** Those beyond need go once another has proven useful; who is silent goes then, too. */
  #retire(now: number, wantedLive: number): void {
    const proven = this.#giving(now).filter(
      ({ usefulSince }) => usefulSince !== null && now - usefulSince >= OVERLAP_US,
    );
    const used = inOrderOfUse(proven, this.path);
    for (const parent of used.slice(wantedLive)) this.asked.setMode(parent, "warm", false, now);
    // One standby is enough.
    for (const parent of this.asked.ready(this.path).slice(1)) {
      this.asked.remove(parent);
      this.search.noSecondWay(parent.link.node, this.path, now, sharesNode(parent, this.path));
    }
    if (proven.length === 0) return;
    for (const parent of [...this.asked.all]) {
      if (parent.mode === "live" && !this.#isHealthy(parent, now)) this.asked.remove(parent);
    }
  }
}
