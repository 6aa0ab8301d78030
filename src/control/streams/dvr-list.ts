import type { Shelf } from "../../archive/shelf.ts";
import type { TailDateLine, TailEdge, TailSegment, TailText } from "../../contract/tail.ts";
import { headLines } from "../../wire/playlist-lines.ts";
import { DvrDates } from "./dvr-dates.ts";
import { DvrEntries, type DvrEntry } from "./dvr-entries.ts";
import { MadeText, PiecedText } from "./made-text.ts";
import { ZipPiece } from "./zip-piece.ts";

/** How far back viewers of a tail may go, and where that lies. */
export interface Dvr {
  readonly windowUs: number;
  readonly shelf: Shelf;
}

/** What a player leaves out that it has: segments, or what happens in them as well (6.2.5.1). */
export const SKIPS = ["YES", "v2"] as const;
export type Skip = (typeof SKIPS)[number];

/** What a playlist needs to be understood (section 8): nothing left out, segments, and dates. */
const VERSIONS = { full: 6, YES: 9, v2: 10 } as const;

/** A playlist that lists more than is in memory. With each part it costs the same, however long it is. */
export class DvrList {
  readonly #entries = new DvrEntries();
  /** Numbers: the oldest that is listed, that is in memory, and that a delta update has. */
  #first = 0;
  #inMemory = 0;
  #unskipped = 0;
  #edge: TailEdge;
  #all: readonly TailDateLine[] = [];
  readonly #dates = new DvrDates();
  /** What has been made of it since its newest part. */
  readonly #made = new Map<keyof typeof VERSIONS, TailText>();

  /** Of its first part. */
  constructor(
    private readonly dvr: Dvr,
    segments: readonly TailSegment[],
    edge: TailEdge,
    now: number,
  ) {
    this.#edge = edge;
    this.take(segments, edge, now);
  }

  /** At `now`, us, segments are complete, and this stands at its end. */
  take(segments: readonly TailSegment[], edge: TailEdge, now: number): void {
    for (const segment of segments) this.#add(segment);
    // Numbers between are not known.
    if (this.#entries.next < edge.from) this.#beginAnew(edge.from);
    this.#edge = edge;
    this.#all = edge.dates ?? this.#all;
    this.#judge(edge.oldest);
    this.#slide(edge.oldest);
    this.#pass(edge);
    this.#dates.list(this.#all, this.sinceUs, now, edge.skipUntilUs);
    this.#made.clear();
  }

  /** Wall clock at capture of the oldest that is listed, us. */
  get sinceUs(): number {
    return this.#oldest?.wallUs ?? this.#edge.wallUs;
  }

  /** As it is now. `skip`: without what who asks for that has. */
  text(skip: Skip | null): TailText {
    const kind = this.#unskipped > this.#start ? (skip ?? "full") : "full";
    let made = this.#made.get(kind);
    if (made === undefined) {
      made = kind === "full" ? this.#full() : new MadeText(this.#delta(kind));
      this.#made.set(kind, made);
    }
    return made;
  }

  #full(): TailText {
    const { text, from } = this.#edge;
    const head = this.#head("full") + this.#dates.text;
    if (this.#oldest === undefined) return new MadeText(head + text);
    const pieces = this.#entries.pieces(this.#first, from, this.#inMemory);
    return new PiecedText([new ZipPiece(head), ...pieces, new ZipPiece(text)]);
  }

  #delta(skip: Skip): string {
    const { text, from } = this.#edge;
    const skipped = this.#unskipped - this.#first;
    const removed = this.#dates.removed.join("\t");
    const dates = skip === "v2" ? `,RECENTLY-REMOVED-DATERANGES="${removed}"` : "";
    const tag = `#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}${dates}\n`;
    const listed = skip === "v2" ? this.#dates.newText : this.#dates.text;
    return this.#head(skip) + tag + listed + this.#entries.lines(this.#unskipped, from) + text;
  }

  #head(kind: keyof typeof VERSIONS): string {
    const first = this.#oldest;
    const { constants, era } = this.#edge;
    const before = first === undefined ? era : first.era - first.breaks;
    return headLines(VERSIONS[kind], { constants, msn: this.#start, era: before });
  }

  /** The oldest that is listed before the edge. */
  get #oldest(): DvrEntry | undefined {
    return this.#first < this.#edge.from ? this.#entries.at(this.#first) : undefined;
  }

  /** Number of the first segment that is listed. */
  get #start(): number {
    return Math.min(this.#first, this.#edge.from);
  }

  #add(segment: TailSegment): void {
    if (segment.msn !== this.#entries.next) this.#beginAnew(segment.msn);
    this.#entries.add(segment);
  }

  #beginAnew(msn: number): void {
    this.#entries.beginAnew(msn);
    this.#first = msn;
    this.#inMemory = msn;
    this.#unskipped = msn;
  }

  /** What leaves memory, and is kept nowhere, is a gap from now on. */
  #judge(oldest: number): void {
    for (; this.#inMemory < oldest; this.#inMemory += 1) {
      const entry = this.#entries.at(this.#inMemory);
      entry.gap ||= !this.dvr.shelf.has(entry.name);
    }
  }

  /** Of what is not in memory, what is too old or cannot be had leaves the list. */
  #slide(oldest: number): void {
    const { windowUs, shelf } = this.dvr;
    for (; this.#first < oldest; this.#first += 1) {
      const { endUs, gap, name } = this.#entries.at(this.#first);
      if (this.#entries.totalUs - endUs < windowUs && !gap && shelf.has(name)) break;
    }
    this.#entries.dropBefore(this.#first);
  }

  /** What is farther from the end than CAN-SKIP-UNTIL is left out of delta updates. */
  #pass({ from, skipUntilUs }: TailEdge): void {
    this.#unskipped = Math.max(this.#unskipped, this.#first);
    for (; this.#unskipped < from; this.#unskipped += 1) {
      if (this.#entries.totalUs - this.#entries.at(this.#unskipped).endUs <= skipUntilUs) break;
    }
  }
}
