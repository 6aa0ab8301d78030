import type {
  TailDateLine,
  TailFile,
  TailNews,
  TailPlaylist,
  TailSegment,
  TailVariant,
} from "../contract/tail.ts";
import { TAIL_WINDOW_US } from "../limits.ts";
import { Bandwidth, expectedOf } from "./bandwidth.ts";
import { CutRecord } from "./cut-record.ts";
import type { Dates } from "./dates.ts";
import { ListedCodecs } from "./listed-codecs.ts";
import type { Names } from "./names.ts";
import { bytesOf, type Init, type Part, type Run, type Segment, type Sink } from "./part.ts";
import { PictureRate } from "./picture-rate.ts";
import { Playlist, type PlaylistOptions, type Report } from "./playlist.ts";
import type { Numbers } from "./segments.ts";

/** What control is told of it, but for whose it is. */
type News = Omit<TailNews, "type" | "stream" | "edition" | "rendition">;

/** Who makes texts short. */
export type Gzip = (text: string) => Uint8Array<ArrayBuffer>;

/** The playlist of a rendition, and what has come of it since control was told last. */
export class Output implements Sink {
  /** For other nodes. */
  readonly record = new CutRecord();
  /** Segments that began without a keyframe. */
  forced = 0;
  /** Bytes of all its parts, listed or not. */
  weight = 0;
  readonly playlist: Playlist;
  readonly #names: Names;
  #bandwidth: Bandwidth | null = null;
  #rate = new PictureRate();
  readonly #codecs = new ListedCodecs();
  #init: Init | null = null;
  /** Number of the one that control has; -1 before the first. */
  #toldInit = -1;
  /** The newest segment; null before the first. */
  #segment: Segment | null = null;
  /** Every segment so far begins with a keyframe. */
  #independent = true;
  /** Of the open segment. */
  #parts: Part[] = [];
  /** As control knows it, as text. */
  #variant = "";
  #files: TailFile[] = [];
  #segments: TailSegment[] = [];
  #changed = false;
  readonly #dvr: boolean;
  /** What happens in it, as control knows it. */
  #dates: readonly TailDateLine[] | null = null;

  constructor(options: Omit<PlaylistOptions, "windowUs">) {
    this.#names = options.names;
    this.#dvr = options.dvr;
    this.playlist = new Playlist({ ...options, windowUs: TAIL_WINDOW_US });
  }

