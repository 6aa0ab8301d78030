import type { Child } from "../cascade/child.ts";
import type { Link } from "../cascade/link.ts";
import type { RingGrant, StreamSource } from "../contract/source.ts";
import type { Feed } from "../feed/feed.ts";
import { Feeds } from "../feed/feeds.ts";
import type { Following } from "../feed/following.ts";
import { Staging } from "../feed/staging.ts";
import type { Region } from "../srtp/cipher.ts";
import { ChildStream } from "./child-stream.ts";
import type { DataWriter } from "./data-writer.ts";
import { headsOf } from "./heads.ts";
import { Residence } from "./residence.ts";

/** Every hop would add to it: what comes leaves in the same turn. */
const NO_PATIENCE = 0;

/** What reading rings takes. */
export interface ReadingGround {
  /** Reader-thread number in ring headers. */
  readonly reader: number;
  readonly counters: Float64Array;
  readonly allocate: (bytes: number) => Region;
  /** A new wish stands in a ring: wakes its writer. */
  readonly wish: (ring: RingGrant) => void;
}

interface OffersOptions {
  readonly ground: ReadingGround;
  /** Writes to a link; null for one that is gone. */
  readonly writer: (link: Link) => DataWriter | null;
  /** So many nodes have the stream from here; who only stands by is none of them. */
  readonly counted: (stream: number, count: number) => void;
  /** How long ago the root of a stream was last heard of, us. */
  readonly rootAgeUs: (stream: number, now: number) => number;
}

/** The streams in rings of this node, on their way to other nodes. */
export class Offers {
  readonly #options: OffersOptions;
  readonly #feeds: Feeds;
  readonly #scratch: Staging;
  readonly #residence: Residence;
  readonly #sources = new Map<number, StreamSource>();
  readonly #following = new Map<number, Following>();
  readonly #children = new Map<Child, ChildStream>();
  /** The feed whose batch is not yet with all its children. */
  #active: Feed | null = null;
  #full = false;

  constructor(options: OffersOptions) {
    this.#options = options;
    const { allocate, ...ground } = options.ground;
    this.#feeds = new Feeds({
      ...ground,
      allocate,
      lapped: (feed, now) => {
        for (const each of [...feed.subscribers]) each.lapped(feed, now);
      },
    });
    this.#residence = new Residence(ground.counters);
    this.#scratch = new Staging(allocate(Staging.bytes(1)), 1);
  }

  /** A stream's rings are these from now on. Older rings are not read any more on return. */
  setSource(stream: number, source: StreamSource | null): void {
    const before = this.#following.get(stream);
    if (source === null) this.#sources.delete(stream);
    else this.#sources.set(stream, source);
    if (before === undefined || before.epoch === source?.epoch) return;
    this.#following.delete(stream);
    for (const [child, each] of [...this.#children]) {
      if (each.following !== before) continue;
      each.end();
      this.#children.delete(child);
    }
    if (before.feeds.some((feed) => feed === this.#active)) this.#active = null;
    this.#feeds.release(before);
  }

  /** The stream's rings, opened when they are first needed; null when there are none. */
  follow(stream: number, now: number): Following | null {
    const known = this.#following.get(stream);
    const source = this.#sources.get(stream);
    if (known !== undefined || source === undefined) return known ?? null;
    const following = this.#feeds.open(source, now);
    this.#following.set(stream, following);
    return following;
  }

  heads(stream: number, now: number): readonly (number | null)[] {
    const following = this.follow(stream, now);
    return following === null ? [] : headsOf(following);
  }

  /** What flows to the other end of a link, by stream. */
  flowing(link: Link): Following[] {
    const flowing = [...this.#children].filter(
      ([child]) => child.link === link && child.mode === "live",
    );
    return flowing.map(([, { following }]) => following);
  }

  of(child: Child): ChildStream | null {
    return this.#children.get(child) ?? null;
  }

  serve(child: Child, now: number): void {
    const writer = this.#options.writer(child.link);
    const following = this.follow(child.stream!, now);
    if (writer === null || following === null) return;
    const stream = new ChildStream(child, following, writer, this.#scratch);
    this.#children.set(child, stream);
    stream.change(now);
    this.#count(child.stream!);
  }

  /** It wants other rings, or another mode. */
  change(child: Child, now: number): void {
    this.#children.get(child)?.change(now);
    this.#count(child.stream!);
  }

  stop(child: Child): void {
    this.#children.get(child)?.end();
    this.#children.delete(child);
    this.#count(child.stream!);
  }

  /** A writer has news in this ring. */
  mark(index: number): void {
    this.#feeds.mark(index);
  }

  /** When `forward` has something to do, us: -Infinity for at once, Infinity for never. */
  workAt(): number {
    // Every hop adds to what others wait for: all that comes is urgent.
    if (this.#active !== null || this.#feeds.hasNews) return Number.NEGATIVE_INFINITY;
    let soonest = Number.POSITIVE_INFINITY;
    for (const each of this.#children.values()) soonest = Math.min(soonest, each.catchUpAt());
    return soonest;
  }

  /**
   * Moves media to children until done, `deadline` (us) has passed or the output is full; true when
   * some is left.
   */
  forward(now: number, deadline: number, clock: () => number): boolean {
    this.#full = false;
    while (!this.#full) {
      this.#active ??= this.#feeds.next(now, NO_PATIENCE);
      if (this.#active === null) break;
      if (this.#serveActive(this.#active, now)) this.#active = null;
      if (clock() >= deadline) return true;
    }
    return this.#full || this.#catchUp(now);
  }

  /** What was forwarded is out of this process. `clock`: monotonic, us. */
  sent(clock: () => number): void {
    if (this.#residence.waiting) this.#residence.left(clock());
  }

  handleTimeout(now: number): void {
    this.#residence.tell(now);
    const { rootAgeUs } = this.#options;
    for (const [{ stream }, each] of this.#children) {
      each.handleTimeout(now, rootAgeUs(stream!, now));
    }
  }

  nextTimeout(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const each of this.#children.values()) soonest = Math.min(soonest, each.nextTimeout());
    return soonest;
  }

  #serveActive(feed: Feed, now: number): boolean {
    while (feed.cursor < feed.subscribers.length) {
      if (!feed.subscribers[feed.cursor]!.forward(feed, this.#feeds.batch, now)) {
        this.#full = true;
        return false;
      }
      feed.cursor += 1;
    }
    if (feed.cursor > 0) this.#residence.note(this.#feeds.batch);
    return true;
  }

  #catchUp(now: number): boolean {
    for (const each of this.#children.values()) if (!each.catchUp(now)) return true;
    return false;
  }

  #count(stream: number): void {
    let count = 0;
    for (const child of this.#children.keys()) {
      // For a standby alone nothing is kept here.
      if (child.stream === stream && child.mode === "live") count += 1;
    }
    this.#options.counted(stream, count);
  }
}
