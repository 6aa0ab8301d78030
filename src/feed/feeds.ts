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
  /** Rings with news, served in turn. */
  readonly #dirty: number[] = [];
  readonly #dirtySet = new Set<number>();

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
      if (this.all.get(feed.index) === feed) this.all.delete(feed.index);
    }
  }

  /** A writer marked this ring. */
  mark(index: number): void {
    if (this.#dirtySet.has(index) || !this.all.has(index)) return;
    this.#dirtySet.add(index);
    this.#dirty.push(index);
  }

  /** Some ring may have what nobody has taken. */
  get hasNews(): boolean {
    return this.#dirty.length > 0;
  }

  /** Copies the next arrivals of some ring with news into the batch; null when there are none. */
  next(now: number): Feed | null {
    for (;;) {
      const index = this.#dirty.shift();
      if (index === undefined) return null;
      this.#dirtySet.delete(index);
      const feed = this.all.get(index);
      if (feed === undefined || feed.subscribers.length === 0) continue;
      const count = feed.take(this.#arrivals, STAGE_PACKETS);
      if (count < 0) {
        countUp(this.#options.counters, Counter.ringLaps!);
        this.#options.lapped(feed, now);
        continue;
      }
      if (count === 0) continue;
      if (feed.reader.backlog > 0) this.mark(index);
      this.#stage(feed, count);
      if (this.batch.count === 0) continue;
      feed.cursor = 0;
      return feed;
    }
  }

  #stage(feed: Feed, count: number): void {
    const { batch } = this;
    batch.clear();
    let laps = 0;
    for (let i = 0; i < count; i += 1) {
      if (batch.load(feed.reader, this.#arrivals[i]!) !== ReadResult.ok) laps += 1;
      else if (i < count - 1 || !feed.holdBack(batch)) feed.note(batch, batch.count - 1);
    }
    if (laps > 0) countUp(this.#options.counters, Counter.ringLaps!, laps);
    batch.planPadding();
  }
}
