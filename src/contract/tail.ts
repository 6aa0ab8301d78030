/**
 * The messages between control and the packager worker: the tail of a stream (LL-HLS), which that
 * worker cuts out of the rings and control hands out.
 */

import type { Cut } from "../wire/cascade/cut.ts";

/** To the packager worker. */
export type TailCommand =
  /** Somebody wants the tail of a stream: begins with what its source's rings hold, now or later. */
  | {
      readonly type: "tail-open";
      readonly stream: number;
      /** 32 hex digits; every file is named with it, if it is this node that decides how it is cut. */
      readonly edition: string;
      /** PART-TARGET, us. */
      readonly partUs: number;
      /** Its playlists list more than is in memory: control is told their edges only. */
      readonly dvr: boolean;
    }
  /** Something happens at a time of it: its playlists tell so from their next part on. */
  | { readonly type: "tail-date"; readonly stream: number; readonly date: TailDate }
  /** It does not, after all. */
  | { readonly type: "tail-undate"; readonly stream: number; readonly id: number }
  /** So it is cut by the node that decides it. */
  | TailCut
  /** No source will come any more: its playlists say so, and stay. */
  | { readonly type: "tail-end"; readonly stream: number }
  /** Nobody wants it any more. */
  | { readonly type: "tail-close"; readonly stream: number }
  /** Somebody wants one picture of a stream: one `tail-still` comes of it, within STILL_SOUGHT_US. */
  | { readonly type: "tail-still"; readonly stream: number };

/** How a tail is cut, as the node decides it that publishes the stream. */
export interface TailCut extends Cut {
  readonly type: "tail-cut";
  readonly stream: number;
}

/** One picture of a stream, as far as there is one. */
export interface TailStill {
  readonly type: "tail-still";
  readonly stream: number;
  /** A whole MP4 file of it; null: there is none. */
  readonly file: Uint8Array<ArrayBuffer> | null;
  readonly width: number;
  readonly height: number;
  /** Why its source can have none; null where none came. */
  readonly reason: string | null;
}

/** What happens at a time of a stream. */
export interface TailDate {
  readonly id: number;
  readonly type: "cue" | "caption";
  /** By the clock of EXT-X-PROGRAM-DATE-TIME: capture time, ms since 1970. */
  readonly atMs: number;
  /** All that is told of it. */
  readonly json: string;
}

/** A file that came to be, whole. */
export interface TailFile {
  /** The last segment of its URL. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A segment that is complete: its parts' bytes, one after the other. */
export interface TailSegment {
  readonly name: string;
  /** Names of its files; none of a gap. */
  readonly parts: readonly string[];
  /** Media sequence number. */
  readonly msn: number;
  readonly durationUs: number;
  /** Wall clock at capture of what is shown at its start. */
  readonly wallUs: number;
  /** Name of the file that a player has to read before it. */
  readonly init: string;
  /** Discontinuities before it: in all, and since the segment before. */
  readonly era: number;
  readonly breaks: number;
  /** Its layer did not come: there is no such file. */
  readonly gap: boolean;
}

/** What is new of one rendition, all of it at once: files, then the playlist that names them. */
export interface TailNews {
  readonly type: "tail-news";
  readonly stream: number;
  readonly edition: string;
  readonly rendition: number;
  readonly files: readonly TailFile[];
  readonly segments: readonly TailSegment[];
  /** Files and segments that no playlist has named for long enough. */
  readonly gone: readonly string[];
  readonly playlist: TailPlaylist;
  /** What index.m3u8 tells of it from now on; null while that stays as it is. */
  readonly variant: TailVariant | null;
}

/** One rendition as index.m3u8 tells of it. */
export interface TailVariant {
  readonly uri: string;
  /** Bits a second as they are told: of its heaviest segment, and over a while. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  /** What it had of late, bits a second; null before its first segment is whole. */
  readonly bitrate: number | null;
  /** RFC 6381, of all that is in it. */
  readonly codecs: string;
  /** Of its pictures; null without. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** Pictures a second; null where there are none, or it is not known yet. */
  readonly pictureRate: number | null;
  /** Every segment so far begins with a keyframe. */
  readonly independent: boolean;
  /** Nothing that its playlist lists can be played. */
  readonly gap: boolean;
}

/** A media playlist; its URIs stand in quotes or on lines of their own, and are relative. */
export interface TailPlaylist {
  readonly name: string;
  readonly list: TailText | TailEdge;
  /** The newest part that it lists: number of its segment, and its place in that. */
  readonly msn: number;
  readonly part: number;
  /** The newest segment that it lists whole; -1 for none. */
  readonly whole: number;
  /** The part that it hints at; null when none is to come. */
  readonly hint: string | null;
  readonly ended: boolean;
}

/** A playlist as text. */
export interface TailText {
  readonly text: string;
  /** The same, gzipped: made once for all who ask. */
  readonly gzip: Uint8Array<ArrayBuffer>;
}

/** What stands at the end of a playlist that lists more than is in memory: control puts the rest before it. */
export interface TailEdge {
  /** Lines of the head that never change. */
  readonly constants: string;
  /** CAN-SKIP-UNTIL, us. */
  readonly skipUntilUs: number;
  /** The oldest segment that is in memory for sure. */
  readonly oldest: number;
  /** The segment that `text` begins with: its number, discontinuities before it but its own, and the
   * wall clock at its start. */
  readonly from: number;
  readonly era: number;
  readonly wallUs: number;
  readonly text: string;
  /** What happens in it; null while that stays as it is. */
  readonly dates: readonly TailDateLine[] | null;
}

/** One EXT-X-DATERANGE. */
export interface TailDateLine {
  readonly id: number;
  /** When it happens, us by the wall clock. */
  readonly us: number;
  readonly line: string;
}

/** From the packager worker. */
export type TailEvent =
  | TailNews
  | TailStill
  /** There can be none of this source, and why. Until another source comes. */
  | {
      readonly type: "tail-unavailable";
      readonly stream: number;
      /** Null while another node decides, and has told nothing. */
      readonly edition: string | null;
      readonly reason: string;
      /** It is too much for the memory of one; until that has become less, or another source comes. */
      readonly tooHeavy: boolean;
    }
  /** So it is cut here, for other nodes to know. */
  | TailCut
  /** It was cut short by a mistake of the server, and grows no more. */
  | { readonly type: "tail-failed"; readonly stream: number; readonly edition: string };
