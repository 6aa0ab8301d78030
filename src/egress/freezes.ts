import { Counter, countUp } from "../contract/counters.ts";
import type { Feed } from "../feed/feed.ts";
import { SILENCE_US } from "../feed/feed.ts";
import type { Places, Segment } from "./segments.ts";

type TrackSegment = Segment<Feed, Places>;

/** The gaps in the video that one viewer is sent, and what they came from. */
export class Freezes {
  /** When the newest packet left, and from which ring; Infinity before the first. */
  private leftAt = Number.POSITIVE_INFINITY;
  private segment: TrackSegment | null = null;

  constructor(private readonly counters: Float64Array) {}

  /** A packet leaves. */
  leave(segment: TrackSegment, now: number): void {
    if (now - this.leftAt > SILENCE_US) {
      countUp(this.counters, this.reason(segment, now));
    }
    this.leftAt = now;
    this.segment = segment;
  }

  /** What comes next is a beginning: another publisher, or consent that has come back. */
  reset(): void {
    this.leftAt = Number.POSITIVE_INFINITY;
    this.segment = null;
  }

  private reason(segment: TrackSegment, now: number): number {
    const before = this.segment?.feed ?? null;
    if (before !== null && this.isSilent(before, segment.feed!, now)) return Counter.freezesSource!;
    return segment === this.segment ? Counter.freezesPacing! : Counter.freezesSwitch!;
  }

  /** Whether the gap is one of the ring that flowed: it is silent yet, or was until now. */
  private isSilent(before: Feed, feed: Feed, now: number): boolean {
    if (before !== feed) return now - before.reader.lastReceiptUs > SILENCE_US;
    return feed.flowsSince > this.leftAt && now - feed.flowsSince <= SILENCE_US;
  }
}
