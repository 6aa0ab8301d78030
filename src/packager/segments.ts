import type { AudioFormat, VideoFormat } from "./format.ts";
import { FIRST_MSN, partOf, type Run, type Sink, type Writer } from "./part.ts";
import type { Sample } from "./sample.ts";

/** What a segment begins with. */
export interface Beginning {
  /** Us since the session's zero, and the wall clock then. */
  readonly startUs: number;
  readonly wallUs: number;
  readonly independent: boolean;
  /** Discontinuities so far, in all renditions. */
  readonly era: number;
  /** Nothing comes of its layer. */
  readonly gap: boolean;
  /** RTP timestamp of the picture that it begins with; null without. */
  readonly first: number | null;
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
}

/** How the numbers of a rendition go on. */
export interface Numbers {
  readonly part: number;
  readonly msn: number;
  /** The newest init, and discontinuities so far; -1 and null before the first. */
  readonly init: number;
  readonly era: number | null;
  /** Where its newest part ends, us. */
  readonly endUs: number;
}

/** Numbers the parts, segments and inits of a rendition over all its epochs, and hands them out. */
export class Segments {
  #open: Beginning = NOTHING;
  /** Parts of the open segment, and of all. */
  #parts = 0;
  #number: number;
  #msn: number;
  /** Of the newest segment that was told of; null before the first. */
  #era: number | null;
  /** The newest init, and what it is of; null while that is not known. */
  #init: number;
  #initOf: Beginning | null = null;

  constructor(
    private readonly writer: Writer,
    private readonly sink: Sink,
    { part, msn, init, era }: Numbers,
  ) {
    this.#number = part;
    this.#msn = msn;
    this.#init = init;
    this.#era = era;
  }

  /** Where the open one begins, us. */
  get startUs(): number {
    return this.#open.startUs;
  }

  /** What its pictures need. */
  get video(): VideoFormat | null {
    return this.#open.video;
  }

  get audio(): AudioFormat | null {
    return this.#open.audio;
  }

  /** The number of the open segment. */
  get msn(): number {
    return this.#msn;
  }

  /** Discontinuities before the newest segment; null before the first. */
  get era(): number | null {
    return this.#era;
  }

  /** Numbers begin here, where none was given yet. */
  numberFrom(msn: number): void {
    if (this.#era === null) this.#msn = msn;
  }

  /** The same of the open one. */
  get openEra(): number {
    return this.#open.era;
  }

  /** The next part begins a segment. */
  begin(beginning: Beginning): void {
    this.close();
    this.#open = beginning;
  }

  /** The open segment is complete. */
  close(): void {
    if (this.#parts === 0) return;
    this.sink.segmentEnd(this.#msn);
    this.#msn += 1;
    this.#parts = 0;
  }

  /** A part of the open segment. */
  part(
    startUs: number,
    endUs: number,
    pictures: readonly Sample[],
    sound: readonly Sample[],
  ): void {
    if (this.#parts === 0) this.#tell();
    const { gap, video } = this.#open;
    const runs: Run[] = [];
    if (pictures.length > 0) runs.push({ track: 1, samples: pictures });
    if (sound.length > 0) runs.push({ track: 2, samples: sound });
    const place = { number: this.#number, msn: this.#msn, startUs, endUs, gap };
    this.sink.part(partOf(this.writer, place, runs, video !== null), runs);
    this.#number += 1;
    this.#parts += 1;
  }

  /** Nothing follows. */
  end(): void {
    this.close();
    this.sink.end();
  }

  /** A segment is told of with its first part; it has none before. */
  #tell(): void {
    const { startUs, wallUs, independent, era, gap, first, video, audio } = this.#open;
    const breaks = era - (this.#era ?? era);
    this.#era = era;
    const known = this.#initOf;
    if (known === null || video !== known.video || audio !== known.audio) {
      this.#init += 1;
      this.#initOf = this.#open;
      const bytes = this.writer.init(video, audio);
      this.sink.init({ number: this.#init, video, audio, bytes });
    }
    this.sink.segment({
      msn: this.#msn,
      init: this.#init,
      ...{ era, breaks, gap, first },
      startUs,
      wallUs,
      independent,
      part: this.#number,
    });
  }
}

/** Before the first segment. */
const NOTHING: Beginning = {
  startUs: 0,
  wallUs: 0,
  independent: true,
  era: 0,
  gap: false,
  first: null,
  video: null,
  audio: null,
};

/** Of one that begins. */
export const NO_NUMBERS: Numbers = {
  part: 0,
  msn: FIRST_MSN,
  init: -1,
  era: null,
  endUs: Number.NEGATIVE_INFINITY,
};
