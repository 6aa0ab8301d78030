import type { StreamKey } from "../../../src/cascade/names.ts";
import type { Feed, Subscriber } from "../../../src/feed/feed.ts";
import type { Following } from "../../../src/feed/following.ts";
import type { Staging } from "../../../src/feed/staging.ts";
import { SlotFlag } from "../../../src/ring/layout.ts";
import { isPayloadOf } from "./publisher.ts";

/** What came of one ring of one source. */
export class Received {
  readonly sequences = new Set<number>();
  lowest = 0;
  highest = 0;
  /** Since when, and of the newest, in virtual time. */
  firstAt = 0;
  newestAt = 0;
  /** The longest time without anything, between packets. */
  gapUs = 0;
  /** How long the newest was on its way. */
  ageUs = 0;
  /** Whether the lowest was the start of a keyframe. */
  began = false;

  /** Numbers between the lowest and the highest that have not come, without the newest few. */
  missing(margin = 0): number {
    let missing = 0;
    for (let at = this.lowest; at <= this.highest - margin; at += 1) {
      if (!this.sequences.has(at)) missing += 1;
    }
    return missing;
  }

  missingFrom(from: number, to: number): number {
    let missing = 0;
    for (let at = from; at < to; at += 1) if (!this.sequences.has(at)) missing += 1;
    return missing;
  }
}

/** A viewer at a node: what it got of each source of its stream. */
export class Watcher implements Subscriber {
  readonly session = 0;
  readonly spatialId = 0;
  following: Following | null = null;
  /** When something came last, in virtual time, and since when it watches. */
  heardAt: number;
  readonly since: number;
  /** By source and ring. */
  readonly received = new Map<string, Received>();
  /** What it was sent that it should not have been, in words. */
  readonly wrong: string[] = [];
  #key = "";

  constructor(
    readonly name: string,
    /** Video layers that are watched, by their place. */
    readonly layers: readonly number[],
    readonly clock: () => number,
  ) {
    this.since = clock();
    this.heardAt = this.since;
  }

  /** Another source, in rings of these feeds. `generation`: rings of one source may be had anew. */
  follow(following: Following, key: StreamKey, generation: number): void {
    this.following = following;
    this.#key = `${key.epoch} ${key.owner.slice(-2)} ${generation}`;
  }

  /** Is shown a layer from now on; asks for a keyframe where none is there to begin at, as egress does. */
  begin(feed: Feed | undefined, now: number): void {
    feed?.attach(this);
    if (feed?.joinableKeyframe(now) === null) feed.reader.requestKeyframe("join");
  }

  /** Of the present source. */
  of(ring: number): Received | undefined {
    return this.received.get(`${this.#key} ${ring}`);
  }

  forward(feed: Feed, batch: Staging, now: number): boolean {
    const at = this.clock();
    const ring = this.following!.feeds.indexOf(feed);
    const key = `${this.#key} ${ring}`;
    let received = this.received.get(key);
    for (let i = 0; i < batch.count; i += 1) {
      const sequence = batch.sequences[i]!;
      if (received === undefined) {
        received = new Received();
        this.received.set(key, received);
        received.lowest = sequence;
        received.highest = sequence;
        received.firstAt = at;
        received.newestAt = at;
      }
      this.#take(received, sequence, ring, batch, i);
      received.ageUs = now - batch.arrivals[i]!;
    }
    if (received === undefined) return true;
    received.gapUs = Math.max(received.gapUs, at - received.newestAt);
    received.newestAt = at;
    this.heardAt = at;
    return true;
  }

  lapped(): void {}

  #take(received: Received, sequence: number, ring: number, batch: Staging, i: number): void {
    if (received.sequences.has(sequence)) this.wrong.push(`${sequence} of ring ${ring} twice`);
    received.sequences.add(sequence);
    if (sequence <= received.lowest) {
      received.lowest = sequence;
      received.began = (batch.flags[i]! & SlotFlag.keyframeStart) !== 0;
    }
    received.highest = Math.max(received.highest, sequence);
    const from = batch.payloadOffset(i);
    const payload = batch.region.bytes.subarray(from, from + batch.payloadLengths[i]!);
    if (!isPayloadOf(ring, sequence, payload)) this.wrong.push(`${sequence} of ring ${ring} wrong`);
  }
}
