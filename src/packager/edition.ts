import type { TailEvent, TailFile, TailNews, TailSegment } from "../contract/tail.ts";
import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import { TAIL_WINDOW_US } from "../limits.ts";
import { Bandwidth } from "./bandwidth.ts";
import { renderMaster } from "./master-playlist.ts";
import { writeFragment } from "./mp4/fragment.ts";
import { writeInit } from "./mp4/init.ts";
import { Names } from "./names.ts";
import type { Init, Part, Segment, Sink } from "./part.ts";
import { PictureRate } from "./picture-rate.ts";
import { Playlist } from "./playlist.ts";
import { Rendition } from "./rendition.ts";
import { SourceReading } from "./source-reading.ts";

/** TARGETDURATION: a segment of 2 s and the keyframe that was asked for then, however late ... */
const TARGET_US = 3_000_000;
/** ... and where the publisher sends keyframes as it likes, as OBS may: up to each ten seconds. */
const TARGET_DEAF_US = 10_000_000;
/** Cached groups of pictures are younger: no time of a tail is below zero. */
const ZERO_BACK_US = 30_000_000;
/** What a publisher is taken for until the first segment is weighed, bits a second. */
const EXPECTED_BPS = 2_000_000;
/** There is one so far. */
const RENDITION = 0;

export interface EditionOptions {
  readonly stream: number;
  /** What its files are named with. */
  readonly edition: string;
  readonly partUs: number;
  /** Wall clock when it begins, us. */
  readonly wallUs: number;
  readonly staging: Staging;
  readonly tell: (event: TailEvent) => void;
  readonly gzip: (text: string) => Uint8Array<ArrayBuffer>;
}

/** One stream's tail from its first part to its last, over all its sources. */
export class Edition {
  readonly #options: EditionOptions;
  readonly #zeroUs: number;
  #reading: SourceReading | null = null;
  #output: Output | null = null;
  /** What control was told is why there is none. */
  #unavailable: string | null = null;

  constructor(options: EditionOptions) {
    this.#options = options;
    this.#zeroUs = options.wallUs - ZERO_BACK_US;
  }

  /** Another source, or none: the rings of the one before are not read any more. */
  setSource(following: Following | null, now: number, wallUs: number): void {
    this.#reading?.release();
    this.#output?.rendition.pause(wallUs);
    this.#unavailable = null;
    this.#reading =
      following === null
        ? null
        : new SourceReading(following, this.#options.staging, this.#zeroUs, now);
    this.#publish();
  }

  /** Takes what has come, and tells control what came of it. `now` is monotonic; us. */
  look(now: number, wallUs: number): void {
    const reading = this.#reading;
    if (reading === null || !this.#isPossible(reading)) return;
    const { rendition } = this.#openOutput(reading);
    reading.read(rendition, now, wallUs);
    rendition.tick(wallUs);
    if (rendition.wantsKeyframe(wallUs, reading.waitsForKeyframe)) reading.askForKeyframe();
    this.#publish();
  }

  /** No source will come any more. */
  end(wallUs: number): void {
    this.#output?.rendition.end(wallUs);
    this.#publish();
  }

  /** It cannot go on. */
  fail(): void {
    const { stream, edition, tell } = this.#options;
    tell({ type: "tail-failed", stream, edition });
  }

  /** Its rings are not read any more. */
  release(): void {
    this.#reading?.release();
    this.#reading = null;
  }

  #isPossible(reading: SourceReading): boolean {
    const { unavailable } = reading;
    if (unavailable !== null && unavailable !== this.#unavailable) {
      const { stream, edition, tell } = this.#options;
      tell({ type: "tail-unavailable", stream, edition, reason: unavailable });
    }
    this.#unavailable = unavailable;
    return unavailable === null;
  }

  #openOutput(reading: SourceReading): Output {
    const { partUs, edition } = this.#options;
    const targetUs = reading.ignoresPli ? TARGET_DEAF_US : TARGET_US;
    this.#output ??= new Output(new Names(edition, RENDITION), partUs, targetUs);
    return this.#output;
  }

