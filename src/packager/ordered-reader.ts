import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { AUDIO_SLOTS, RING_MARGIN } from "../limits.ts";
import { Glance } from "../ring/glance.ts";
import { SlotFlag } from "../ring/layout.ts";
import { ReadResult, type RingKeyframe } from "../ring/reader.ts";
import type { CodecId } from "../wire/codecs.ts";
import type { Packet } from "./frames/frame.ts";

/** A packet that is missing is waited for so long: repairs of repairs come within that. */
const HOLE_US = 250_000;
/** What is cached behind an older keyframe is not worth its parts: a playlist is 30 s long. */
const GROUP_AGE_MAX_US = 20_000_000;
/** Sound is taken from so far back: what goes with a cached group of pictures, as far as it is there. */
const AUDIO_BACK = AUDIO_SLOTS - 2 * RING_MARGIN;

/** Who takes what is read. */
export interface PacketSink {
  packet(packet: Packet): void;
  /** Packets are missing in front of the next one, and will not come. */
  hole(): void;
}

/** One at a time in a thread. */
const glance = new Glance();
const keyframe: RingKeyframe = { sequence: 0, arrivalUs: 0, bytesSince: 0 };

/** One ring as the tail reads it: its packets in origin order, each once, some of them late. */
export class OrderedReader {
  readonly #feed: Feed;
  readonly #staging: Staging;
  readonly #codec: CodecId;
  /** The next origin sequence; null before the first. */
  #next: number | null = null;
  /** Since when (us) that is known to be missing; null while it is not. */
  #missingSince: number | null = null;

  /** `staging`: room for one packet, not kept between two calls. `codec`: packets of another are none. */
  constructor(feed: Feed, staging: Staging, codec: CodecId) {
    this.#feed = feed;
    this.#staging = staging;
    this.#codec = codec;
  }

  /** Gives all that can be read now: of pictures from the newest keyframe on, where one is there. */
  read(now: number, sink: PacketSink): void {
    const { reader } = this.#feed;
    if (reader.empty) return;
    this.#next ??= this.#begin(now);
    for (;;) {
      const next: number = this.#next;
      if (reader.distance(next) <= 0) return;
      this.#staging.clear();
      const result = this.#staging.load(reader, next);
      if (result === ReadResult.ok) this.#give(sink);
      else if (result === ReadResult.lapped) {
        this.#skipTo(this.#begin(now), sink);
        continue;
      } else if (this.#waits(now)) return;
      else {
        this.#skipTo(this.#firstFrom((next + 1) | 0), sink);
        continue;
      }
      this.#missingSince = null;
      this.#next = (next + 1) | 0;
    }
  }

  /** It is read later, from the newest keyframe on; when that came, null where there is none so young. */
  mark(now: number, ageMaxUs: number): number | null {
    if (!this.#feed.reader.newestKeyframe(keyframe)) return null;
    if (now - keyframe.arrivalUs > ageMaxUs) return null;
    this.#next = keyframe.sequence;
    return keyframe.arrivalUs;
  }

  #begin(now: number): number {
    const { reader, audio } = this.#feed;
    if (audio) return this.#firstFrom((reader.head - AUDIO_BACK) | 0);
    if (!reader.newestKeyframe(keyframe)) return reader.head;
    return now - keyframe.arrivalUs <= GROUP_AGE_MAX_US ? keyframe.sequence : reader.head;
  }

  /** The first sequence from this one on that is there; the ring's head without one. */
  #firstFrom(sequence: number): number {
    const { reader } = this.#feed;
    let at = sequence;
    while (reader.distance(at) > 0 && !reader.glance(at, glance)) at = (at + 1) | 0;
    return at;
  }

  /** What lies before `sequence` will not come: it never was, or the writer has overtaken this thread. */
  #skipTo(sequence: number, sink: PacketSink): void {
    sink.hole();
    this.#missingSince = null;
    // Never back: what was given is not given again.
    const ahead = (sequence - this.#next!) | 0;
    this.#next = ahead > 0 ? sequence : this.#feed.reader.head;
  }

  /** Whether the missing packet may still come. */
  #waits(now: number): boolean {
    this.#missingSince ??= this.#knownSince(now);
    return now - this.#missingSince < HOLE_US;
  }

  /** When the packet behind the hole came: holes that follow each other are waited for all at once. */
  #knownSince(now: number): number {
    const behind = this.#firstFrom((this.#next! + 1) | 0);
    return this.#feed.reader.glance(behind, glance) ? Math.min(now, glance.receiptUs) : now;
  }

  #give(sink: PacketSink): void {
    const staging = this.#staging;
    if (staging.codecs[0] !== this.#codec) {
      sink.hole();
      return;
    }
    this.#feed.note(staging, 0);
    // What comes now builds on nothing that came before.
    if ((staging.flags[0]! & SlotFlag.discontinuity) !== 0) sink.hole();
    const at = staging.payloadOffset(0);
    sink.packet({
      timestamp: staging.timestamps[0]!,
      flags: staging.flags[0]!,
      payload: staging.region.bytes.subarray(at, at + staging.payloadLengths[0]!),
      arrivalUs: staging.arrivals[0]!,
    });
  }
}
