import type { AudioFormat, VideoFormat } from "./format.ts";
import type { Sample } from "./sample.ts";

/** Times of media: us since the session's zero, whole. */

/**
 * Media Sequence Number of a tail's first segment. Any will do (RFC 8216bis 4.4.3.2), but 0: hls.js 1.7 takes
 * that for none while it appends parts, forgets what it has of the segment, and loads it again and again.
 */
export const FIRST_MSN = 1;

/** What a player has to read before the segments that name it. */
export interface Init {
  /** One counter a rendition. */
  readonly number: number;
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
  readonly bytes: Uint8Array;
}

/** A segment that begins. */
export interface Segment {
  /** Media sequence number. */
  readonly msn: number;
  /** Number of its init. */
  readonly init: number;
  /** Discontinuities before it, in all renditions; and since the segment before: times do not go on. */
  readonly era: number;
  readonly breaks: number;
  /** Its layer does not come: it holds nothing (RFC 8216bis 4.4.4.7). */
  readonly gap: boolean;
  /** RTP timestamp of the picture that it begins with; null without. */
  readonly first: number | null;
  readonly startUs: number;
  /** Wall clock at capture of what is shown at its start. */
  readonly wallUs: number;
  /** It begins with a keyframe, or has no pictures. */
  readonly independent: boolean;
  /** Number of its first part. */
  readonly part: number;
}

/** A part that is done. */
export interface Part {
  /** One counter a rendition. */
  readonly number: number;
  /** Of its segment. */
  readonly msn: number;
  readonly startUs: number;
  readonly endUs: number;
  /** A player can begin with it. */
  readonly independent: boolean;
  /** There is no such file: its segment is a gap. */
  readonly gap: boolean;
  /** Pictures in it. */
  readonly pictures: number;
  readonly bytes: Uint8Array;
}

/** The samples of one track in a part. */
export interface Run {
  readonly track: 1 | 2;
  readonly samples: readonly Sample[];
}

/** Who writes the bytes. */
export interface Writer {
  init(video: VideoFormat | null, audio: AudioFormat | null): Uint8Array;
  fragment(sequence: number, runs: readonly Run[]): Uint8Array;
}

/** Who takes what a rendition makes, in the order in which it is made. */
export interface Sink {
  init(init: Init): void;
  segment(segment: Segment): void;
  part(part: Part, runs: readonly Run[]): void;
  /** The segment is complete with the part before. */
  segmentEnd(msn: number): void;
  /** Nothing more will come. */
  end(): void;
}

/** A part of these samples. `hasPictures`: its rendition does, so that a player begins with a keyframe only. */
export function partOf(
  writer: Writer,
  place: Pick<Part, "number" | "msn" | "startUs" | "endUs" | "gap">,
  runs: readonly Run[],
  hasPictures: boolean,
): Part {
  const pictures = runs.find(({ track }) => track === 1)?.samples ?? [];
  return {
    ...place,
    independent: !place.gap && (!hasPictures || pictures.some(({ key }) => key)),
    pictures: pictures.length,
    bytes: place.gap ? NO_BYTES : writer.fragment(place.number + 1, runs),
  };
}

/** Of all of them. */
export function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

const NO_BYTES = new Uint8Array(0);
