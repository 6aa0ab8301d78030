import type { Feed, Subscriber } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { CATCH_UP_INTERVAL_US, JOIN_KEYFRAME_AGE_MAX_US } from "../limits.ts";
import { ReadResult, type RingKeyframe } from "../ring/reader.ts";
import type { DataWriter } from "./data-writer.ts";
import type { Pace } from "./pace.ts";

/** A child hears several times where its ring began. */
const BEGAN_TOLD_US = 300_000;

/** After so long without it a child wants no more what it has missed (src/relay/pulled-stream.ts). */
const PASSED_US = 1_000_000;

/** A child refuses what is older than 2 s when it comes (src/relay/pulled-stream.ts), by a way that varies. */
const USEFUL_AGE_US = JOIN_KEYFRAME_AGE_MAX_US - 20_000;

/** One at a time in a thread. */
const keyframe: RingKeyframe = { sequence: 0, arrivalUs: 0, bytesSince: 0 };

/** What an outlet's step came to. */
export const Step = { done: 0, more: 1, full: 2 } as const;

/** One ring on its way to one child: what is in it first, then what comes. */
export class Outlet implements Subscriber {
  readonly session: number;
  /** All layers of its ring leave; nothing is held back for it. */
  readonly spatialId = 0;
  readonly ring: number;
  readonly feed: Feed;
  readonly #writer: DataWriter;
  readonly #scratch: Staging;
  readonly #pace: Pace;
  /** The child's number of the stream. */
  readonly #alias: number;
  /** Where the cached packets go on; null once they have all left. */
  #next: number | null = null;
  /** It began somewhere where a decoder can. */
  #joined = false;
  #burstAt = 0;
  /** The first that was sent, and when. */
  #began: number | null = null;
  #beganAt = 0;
  #wayUs = 0;
  /** The last that was too old to leave: a group that begins before it is not begun with again. */
  #tooOld: number | null = null;
  /** The place in a batch to go on at, after the output was full. */
  #resumeAt = 0;

  constructor(
    session: number,
    alias: number,
    ring: number,
    feed: Feed,
    writer: DataWriter,
    scratch: Staging,
    pace: Pace,
  ) {
    this.session = session;
    this.ring = ring;
    this.feed = feed;
    this.#alias = alias;
    this.#writer = writer;
    this.#scratch = scratch;
    this.#pace = pace;
  }

  /**
   * Begins where the child left off, if the ring still has that and no keyframe is much nearer to what
   * comes, else at a cached keyframe if a join may begin there, else with what comes. `wayUs`: to the child.
   */
  begin(have: number | null, now: number, wayUs = 0): void {
    const { feed } = this;
    this.#wayUs = wayUs;
    feed.attach(this);
    this.#joined = true;
    if (have !== null && this.#holds(have) && !this.#isPassed(have, now)) this.#next = have;
    else this.#join(now);
  }

  end(): void {
    this.#pace.begin(0);
    this.feed.detach(this);
  }

  /** The first sequence that was sent, for a while: that it got lost nothing else shows. */
  beganAt(now: number): number | null {
    return now - this.#beganAt <= BEGAN_TOLD_US ? this.#began : null;
  }

  /** One past what has left of what is cached; null once all has. */
  get cursor(): number | null {
    return this.#next;
  }

  forward(_feed: Feed, batch: Staging, now: number): boolean {
    if (!this.#joined) this.#join(now);
    for (let i = this.#resumeAt; i < batch.count; i += 1) {
      this.#resumeAt = i;
      const sequence = batch.sequences[i]!;
      // What lies before the cursor is on its way here by itself; a late one behind it leaves now.
      if (this.#next !== null && ((sequence - this.#next) | 0) >= 0) continue;
      if (this.#writer.send(this.#alias, this.ring, batch, i, now) < 0) return false;
      if (this.#began === null) this.#begin(sequence, now);
    }
    this.#resumeAt = 0;
    return true;
  }

  lapped(_feed: Feed, now: number): void {
    this.#resumeAt = 0;
    this.#join(now);
  }

  /** Sends the next of what is cached. */
  step(now: number): number {
    if (now < this.#burstAt) return Step.done;
    while (this.#next !== null && this.#pace.dueAt <= now) {
      if (!this.#writer.mayRepeat(now)) break;
      if (!this.#follow(now)) return Step.full;
    }
    if (this.#next === null) return Step.done;
    this.#burstAt = Math.max(now + CATCH_UP_INTERVAL_US, this.#pace.dueAt);
    return Step.more;
  }

  /** When `step` has something to do; Infinity for never. */
  nextTimeout(): number {
    return this.#next === null ? Number.POSITIVE_INFINITY : this.#burstAt;
  }

  /**
   * From a cached keyframe that is of use to the child, whatever lies behind it; where there is none, or its
   * start is still on its way here, with what comes, and from the next one on.
   */
  #join(now: number): void {
    const { reader } = this.feed;
    const at = this.feed.joinableKeyframe(now, true);
    const ageUs = at !== null && reader.newestKeyframe(keyframe) ? now - keyframe.arrivalUs : 0;
    this.#next = this.#isOfUse(ageUs) && !this.#isTooOld(at) ? at : null;
    this.#joined = this.#next !== null || reader.empty;
    const isGroup = this.#next !== null;
    if (isGroup) this.#tooOld = null;
    this.#pace.begin(isGroup ? (keyframe.bytesSince * 8e6) / Math.max(1, ageUs) : 0);
  }

  #follow(now: number): boolean {
    const next = this.#next!;
    if (this.feed.isEdge(next)) {
      this.#next = null;
      this.#pace.begin(0);
      return true;
    }
    const result = this.#load(next);
    // So slowly it leaves, for what gets lost of it.
    const isLate = result === ReadResult.ok && !this.#isOfUse(now - this.#scratch.arrivals[0]!);
    if (isLate) this.#tooOld = next;
    if (result === ReadResult.lapped || isLate) {
      this.lapped(this.feed, now);
      return true;
    }
    // A hole keeps its number; if the packet still comes, it leaves late.
    if (result === ReadResult.ok && !this.#send(now)) return false;
    if (this.#began === null) this.#begin(next, now);
    this.#next = (next + 1) | 0;
    return true;
  }

  #begin(sequence: number, now: number): void {
    this.#began = sequence;
    this.#beganAt = now;
  }

  #load(sequence: number): number {
    this.#scratch.clear();
    return this.#scratch.load(this.feed.reader, sequence);
  }

  #send(now: number): boolean {
    const bytes = this.#writer.send(this.#alias, this.ring, this.#scratch, 0, now);
    if (bytes > 0) this.#pace.left(bytes, now);
    return bytes >= 0;
  }

  /** The ring has what the child asks to go on with, or will have it next. */
  #holds(have: number): boolean {
    const { reader } = this.feed;
    const behind = reader.distance(have);
    return behind >= 0 && behind < reader.slots >> 1;
  }

  #isTooOld(begin: number | null): boolean {
    return begin !== null && this.#tooOld !== null && ((begin - this.#tooOld) | 0) <= 0;
  }

  #isOfUse(ageUs: number): boolean {
    return ageUs + this.#wayUs <= USEFUL_AGE_US;
  }

  /** It left off long ago: a newer keyframe is of more use to it than all that lies between. */
  #isPassed(have: number, now: number): boolean {
    const begin = this.feed.joinableKeyframe(now, true);
    if (begin === null || ((begin - have) | 0) <= 0) return false;
    return this.#load(have) === ReadResult.ok && now - this.#scratch.arrivals[0]! > PASSED_US;
  }
}
