import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import { Ensemble, KEYFRAME_EARLY_US, SEGMENT_US } from "./ensemble.ts";
import { KeyframeWishes } from "./keyframe-wishes.ts";
import { Outputs, type OutputsGround } from "./outputs.ts";
import { Rendition } from "./rendition.ts";
import { NO_NUMBERS, type Numbers } from "./segments.ts";
import { SourceReading } from "./source-reading.ts";
import type { TailCutter } from "./tail-cutter.ts";
import { Unavailable } from "./unavailable.ts";
import { WRITER } from "./writer.ts";

/** TARGETDURATION: a segment of 2 s and the keyframe that was asked for then, however late ... */
const TARGET_US = 3_000_000;
/** ... and where the publisher sends keyframes as it likes, as OBS may, a group of its pictures. */
const TARGET_MAX_US = 10_000_000;
/** Cached groups of pictures are younger: no time of a tail is below zero. */
const ZERO_BACK_US = 30_000_000;
/** Another node's clock that is ahead by more is not waited for. */
const AHEAD_US = 2_000_000;

interface EditionOptions extends OutputsGround {
  /** What its files are named with, if it is a new one. */
  readonly edition: string;
  readonly partUs: number;
  /** Wall clock when it begins, us. */
  readonly wallUs: number;
  readonly staging: Staging;
  /** What another node has decided of it so far; null where it is new. */
  readonly before: Outputs | null;
}

/** One stream's tail from its first part to its last, over all its sources: a rendition a layer. */
export class Edition implements TailCutter {
  outputs: Outputs | null;
  readonly #options: EditionOptions;
  readonly #zeroUs: number;
  readonly #ensemble = new Ensemble();
  readonly #wishes = new KeyframeWishes();
  readonly #unavailable: Unavailable;
  #reading: SourceReading | null = null;
  /** By layer, the highest first; null for one that has sent nothing in any source. */
  readonly #renditions: (Rendition | null)[] = [];

  constructor(options: EditionOptions) {
    const { before, wallUs } = options;
    this.#options = options;
    this.outputs = before;
    this.#zeroUs = before?.head.zeroUs ?? wallUs - ZERO_BACK_US;
    this.#unavailable = new Unavailable(options);
    if (before === null) return;
    before.takeOver();
    this.#ensemble.goOn(before.msn, before.era);
  }

  get isUndecided(): boolean {
    return this.outputs === null;
  }

  get forced(): number {
    return this.outputs?.forced ?? 0;
  }

  get tooHeavy(): number {
    return this.outputs?.tooHeavy ?? 0;
  }

  get dropped(): number {
    const untimely = this.#renditions.map((rendition) => rendition?.tracks.dropped ?? 0);
    return untimely.reduce((sum, dropped) => sum + dropped, this.#reading?.dropped ?? 0);
  }

  setSource(following: Following | null, now: number, wallUs: number): void {
    this.#reading?.release();
    for (const rendition of this.#renditions) rendition?.pause(wallUs);
    this.#ensemble.newEpoch();
    this.#unavailable.forget();
    this.outputs?.renew();
    this.#reading =
      following === null
        ? null
        : new SourceReading(following, this.#options.staging, this.#zeroUs, now);
    this.#publish();
  }

  look(now: number, wallUs: number): void {
    const reading = this.#reading;
    const edition = this.outputs?.edition ?? this.#options.edition;
    if (reading === null || this.#unavailable.look(reading, edition)) return;
    reading.read(this, now, wallUs);
    for (const rendition of this.#renditions) rendition?.tick(wallUs);
    this.#wish(reading, now, wallUs);
    this.#publish();
  }

  end(wallUs: number): void {
    for (const rendition of this.#renditions) rendition?.end(wallUs);
    this.#publish();
  }

  release(): void {
    this.#reading?.release();
    this.#reading = null;
  }

  /** Of a layer that is there: its rendition, from now on if there is none yet. */
  renditionOf(layer: number, groupUs: number): Rendition {
    const { partUs, edition } = this.#options;
    while (this.#renditions.length <= layer) this.#renditions.push(null);
    this.outputs ??= new Outputs(
      edition,
      { partUs, targetUs: targetOf(groupUs, partUs), zeroUs: this.#zeroUs },
      this.#options,
    );
    const { head } = this.outputs;
    const sink = this.outputs.at(layer);
    this.#renditions[layer] ??= new Rendition({
      partTargetUs: head.partUs,
      targetDurationUs: head.targetUs,
      writer: WRITER,
      sink,
      ensemble: this.#ensemble,
      from: this.#goOn(sink.next),
    });
    return this.#renditions[layer];
  }

  /** What comes next has nothing to do with what was before. `idle`: of a layer that is not there. */
  newEpoch(idle: Parameters<Rendition["begin"]>[0], wallUs: number): void {
    this.#ensemble.newEpoch();
    for (const rendition of this.#renditions) rendition?.begin(idle, wallUs);
  }

  /** All renditions go on with one segment. */
  #goOn(next: Numbers): Numbers {
    if (next.era === null) return NO_NUMBERS;
    const isAhead = this.#zeroUs + next.endUs - this.#options.wallUs > AHEAD_US;
    const endUs = isAhead ? Number.NEGATIVE_INFINITY : next.endUs;
    return { ...next, msn: this.outputs!.msn, endUs };
  }

  #wish(reading: SourceReading, now: number, wallUs: number): void {
    const renditions = this.#renditions;
    const waits = (layer: number): boolean =>
      reading.waits(layer, renditions[layer]!.lacksKeyframe, now);
    const { segmentUs } = this.#ensemble;
    for (const layer of this.#wishes.turn(renditions, waits, segmentUs, wallUs)) {
      reading.askForKeyframe(layer);
    }
  }

  #publish(): void {
    this.outputs?.publish();
    this.outputs?.publishCuts();
  }
}

/** In whole seconds; a segment is of whole groups, and is cut while there is still room for a part. */
function targetOf(groupUs: number, partUs: number): number {
  const groups = Math.max(1, Math.ceil((SEGMENT_US - KEYFRAME_EARLY_US) / groupUs));
  const us = groupUs === 0 ? 0 : Math.ceil((groups * groupUs + partUs) / 1e6) * 1e6;
  return Math.min(TARGET_MAX_US, Math.max(TARGET_US, us));
}
