import type { TailEvent } from "../contract/tail.ts";
import { TAIL_BYTES_MAX } from "../limits.ts";
import { type CutHead, encodeCuts } from "../wire/cascade/cut-body.ts";
import type { Dates } from "./dates.ts";
import { Names } from "./names.ts";
import { type Gzip, Output } from "./output.ts";
import type { Report } from "./playlist.ts";
import { Room } from "./room.ts";

/** Of what another node decided some may have gone elsewhere and not here: these numbers are left out. */
const LEFT_OUT = 16;

const TOO_HEAVY = `what its playlists have to list takes more than ${TAIL_BYTES_MAX / 2 ** 20} MiB`;

/** Whom what comes of it is for. */
export interface OutputsGround {
  readonly stream: number;
  readonly tell: (event: TailEvent) => void;
  readonly gzip: Gzip;
  /** Its playlists list more than is in memory. */
  readonly dvr: boolean;
  /** What happens in it, for all playlists. */
  readonly dates: Dates;
}

/** What an edition consists of: the playlists of its renditions, whoever decides how they are cut. */
export class Outputs {
  /** Number of its newest CUT; -1 before the first. */
  newestCut = -1;
  /** By layer, the highest first; null for one that has sent nothing in any source. */
  readonly #all: (Output | null)[] = [];
  readonly #room: Room;

  constructor(
    readonly edition: string,
    readonly head: CutHead,
    private readonly ground: OutputsGround,
  ) {
    this.#room = new Room(head.targetUs);
  }

  /** Of a layer that is there: opened if need be. */
  at(layer: number): Output {
    const { partUs: partTargetUs, targetUs: targetDurationUs } = this.head;
    const { dvr } = this.ground;
    while (this.#all.length <= layer) this.#all.push(null);
    const names = new Names(this.edition, layer);
    const known = this.#all[layer] ?? null;
    if (known !== null) return known;
    const output = new Output({ names, partTargetUs, targetDurationUs, dvr });
    if (this.#room.isFull) output.close();
    this.#all[layer] = output;
    return output;
  }

  /** Discontinuities so far, and the next segment, of all renditions. */
  get era(): number {
    return this.#most(({ next }) => next.era ?? 0);
  }

  get msn(): number {
    return this.#most(({ next }) => next.msn);
  }

  /** Segments that began without a keyframe. */
  get forced(): number {
    return this.#all.reduce((sum, output) => sum + (output?.forced ?? 0), 0);
  }

  /** How often even the shortest playlists were too much for its memory. */
  get tooHeavy(): number {
    return this.#room.overfilled;
  }

  /** Another source comes. */
  renew(): void {
    this.#room.forget(this.#present);
  }

  /** Another node decided so far; this one does from now on, and nobody mistakes one for the other. */
  takeOver(): void {
    for (const output of this.#all) output?.cutShort(LEFT_OUT);
    this.newestCut += LEFT_OUT;
  }

  /** Nothing follows. */
  end(): void {
    for (const output of this.#all) output?.end();
  }

  /** Tells what is new. */
  publish(): void {
    const { stream, tell, gzip, dates } = this.ground;
    const { edition } = this;
    const wasFull = this.#room.isFull;
    this.#room.fit(this.#present);
    for (const [rendition, output] of this.#all.entries()) {
      const news = output?.take(gzip, () => this.#reportsBut(output), dates) ?? null;
      if (news === null) continue;
      tell({ type: "tail-news", stream, edition, rendition, ...news });
    }
    if (wasFull || !this.#room.isFull) return;
    tell({ type: "tail-unavailable", stream, edition, reason: TOO_HEAVY, tooHeavy: true });
  }

  /** Tells how it was cut; it was decided here. */
  publishCuts(): void {
    const { stream, tell } = this.ground;
    for (const [rendition, output] of this.#all.entries()) {
      const marks = output?.record.take() ?? [];
      for (const body of encodeCuts({ ...this.head, rendition, marks })) {
        this.newestCut += 1;
        tell({ type: "tail-cut", stream, edition: this.edition, number: this.newestCut, body });
      }
    }
  }

  /** It was decided elsewhere, and is known there. */
  forgetCuts(): void {
    for (const output of this.#all) output?.record.take();
  }

  get #present(): Output[] {
    return this.#all.filter((output) => output !== null);
  }

  #most(of: (output: Output) => number): number {
    return this.#all.reduce((most, output) => Math.max(most, output === null ? 0 : of(output)), 0);
  }

  /** Of all others. */
  #reportsBut(output: Output): Report[] {
    return this.#all.flatMap((other) => {
      const report = other === null || other === output ? null : other.report;
      return report === null ? [] : [report];
    });
  }
}
