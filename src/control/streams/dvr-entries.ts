import type { TailSegment } from "../../contract/tail.ts";
import { beginLines, endLines, type SegmentLines } from "../../wire/playlist-lines.ts";
import { ZipPiece } from "./zip-piece.ts";

/** So many that are not listed any more may lie before those that are. */
const PASSED_MAX = 1024;
/** The lines of so many that follow each other are made, and zipped, once. */
const BLOCK = 256;

/** A complete segment. */
export interface DvrEntry extends Omit<SegmentLines, "gap"> {
  readonly era: number;
  /** Media before its end since the first of them, us. */
  readonly endUs: number;
  gap: boolean;
}

/** Complete segments that follow each other by their numbers, from a first one on, and their lines. */
export class DvrEntries {
  #all: DvrEntry[] = [];
  /** Number of the first of them. */
  #base = 0;
  /** By number of their first, over BLOCK. */
  readonly #blocks = new Map<number, ZipPiece>();

  /** Number of the next one. */
  get next(): number {
    return this.#base + this.#all.length;
  }

  /** Media in all of them, us. */
  get totalUs(): number {
    return this.#all.at(-1)?.endUs ?? 0;
  }

  at(msn: number): DvrEntry {
    return this.#all[msn - this.#base]!;
  }

  /** The next one. */
  add({ name, init, breaks, wallUs, durationUs, gap, era }: TailSegment): void {
    const before = this.#all.at(-1);
    const endUs = this.totalUs + durationUs;
    // One name for all that have it.
    const known = before?.init === init ? before.init : init;
    this.#all.push({ name, breaks, wallUs, durationUs, gap, era, endUs, init: known });
  }

  beginAnew(msn: number): void {
    this.#all = [];
    this.#blocks.clear();
    this.#base = msn;
  }

  /** Nobody asks for those before this one any more. */
  dropBefore(msn: number): void {
    const passed = msn - this.#base;
    if (passed < PASSED_MAX) return;
    this.#all.splice(0, passed);
    this.#base = msn;
    for (const block of this.#blocks.keys()) {
      if ((block + 1) * BLOCK <= msn) this.#blocks.delete(block);
    }
  }

  /** From one, which there is, to before another. `begins`: nothing stands before it. */
  lines(from: number, to: number, begins = false): string {
    let text = "";
    let before = begins ? "" : (this.#all[from - 1 - this.#base]?.init ?? "");
    for (let msn = from; msn < to; msn += 1) {
      const entry = this.at(msn);
      text += beginLines(entry, entry.init !== before) + endLines(entry);
      before = entry.init;
    }
    return text;
  }

  /** The same of what nothing stands before. Those before `settled` never become others. */
  pieces(from: number, to: number, settled: number): ZipPiece[] {
    const first = Math.floor(from / BLOCK) + 1;
    const end = Math.floor(Math.min(to, settled) / BLOCK);
    if (end <= first) return [new ZipPiece(this.lines(from, to, true))];
    const pieces = [new ZipPiece(this.lines(from, first * BLOCK, true))];
    for (let block = first; block < end; block += 1) pieces.push(this.#block(block));
    return [...pieces, new ZipPiece(this.lines(end * BLOCK, to))];
  }

  #block(number: number): ZipPiece {
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = new ZipPiece(this.lines(number * BLOCK, (number + 1) * BLOCK));
      this.#blocks.set(number, block);
    }
    return block;
  }
}
