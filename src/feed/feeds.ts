import { Counter, countUp } from "../contract/counters.ts";
import type { RingGrant, StreamSource } from "../contract/source.ts";
import { STAGE_PACKETS } from "../limits.ts";
import { ReadResult } from "../ring/reader.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Feed } from "./feed.ts";
import { Following } from "./following.ts";
import { Staging } from "./staging.ts";

export interface FeedsOptions {
  /** Reader-thread number in ring headers. */
  readonly reader: number;
  /** Where packets are staged: memory that the ciphers can address. */
  readonly allocate: (bytes: number) => Region;
  /** A new wish stands in a ring: wakes its writer. */
  readonly wish: (ring: RingGrant) => void;
  /** A writer has overtaken this worker: its subscribers are to be told. */
  readonly lapped: (feed: Feed, now: number) => void;
  /** The worker's counters (src/contract/counters.ts). */
  readonly counters: Float64Array;
}

/** The rings that one worker reads, and what is new in them: one ring's next packets at a time. */
export class Feeds {
  /** What `next` has staged. */
  readonly batch: Staging;
  /** By the ring's index. */
  readonly all = new Map<number, Feed>();
  readonly #options: FeedsOptions;
  readonly #arrivals = new Int32Array(STAGE_PACKETS);
  /** When what `next` has staged was due, us. */
  dueSince = 0;
  /** When the first picture of it ended; Infinity when none does. */
  frameEndedAt = Number.POSITIVE_INFINITY;
  /** Rings that were marked: nobody has looked at what is new in them. */
  readonly #marked = new Set<number>();
  /** Feeds with news that may wait, and those to be served in turn. */
  readonly #waiting = new Set<Feed>();
  readonly #due = new Set<Feed>();

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.batch = new Staging(options.allocate(Staging.bytes(STAGE_PACKETS)), STAGE_PACKETS);
  }

  /** To know of a source's rings is not to want them yet: that is for the subscribers. */
  open(source: StreamSource, now: number): Following {
    const { reader, wish } = this.#options;
    const following = new Following(source, reader, wish);
    for (const feed of following.feeds) this.all.set(feed.index, feed);
    following.table.update(now);
    return following;
  }

  /** Its rings are not read any more; another source may have them already. */
  release(following: Following): void {
    for (const feed of following.feeds) {
      feed.release();
      this.#waiting.delete(feed);
      this.#due.delete(feed);
      if (this.all.get(feed.index) === feed) this.all.delete(feed.index);
    }
  }

  /** A writer marked this ring. */
  mark(index: number): void {
    if (this.all.has(index)) this.#marked.add(index);
  }

  /** Some ring may have what nobody has taken. */
  get hasNews(): boolean {
    return this.#marked.size + this.#waiting.size + this.#due.size > 0;
  }

  /** Some ring's news were due when last looked at, and are not taken. */
  get isDue(): boolean {
    return this.#due.size > 0;
  }

  /**
   * When news are due, us: -Infinity for what leaves at once (src/feed/holding.ts), else when it has
   * waited for `patience`, us, and Infinity when there are none.
   */
  dueAt(now: number, patience: number): number {
    if (this.#due.size > 0) return Number.NEGATIVE_INFINITY;
    this.#look(now, patience);
    let earliest = Number.POSITIVE_INFINITY;
    for (const { holding } of this.#waiting) {
      if (holding.urgent) return Number.NEGATIVE_INFINITY;
      earliest = Math.min(earliest, holding.dueAt(patience));
    }
    return earliest;
  }

  /** Copies the next arrivals of a ring whose news are due into the batch; null when there are none. */
  next(now: number, patience: number): Feed | null {
    for (;;) {
      if (this.#due.size === 0) this.#sort(now, patience);
      const [feed] = this.#due;
      if (feed === undefined) return null;
      this.#due.delete(feed);
      if (feed.subscribers.length === 0) continue;
      this.dueSince = Math.min(now, feed.holding.dueAt(patience));
      const count = feed.take(this.#arrivals, STAGE_PACKETS, now);
      if (count < 0) {
        countUp(this.#options.counters, Counter.ringLaps!);
        this.#options.lapped(feed, now);
        continue;
      }
      if (count === 0) continue;
      if (feed.reader.backlog > 0) this.mark(feed.index);
      this.#stage(feed, count);
      if (this.batch.count === 0) continue;
      feed.cursor = 0;
      return feed;
    }
  }

  /** Looks at what is new in the rings that were marked. */
  #look(now: number, patience: number): void {
    for (const index of this.#marked) {
      const feed = this.all.get(index);
      if (feed === undefined || feed.subscribers.length === 0) continue;
      feed.holding.look(now, patience);
      if (feed.holding.waits && !this.#due.has(feed)) this.#waiting.add(feed);
    }
    this.#marked.clear();
  }

  /** Finds what is due among what waits; sound rides behind its pictures. */
  #sort(now: number, patience: number): void {
    this.#look(now, patience);
    for (const feed of this.#waiting) {
      const { holding } = feed;
      if (holding.waits && holding.dueAt(patience) > now) continue;
      this.#waiting.delete(feed);
      if (!holding.waits) continue;
      this.#due.add(feed);
      const { rider } = feed;
      if (rider !== null && this.#waiting.delete(rider)) this.#due.add(rider);
    }
  }

  #stage(feed: Feed, count: number): void {
    const { batch } = this;
    batch.clear();
    this.frameEndedAt = Number.POSITIVE_INFINITY;
    let laps = 0;
    for (let i = 0; i < count; i += 1) {
      if (batch.load(feed.reader, this.#arrivals[i]!) !== ReadResult.ok) laps += 1;
      else if (i < count - 1 || !feed.holdBack(batch)) this.#note(feed, batch.count - 1);
    }
    if (laps > 0) countUp(this.#options.counters, Counter.ringLaps!, laps);
    batch.planPadding();
    batch.look();
    feed.recent.note(batch);
  }

  #note(feed: Feed, i: number): void {
    const { batch } = this;
    feed.note(batch, i);
    if (feed.audio || !batch.marker(i)) return;
    this.frameEndedAt = Math.min(this.frameEndedAt, batch.receipts[i]!);
  }
}
