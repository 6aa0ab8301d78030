import type { CloseReason } from "../../contract/session.ts";
import { SOURCE_LINGER_US } from "../../limits.ts";
import type { Logger } from "../../log.ts";
import type { RingLease } from "../plane/lease.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Source } from "./source.ts";
import { Stream } from "./stream.ts";
import type { Publish } from "./stream-event.ts";
import { Viewers } from "./viewers.ts";

interface StreamsOptions {
  readonly plane: MediaPlane;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: Publish;
}

/** Streams by name: they come to be when somebody wants one, live by a source, and are forgotten. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #byName = new Map<string, Stream>();
  #number = 0;
  /** Highest epoch known. One count for all names: a name that was forgotten still moves on. */
  #epoch = 0;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Stream | undefined {
    return this.#byName.get(name);
  }

  values(): IterableIterator<Stream> {
    return this.#byName.values();
  }

  /** The stream of that name, a new one if need be: to be let go of if nobody comes to it. */
  of(name: string): Stream {
    let stream = this.#byName.get(name);
    if (stream === undefined) {
      this.#number += 1;
      stream = new Stream(this.#number, name, new Viewers(this.#options.plane));
      this.#byName.set(name, stream);
    }
    return stream;
  }

  /** For a source that is about to go live. */
  nextEpoch(): number {
    this.#epoch += 1;
    return this.#epoch;
  }

  /** Readers have `source` from now on; the one before is ended, unless it `stays` to wait. */
  goLive(stream: Stream, source: Source, stays = false): void {
    const { source: before, lent } = stream;
    stream.source = source;
    stream.lent = source.lease;
    stream.idleSinceUs = null;
    source.lease.lend();
    this.#retire(lent, this.#options.plane.setSource(stream.number, source.granted));
    for (const audience of stream.audiences) audience.follow(source);
    if (before !== null) this.#replaced(stream, before, stays);
    const { publish } = this.#options;
    publish({ type: "active", stream });
    publish({ type: "published", stream, source });
  }

  /**
   * Nothing comes of `source` any more; its lease is for its origin to end. Whoever has the stream
   * read keeps it, for another source to come.
   */
  ended(stream: Stream, source: Source, reason: CloseReason): void {
    // Another has its place: it has nothing to tell of the stream.
    if (stream.source !== source) return;
    stream.source = null;
    stream.idleSinceUs = this.#options.clock.now();
    const { publish } = this.#options;
    publish({ type: "inactive", stream, source, reason });
    publish({ type: "unpublished", stream, source, reason });
    this.letGo(stream);
  }

  /** Somebody has left the stream: it is forgotten when that was the last. */
  letGo(stream: Stream): void {
    if (!stream.abandoned || this.#byName.get(stream.name) !== stream) return;
    this.#dropSource(stream);
    this.#byName.delete(stream.name);
  }

  /** Called about once a second. */
  tick(): void {
    const now = this.#options.clock.now();
    for (const stream of this.#byName.values()) {
      if (stream.idleSinceUs === null || now - stream.idleSinceUs <= SOURCE_LINGER_US) continue;
      this.#dropSource(stream);
    }
  }

  /** Another has the place of `source`. */
  #replaced(stream: Stream, source: Source, stays: boolean): void {
    const reason = "taken-over";
    if (!stays) source.origin.end(reason);
    this.#options.publish({ type: "unpublished", stream, source, reason });
  }

  #dropSource(stream: Stream): void {
    stream.idleSinceUs = null;
    const lease = stream.lent;
    if (lease === null) return;
    stream.lent = null;
    this.#retire(lease, this.#options.plane.setSource(stream.number, null));
  }

  #retire(lease: RingLease | null, switched: Promise<void>): void {
    switched.then(
      () => lease?.readersGone(),
      // The rings stay out of the pool: better a lost ring than one with two writers.
      (error) => this.#options.log.error("Readers did not switch", { cause: String(error) }),
    );
  }
}
