import type { AudioFormat, VideoFormat } from "./format.ts";
import type { Run, Sink, Writer } from "./part.ts";
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
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
}

/** Numbers the parts, segments and inits of a rendition over all its epochs, and hands them out. */
export class Segments {
  #open: Beginning = NOTHING;
  /** Parts of the open segment, and of all. */
  #parts = 0;
  #number = 0;
  #msn = 0;
  /** Of the newest segment that was told of; null before the first. */
  #era: number | null = null;
  /** The newest init, and what it is of. */
  #init = -1;
  #initOf: Beginning = NOTHING;

  constructor(
    private readonly writer: Writer,
    private readonly sink: Sink,
  ) {}

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
    this.sink.part({
      number: this.#number,
      msn: this.#msn,
      startUs,
      endUs,
      independent: !gap && (video === null || pictures.some(({ key }) => key)),
      gap,
      pictures: pictures.length,
      bytes: gap ? NO_BYTES : this.writer.fragment(this.#number + 1, runs),
    });
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
    const { startUs, wallUs, independent, era, gap, video, audio } = this.#open;
    const breaks = era - (this.#era ?? era);
    this.#era = era;
    if (this.#init < 0 || video !== this.#initOf.video || audio !== this.#initOf.audio) {
      this.#init += 1;
      this.#initOf = this.#open;
      const bytes = this.writer.init(video, audio);
      this.sink.init({ number: this.#init, video, audio, bytes });
    }
    this.sink.segment({
      msn: this.#msn,
      init: this.#init,
      ...{ era, breaks, gap },
      startUs,
      wallUs,
      independent,
      part: this.#number,
    });
  }
}

const NO_BYTES = new Uint8Array(0);

/** Before the first segment. */
const NOTHING: Beginning = {
  startUs: 0,
  wallUs: 0,
  independent: true,
  era: 0,
  gap: false,
  video: null,
  audio: null,
};