  /** How its numbers go on. */
  get next(): Numbers {
    const { nextPart: part, nextMsn: msn, endUs } = this.playlist;
    return { part, msn, init: this.#init?.number ?? -1, era: this.#segment?.era ?? null, endUs };
  }

  /** The open segment gets no more parts, and so many numbers of parts are not given. */
  cutShort(leftOut: number): void {
    if (this.#parts.length > 0) this.segmentEnd();
    this.playlist.leaveOut(leftOut);
  }

  init(init: Init): void {
    this.record.init(init);
    this.#init = init;
    this.#codecs.add(init);
    // Another source, or another size: its pictures may come at another rate.
    this.#rate = new PictureRate();
    this.#bandwidth ??= new Bandwidth(expectedOf(init.video));
  }

  segment(segment: Segment): void {
    // Whoever decides may have died before its end.
    const goesOn = segment.msn === this.playlist.nextMsn;
    if (goesOn && this.#parts.length > 0) this.segmentEnd();
    this.#parts = [];
    this.record.segment(segment);
    this.playlist.segment(segment);
    this.#segment = segment;
    this.#independent &&= segment.independent;
    if (!segment.independent) this.forced += 1;
    this.#tellInit();
  }

  part(part: Part, runs: readonly Run[]): void {
    this.record.part(part, runs);
    this.playlist.part(part);
    this.weight += part.bytes.length;
    if (!this.playlist.isOpen) return;
    this.#parts.push(part);
    this.#changed = true;
    if (part.gap) return;
    this.#rate.note(part.pictures, part.endUs - part.startUs);
    this.#file(this.#names.part(part.number), part.bytes);
  }

  segmentEnd(): void {
    this.record.segmentEnd();
    this.playlist.segmentEnd();
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#changed = true;
    const segment = this.#complete(parts);
    this.#segments.push(segment);
    if (segment.gap) return;
    this.#bandwidth!.note(bytesOf(parts), segment.durationUs);
  }

  end(): void {
    this.record.end();
    this.playlist.end();
    this.#changed = true;
  }

  /** No memory is left for what it lists: control is to drop it, and is told of nothing more. */
  close(): void {
    this.playlist.close();
    this.#parts = [];
    this.#files = [];
    this.#segments = [];
    this.#toldInit = -1;
    this.#changed = this.#init !== null;
  }

  /** There is room again, from the next segment on. */
  open(): void {
    this.playlist.open();
  }

  /** What the playlists of the others tell of this one; null before its first part. */
  get report(): Report | null {
    const { last } = this.playlist;
    return last === null ? null : { uri: this.#names.playlist, last };
  }

  /** What is new; null for nothing. `reports`: of the others. What happens in it alone is no news. */
  take(gzip: Gzip, reports: () => readonly Report[], dates: Dates): News | null {
    if (!this.#changed || this.#init === null) return null;
    this.#changed = false;
    const files = this.#files;
    const segments = this.#segments;
    this.#files = [];
    this.#segments = [];
    const { last, whole, hint, ended } = this.playlist;
    const { msn, part } = last ?? { msn: -1, part: -1 };
    const name = this.#names.playlist;
    const list = this.#list(gzip, reports(), dates);
    return {
      files,
      segments,
      gone: this.playlist.takeGone(),
      playlist: { name, list, msn, part, whole, hint, ended },
      variant: this.#variantIfNew(),
    };
  }

  #list(gzip: Gzip, reports: readonly Report[], dates: Dates): TailPlaylist["list"] {
    const playlist = this.playlist;
    if (!this.#dvr) {
      const text = playlist.render(reports, dates);
      return { text, gzip: gzip(text) };
    }
    const known = this.#dates;
    this.#dates = dates.all;
    return { ...playlist.edge(reports), dates: known === dates.all ? null : dates.all };
  }

  /** The newest segment, of these parts. */
  #complete(parts: readonly Part[]): TailSegment {
    const names = this.#names;
    const { msn, wallUs, init, era, breaks, gap } = this.#segment!;
    const first = parts[0]!;
    const last = parts.at(-1)!;
    return {
      name: names.segment(first.number, last.number),
      parts: gap ? [] : parts.map(({ number }) => names.part(number)),
      msn,
      durationUs: last.endUs - first.startUs,
      wallUs,
      init: names.init(init),
      ...{ era, breaks, gap },
    };
  }

  #variantIfNew(): TailVariant | null {
    const { number, video } = this.#init!;
    const { peak, average, recent } = this.#bandwidth!;
    const variant: TailVariant = {
      uri: this.#names.playlist,
      bandwidth: peak,
      averageBandwidth: average,
      bitrate: recent,
      codecs: this.#codecs.from(this.playlist.firstInit ?? number),
      size: video === null ? null : { width: video.width, height: video.height },
      pictureRate: this.#rate.perSecond,
      independent: this.#independent,
      gap: this.playlist.isGap,
    };
    const told = JSON.stringify(variant);
    if (told === this.#variant) return null;
    this.#variant = told;
    return variant;
  }

  /** With the first segment that needs it. */
  #tellInit(): void {
    if (!this.playlist.isOpen) return;
    this.#changed = true;
    if (this.#init === null || this.#init.number === this.#toldInit) return;
    this.#toldInit = this.#init.number;
    this.#file(this.#names.init(this.#init.number), this.#init.bytes);
  }

  #file(name: string, bytes: Uint8Array): void {
    // Of its own memory, so that it can be given to another thread.
    this.#files.push({ name, bytes: bytes as Uint8Array<ArrayBuffer> });
    this.#changed = true;
  }
}
