/** Numberings that are remembered for repairs: the present one and three before it. */
const SEGMENTS_KEPT = 4;
/** A segment's start moves along, so that the distance to it never nears half the number space. */
const DISTANCE_MAX = 2 ** 30;

/** A stretch of a viewer's sequence numbers that maps one to one to a ring's. */
export interface Segment<Feed> {
  /** Null once its ring is gone. */
  feed: Feed | null;
  /** Origin sequence that leaves with index `outStart`. */
  originStart: number;
  /** 48-bit SRTP index (roll-over counter * 65536 + sequence number). */
  outStart: number;
  /** Added to the publisher's RTP timestamps, modulo 2^32. */
  readonly timestampOffset: number;
}

/**
 * How a viewer's numbers map to origin sequences. Within a segment a packet's number is reserved by
 * its origin sequence, so that a late packet leaves with the number that waits for it. Numbers only
 * move forward: a new segment begins behind everything that was reserved.
 */
export class Segments<Feed> {
  private readonly kept: Segment<Feed>[] = [];
  /** One past the highest index that is sent or reserved. */
  private end: number;

  /** `firstIndex`: RFC 3711 3.3.1 wants it below 2^15, so that early loss is not taken for a wrap. */
  constructor(firstIndex: number) {
    this.end = firstIndex;
  }

  get current(): Segment<Feed> | null {
    return this.kept[0] ?? null;
  }

  get nextIndex(): number {
    return this.end;
  }

  /** Takes one index for a packet that no ring has (cached parameter sets). */
  takeIndex(): number {
    this.end += 1;
    return this.end - 1;
  }

  /** Begins a segment at an origin sequence. */
  begin(feed: Feed, originStart: number, timestampOffset: number): Segment<Feed> {
    const segment = { feed, originStart, outStart: this.end, timestampOffset };
    this.kept.unshift(segment);
    if (this.kept.length > SEGMENTS_KEPT) this.kept.pop();
    return segment;
  }

  /** Reserves and returns the index of an origin sequence; -1 before the current segment. */
  indexOf(originSequence: number): number {
    const segment = this.kept[0];
    if (segment === undefined) return -1;
    const distance = (originSequence - segment.originStart) | 0;
    if (distance < 0) return -1;
    const index = segment.outStart + distance;
    if (index >= this.end) this.end = index + 1;
    if (distance > DISTANCE_MAX) {
      segment.originStart = (segment.originStart + DISTANCE_MAX / 2) | 0;
      segment.outStart += DISTANCE_MAX / 2;
    }
    return index;
  }

  /** The segment that an index belongs to, or null when it is forgotten. */
  segmentOf(index: number): Segment<Feed> | null {
    for (const segment of this.kept) if (index >= segment.outStart) return segment;
    return null;
  }

  /** Origin sequence of an index inside its segment. */
  originOf(segment: Segment<Feed>, index: number): number {
    return (segment.originStart + (index - segment.outStart)) | 0;
  }

  /** Whether the current segment is of `feed` and has reserved numbers at or behind `sequence`. */
  isBehind(feed: Feed | null, sequence: number): boolean {
    const segment = this.kept[0];
    if (segment === undefined || segment.feed !== feed) return false;
    return ((sequence - this.originOf(segment, this.end)) | 0) < 0;
  }

  /** The newest index so far whose low 16 bits are `sequence`, or -1. */
  unwrap(sequence: number): number {
    const newest = this.end - 1;
    const index = newest - ((newest - sequence) & 0xffff);
    return index < 0 ? -1 : index;
  }

  /** The ring goes back to the pool: what was sent from it cannot be repaired any more. */
  retire(feed: Feed): void {
    for (const segment of this.kept) if (segment.feed === feed) segment.feed = null;
  }
}
