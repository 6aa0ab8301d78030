/** Numberings that are remembered for repairs: the present one and three before it. */
const SEGMENTS_KEPT = 4;
/** A segment's start moves along, so that the distance to it never nears half the number space. */
const DISTANCE_MAX = 2 ** 30;

/** What passes of a ring with layers: the places of its numbers among those that do. */
export interface Places {
  numberAt(place: number): number | null;
  isDecided(sequence: number): boolean;
}

/** A stretch of a viewer's sequence numbers over one ring. */
export interface Segment<Feed, Layers extends Places> {
  /** Null once its ring is gone. */
  feed: Feed | null;
  /** Origin sequence that leaves with index `outStart`. */
  originStart: number;
  /** 48-bit SRTP index (roll-over counter * 65536 + sequence number). */
  outStart: number;
  /** Added to the publisher's RTP timestamps, modulo 2^32. */
  readonly timestampOffset: number;
  /** Null where numbers map one to one. */
  readonly layers: Layers | null;
  /** It begins before what was sent already; null where it does not. */
  readonly rewound: Rewound | null;
}

/**
 * A segment that begins at a picture older than what the viewer has seen of another layer: its
 * pictures are needed to decode what follows, but their time is over. Until the segment has come up
 * with the line they follow each other by next to nothing.
 */
export interface Rewound {
  /** The publisher's timestamp of the segment's first packet, and the last one that had left. */
  readonly first: number;
  readonly last: number;
}

/** Pictures are at least so many ticks apart (90 a second), and a tick then. */
const PICTURE_TICKS_MIN = 1_000;

/** RTP timestamp under which a packet of a segment leaves. Rises with the publisher's. */
export function timestampIn(
  { timestampOffset, rewound }: { timestampOffset: number; rewound: Rewound | null },
  timestamp: number,
): number {
  const aligned = (timestamp + timestampOffset) >>> 0;
  if (rewound === null) return aligned;
  const pictures = Math.floor(((timestamp - rewound.first) | 0) / PICTURE_TICKS_MIN);
  const least = (rewound.last + 1 + pictures) >>> 0;
  return ((aligned - least) | 0) > 0 ? aligned : least;
}

/**
 * How a viewer's numbers map to origin sequences. Within a segment a packet's number is reserved by
 * its origin sequence, so that a late packet leaves with the number that waits for it. Numbers only
 * move forward: a new segment begins behind everything that was reserved.
 */
export class Segments<Feed, Layers extends Places = Places> {
  private readonly kept: Segment<Feed, Layers>[] = [];
  /** One past the highest index that is sent or reserved. */
  private end: number;

  /** `firstIndex`: RFC 3711 3.3.1 wants it below 2^15, so that early loss is not taken for a wrap. */
  constructor(firstIndex: number) {
    this.end = firstIndex;
  }

  get current(): Segment<Feed, Layers> | null {
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

  /**
   * A layer that is left in the middle of a frame for `feed` leaves a number out: a receiver that joins
   * what has no marker to what follows (GStreamer's depayloaders) must see that something is missing.
   */
  leaveGap(feed: Feed): void {
    const before = this.current?.feed ?? null;
    if (before !== null && before !== feed) this.takeIndex();
  }

  /** Begins a segment at an origin sequence. */
  begin(
    feed: Feed,
    originStart: number,
    timestampOffset: number,
    layers: Layers | null,
    rewound: Rewound | null = null,
  ): void {
    const outStart = this.end;
    this.kept.unshift({ feed, originStart, outStart, timestampOffset, layers, rewound });
    if (this.kept.length > SEGMENTS_KEPT) this.kept.pop();
  }

  /** Reserves and returns the index of a place in the current segment. */
  indexAt(place: number): number {
    const index = this.kept[0]!.outStart + place;
    if (index >= this.end) this.end = index + 1;
    return index;
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
  segmentOf(index: number): Segment<Feed, Layers> | null {
    for (const segment of this.kept) if (index >= segment.outStart) return segment;
    return null;
  }

  /** Origin sequence of an index inside its segment; null when it is forgotten. */
  originOf(segment: Segment<Feed, Layers>, index: number): number | null {
    const place = index - segment.outStart;
    if (segment.layers !== null) return segment.layers.numberAt(place);
    return (segment.originStart + place) | 0;
  }

  /** Whether the current segment is of `feed` and has reserved numbers at or behind `sequence`. */
  isBehind(feed: Feed | null, sequence: number): boolean {
    const segment = this.kept[0];
    if (segment === undefined || segment.feed !== feed) return false;
    if (segment.layers !== null) return segment.layers.isDecided(sequence);
    return ((sequence - segment.originStart - (this.end - segment.outStart)) | 0) < 0;
  }

  /** The newest index so far whose low 16 bits are `sequence`, or -1. */
  unwrap(sequence: number): number {
    const newest = this.end - 1;
    const index = newest - ((newest - sequence) & 0xffff);
    return index < 0 ? -1 : index;
  }

  /** The rings go back to the pool: what was sent from them cannot be repaired any more. */
  retire(): void {
    for (const segment of this.kept) segment.feed = null;
  }
}
