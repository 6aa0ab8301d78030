import type { TailEvent } from "../contract/tail.ts";
import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import { Dates } from "./dates.ts";
import { Ensemble } from "./ensemble.ts";
import { KeyframeWishes } from "./keyframe-wishes.ts";
import { Names } from "./names.ts";
import { Output } from "./output.ts";
import type { Report } from "./playlist.ts";
import type { Rendition } from "./rendition.ts";
import { SourceReading } from "./source-reading.ts";

/** TARGETDURATION: a segment of 2 s and the keyframe that was asked for then, however late ... */
const TARGET_US = 3_000_000;
/** ... and where the publisher sends keyframes as it likes, as OBS may: up to each ten seconds. */
const TARGET_DEAF_US = 10_000_000;
/** Cached groups of pictures are younger: no time of a tail is below zero. */
const ZERO_BACK_US = 30_000_000;

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

/** One stream's tail from its first part to its last, over all its sources: a rendition a layer. */
export class Edition {
  readonly dates = new Dates();
  readonly #options: EditionOptions;
  readonly #zeroUs: number;
  readonly #ensemble = new Ensemble();
  readonly #wishes = new KeyframeWishes();
  #reading: SourceReading | null = null;
  /** By layer, the highest first; null for one that has sent nothing in any source. */
  readonly #outputs: (Output | null)[] = [];
  /** TARGETDURATION of all, us; null before the first. */
  #targetUs: number | null = null;
  /** What control was told is why there is none. */
  #unavailable: string | null = null;

  constructor(options: EditionOptions) {
    this.#options = options;
    this.#zeroUs = options.wallUs - ZERO_BACK_US;
  }

  /** Another source, or none: the rings of the one before are not read any more. */
  setSource(following: Following | null, now: number, wallUs: number): void {
    this.#reading?.release();
    for (const output of this.#outputs) output?.rendition.pause(wallUs);
    this.#ensemble.newEpoch();
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
    reading.read(this, now, wallUs);
    for (const output of this.#outputs) output?.rendition.tick(wallUs);
    this.#wish(reading, now, wallUs);
    this.#publish();
  }

  /** No source will come any more. */
  end(wallUs: number): void {
    for (const output of this.#outputs) output?.rendition.end(wallUs);
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

  /** Of a layer that is there: its rendition, from now on if there is none yet. */
  renditionOf(layer: number, ignoresPli: boolean): Rendition {
    const { partUs, edition } = this.#options;
    while (this.#outputs.length <= layer) this.#outputs.push(null);
    this.#targetUs ??= ignoresPli ? TARGET_DEAF_US : TARGET_US;
    this.#outputs[layer] ??= new Output(
      new Names(edition, layer),
      this.#ensemble,
      partUs,
      this.#targetUs,
    );
    return this.#outputs[layer].rendition;
  }

  /** What comes next has nothing to do with what was before. `idle`: of a layer that is not there. */
  newEpoch(idle: Parameters<Rendition["begin"]>[0], wallUs: number): void {
    this.#ensemble.newEpoch();
    for (const output of this.#outputs) output?.rendition.begin(idle, wallUs);
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

  #wish(reading: SourceReading, now: number, wallUs: number): void {
    const renditions = this.#outputs.map((output) => output?.rendition ?? null);
    const waits = (layer: number): boolean =>
      reading.waits(layer, renditions[layer]!.lacksKeyframe, now);
    const { segmentUs } = this.#ensemble;
    for (const layer of this.#wishes.turn(renditions, waits, segmentUs, wallUs)) {
      reading.askForKeyframe(layer);
    }
  }

  #publish(): void {
    const { stream, edition, tell, gzip } = this.#options;
    for (const [rendition, output] of this.#outputs.entries()) {
      const news = output?.take(gzip, () => this.#reportsBut(output), this.dates) ?? null;
      if (news !== null) tell({ type: "tail-news", stream, edition, rendition, ...news });
    }
  }

  /** Of all others. */
  #reportsBut(output: Output): Report[] {
    return this.#outputs.flatMap((other) => {
      const report = other === null || other === output ? null : other.report;
      return report === null ? [] : [report];
    });
  }
}
