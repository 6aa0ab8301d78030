import type { TailEvent } from "../contract/tail.ts";
import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import type { Cut } from "../wire/cascade/cut.ts";
import { type CutBody, decodeCut } from "../wire/cascade/cut-body.ts";
import { Outputs, type OutputsGround } from "./outputs.ts";
import { RenditionCopy } from "./rendition-copy.ts";
import { SourceReading } from "./source-reading.ts";
import type { TailCutter } from "./tail-cutter.ts";
import { Unavailable } from "./unavailable.ts";
import { WRITER } from "./writer.ts";

interface EditionCopyOptions extends OutputsGround {
  readonly tell: (event: TailEvent) => void;
  readonly staging: Staging;
  /** What there is of the stream's tail so far. */
  readonly before: Outputs | null;
}

/** The tail of a stream of another node, cut as the root of the stream cuts it, by what its CUTs say. */
export class EditionCopy implements TailCutter {
  readonly isUndecided = false;
  outputs: Outputs | null;
  readonly #options: EditionCopyOptions;
  /** By layer. */
  readonly #copies: RenditionCopy[] = [];
  readonly #unavailable: Unavailable;
  #reading: SourceReading | null = null;

  constructor(options: EditionCopyOptions) {
    this.#options = options;
    this.outputs = options.before;
    this.#unavailable = new Unavailable(options);
  }

  get forced(): number {
    return this.outputs?.forced ?? 0;
  }

  get tooHeavy(): number {
    return this.outputs?.tooHeavy ?? 0;
  }

  get dropped(): number {
    return this.#reading?.dropped ?? 0;
  }

  setSource(following: Following | null, now: number): void {
    this.release();
    this.#unavailable.forget();
    this.outputs?.renew();
    if (following !== null)
      this.#reading = new SourceReading(following, this.#options.staging, 0, now);
  }

  /** The root has told this. */
  cut({ edition, number, body }: Cut, now: number): void {
    const told = decodeCut(body);
    if (told === null) return;
    if (edition !== this.outputs?.edition) this.#begin(edition, told);
    const outputs = this.outputs!;
    if (number <= outputs.newestCut) return;
    outputs.newestCut = number;
    const copy = this.renditionOf(told.rendition);
    copy.take(told.marks, now);
  }

  look(now: number, wallUs: number): void {
    const reading = this.#reading;
    if (reading !== null) {
      if (this.#unavailable.look(reading, this.outputs?.edition ?? null)) return;
      reading.read(this, now, wallUs);
    }
    for (const copy of this.#copies) copy.look(now);
    this.outputs?.publish();
    this.outputs?.forgetCuts();
  }

  end(): void {
    this.outputs?.end();
    this.outputs?.publish();
  }

  release(): void {
    this.#reading?.release();
    this.#reading = null;
  }

  renditionOf(layer: number): RenditionCopy {
    while (this.#copies.length <= layer) {
      const copy = new RenditionCopy(WRITER);
      if (this.outputs !== null) copy.begin(this.outputs.at(this.#copies.length));
      this.#copies.push(copy);
    }
    return this.#copies[layer]!;
  }

  /** Where times break is told. */
  newEpoch(): void {}

  #begin(edition: string, head: CutBody): void {
    const outputs = new Outputs(edition, head, this.#options);
    this.outputs = outputs;
    for (const [layer, copy] of this.#copies.entries()) copy.begin(outputs.at(layer));
  }
}