  #publish(): void {
    const { stream, edition, tell, gzip } = this.#options;
    const news = this.#output?.take(gzip) ?? null;
    if (news !== null) {
      tell({ type: "tail-news", stream, edition, rendition: RENDITION, ...news });
    }
  }
}

/** A rendition and what it has made since control was told last. */
class Output implements Sink {
  readonly rendition: Rendition;
  readonly #names: Names;
  readonly #playlist: Playlist;
  readonly #bandwidth = new Bandwidth(EXPECTED_BPS);
  readonly #rate = new PictureRate();
  #init: Init | null = null;
  /** Of the open segment. */
  #parts: Part[] = [];
  #master = "";
  #files: TailFile[] = [];
  #segments: TailSegment[] = [];
  #changed = false;

  constructor(names: Names, partTargetUs: number, targetDurationUs: number) {
    this.#names = names;
    this.#playlist = new Playlist({
      names,
      partTargetUs,
      targetDurationUs,
      windowUs: TAIL_WINDOW_US,
    });
    this.rendition = new Rendition({
      partTargetUs,
      targetDurationUs,
      writer: {
        init: (video, audio) => writeInit({ video, audio }),
        fragment: writeFragment,
      },
      sink: this,
    });
  }

  init(init: Init): void {
    this.#init = init;
    this.#file(this.#names.init(init.number), init.bytes);
  }

  segment(segment: Segment): void {
    this.#playlist.segment(segment);
    this.#changed = true;
  }

  part(part: Part): void {
    this.#parts.push(part);
    this.#playlist.part(part);
    this.#rate.note(part.pictures, part.endUs - part.startUs);
    this.#file(this.#names.part(part.number), part.bytes);
  }

  segmentEnd(): void {
    this.#playlist.segmentEnd();
    const parts = this.#parts;
    this.#parts = [];
    const first = parts[0]!;
    const last = parts.at(-1)!;
    const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0);
    this.#bandwidth.note(bytes, last.endUs - first.startUs);
    const name = this.#names.segment(first.number, last.number);
    this.#segments.push({ name, parts: parts.map(({ number }) => this.#names.part(number)) });
    this.#changed = true;
  }

  end(): void {
    this.#playlist.end();
    this.#changed = true;
  }

  /** What is new; null for nothing. */
  take(
    gzip: EditionOptions["gzip"],
  ): Omit<TailNews, "type" | "stream" | "edition" | "rendition"> | null {
    if (!this.#changed || this.#init === null) return null;
    this.#changed = false;
    const files = this.#files;
    const segments = this.#segments;
    this.#files = [];
    this.#segments = [];
    const playlist = this.#playlist;
    const text = playlist.render();
    const { last, whole, hint, ended } = playlist;
    const name = this.#names.playlist;
    const { msn, part } = last ?? { msn: -1, part: -1 };
    return {
      files,
      segments,
      gone: playlist.takeGone(),
      playlist: { name, text, gzip: gzip(text), msn, part, whole, hint, ended },
      master: this.#masterIfNew(),
    };
  }

  #masterIfNew(): string | null {
    const { video, audio } = this.#init!;
    const { peak, average } = this.#bandwidth;
    const variant = {
      uri: this.#names.playlist,
      bandwidth: peak,
      averageBandwidth: average,
      video,
      audio,
      pictureRate: this.#rate.perSecond,
    };
    const master = renderMaster([variant], this.rendition.forced === 0);
    if (master === this.#master) return null;
    this.#master = master;
    return master;
  }

  #file(name: string, bytes: Uint8Array): void {
    // Of its own memory, so that it can be given to another thread.
    this.#files.push({ name, bytes: bytes as Uint8Array<ArrayBuffer> });
    this.#changed = true;
  }
}
