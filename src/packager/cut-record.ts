import { type CutMark, type CutRun, NO_RUN } from "../wire/cascade/cut-body.ts";
import type { Init, Part, Run, Segment } from "./part.ts";

/** What other nodes are to be told of a rendition, so that theirs has the same files. */
export class CutRecord {
  #marks: CutMark[] = [];
  #init: Init | null = null;

  init(init: Init): void {
    this.#init = init;
  }

  segment({ msn, init, era, startUs, wallUs, independent, gap, first }: Segment): void {
    const { video, audio } = this.#init!;
    this.#marks.push({
      ...{ type: "segment", msn, init, era, startUs, wallUs, independent, gap, first },
      pictures: video !== null,
      sound: audio !== null,
    });
  }

  part({ number, startUs, endUs }: Part, runs: readonly Run[]): void {
    const [pictures, sound] = [runOf(runs, 1), runOf(runs, 2)];
    this.#marks.push({ type: "part", number, startUs, endUs, pictures, sound });
  }

  segmentEnd(): void {
    this.#marks.push({ type: "segment-end" });
  }

  end(): void {
    this.#marks.push({ type: "end" });
  }

  /** Each is given once. */
  take(): readonly CutMark[] {
    const marks = this.#marks;
    this.#marks = [];
    return marks;
  }
}

function runOf(runs: readonly Run[], track: Run["track"]): CutRun {
  const samples = runs.find((run) => run.track === track)?.samples ?? [];
  return samples.length === 0 ? NO_RUN : { time: samples[0]!.time, samples };
}
