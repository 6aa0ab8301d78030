import type { TailEdge } from "../contract/tail.ts";
import { beginLines, endLines, headLines, seconds, shortSeconds } from "../wire/playlist-lines.ts";
import type { Dates } from "./dates.ts";
import { Departed } from "./departed.ts";
import type { Names } from "./names.ts";
import { bytesOf, FIRST_MSN, type Part, type Segment } from "./part.ts";

/** Segments that are listed at least, complete ones (Apple's HLS authoring specification 8.11). */
export const SEGMENTS_MIN = 6;
/** Of so many segments the parts are listed, the open one among them: of three target durations at most. */
const SEGMENTS_WITH_PARTS = 3;
/** Players keep three parts, or three target durations, away from the end. */
const HOLD_BACK = 3;
/**
 * CAN-SKIP-UNTIL of a playlist that lists more than is in memory, in target durations; six are the least
 * (4.4.3.8). What leaves memory may turn out to be a gap, after as long as half of it at most: so whoever
 * has a copy half as old, and may ask for a delta update (6.3.7), learns of it.
 */
const SKIP = 20;

/** What cannot change during a session: players fail for good when it does. */
export interface PlaylistOptions {
  readonly names: Names;
  readonly partTargetUs: number;
  readonly targetDurationUs: number;
  /** Complete segments are listed for so long. */
  readonly windowUs: number;
  /** Others are listed before them. */
  readonly dvr: boolean;
}

/** Another rendition of the session, as it is when this one's playlist is rendered. */
export interface Report {
  readonly uri: string;
  readonly last: PartPlace;
}

/** A part by its segment's number and its own in there, as players ask for it. */
export interface PartPlace {
  readonly msn: number;
  readonly part: number;
}

/** A segment with its parts so far. */
interface Entry extends Segment {
  readonly parts: Part[];
  complete: boolean;
  /** So long was the longest list with it, us. */
  longestUs: number;
}

/** The media playlist of one rendition: what is listed, and its text (RFC 8216bis). */
export class Playlist {
  /** Of the files that it lists. */
  listedBytes = 0;
  readonly #constants: string;
  readonly #entries: Entry[] = [];
  /** Sum over the complete segments that are listed. */
  #listedUs = 0;
  #msn = FIRST_MSN;
  #nextPart = 0;
  /** Of the newest part. */
  #endUs = Number.NEGATIVE_INFINITY;
  readonly #departed: Departed;
  #ended = false;
  /** Segments that begin are listed. */
  #lists = true;

  constructor(private readonly options: PlaylistOptions) {
    const { names, partTargetUs, targetDurationUs, dvr } = options;
    this.#departed = new Departed(names);
    const holdBack = shortSeconds(HOLD_BACK * targetDurationUs);
    const partHoldBack = shortSeconds(HOLD_BACK * partTargetUs);
    const until = shortSeconds(SKIP * targetDurationUs);
    const skip = dvr ? `,CAN-SKIP-UNTIL=${until},CAN-SKIP-DATERANGES=YES` : "";
    this.#constants = `#EXT-X-TARGETDURATION:${Math.ceil(targetDurationUs / 1e6)}
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${partHoldBack},HOLD-BACK=${holdBack}${skip}
#EXT-X-PART-INF:PART-TARGET=${shortSeconds(partTargetUs)}
`;
  }

  /** Of the oldest segment that is listed; of the next where none is. */
  get firstMsn(): number {
    return this.#entries[0]?.msn ?? this.#msn;
  }

  /** Of the oldest segment that is listed; null where none is. */
  get firstInit(): number | null {
    return this.#entries[0]?.init ?? null;
  }

  /** The newest part; null before the first. */
  get last(): PartPlace | null {
    const entry = this.#entries.at(-1);
    return entry === undefined ? null : { msn: entry.msn, part: entry.parts.length - 1 };
  }

  /** The newest segment that is complete; -1 where none is listed. */
  get whole(): number {
    return this.#entries.findLast(({ complete }) => complete)?.msn ?? -1;
  }

  /** Numbers of the next part and the next segment, and where the newest part ends (us). */
  get nextPart(): number {
    return this.#nextPart;
  }

  get nextMsn(): number {
    return this.#msn;
  }

  get endUs(): number {
    return this.#endUs;
  }

  /** The part that comes next; null when none will. */
  get hint(): string | null {
    return this.#ended ? null : this.options.names.part(this.#nextPart);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Nothing that it lists can be played. */
  get isGap(): boolean {
    return this.#entries.every(({ gap }) => gap);
  }

  /** Files that nobody has to be given any more; each is told once. */
  takeGone(): string[] {
    return this.#departed.take(this.#endUs);
  }

  /** So many numbers of parts are not given. */
  leaveOut(parts: number): void {
    this.#nextPart += parts;
  }

  /** One that does not go on from what is listed begins the list anew: numbers between are not known. */
  segment(segment: Segment): void {
    if (segment.msn !== this.#msn) this.#beginAnew(segment);
    if (this.#lists) this.#entries.push({ ...segment, parts: [], complete: false, longestUs: 0 });
    this.#msn = segment.msn + 1;
  }

  part(part: Part): void {
    if (this.isOpen) {
      this.#entries.at(-1)!.parts.push(part);
      this.listedBytes += part.bytes.length;
    }
    this.#nextPart = part.number + 1;
    this.#endUs = part.endUs;
  }

  segmentEnd(): void {
    const entry = this.#entries.at(-1);
    if (entry === undefined) return;
    entry.complete = true;
    this.#listedUs += durationOf(entry);
    for (const each of this.#entries) each.longestUs = Math.max(each.longestUs, this.#listedUs);
    while (this.#keeps(this.options.windowUs)) this.#leave();
  }

  /** Enough is listed without the oldest segment: it may leave early. */
  get canShrink(): boolean {
    return this.#keeps(HOLD_BACK * this.options.targetDurationUs);
  }

  /** Segments before this one leave early, as far as enough is listed without them. */
  shrinkTo(msn: number): void {
    while (this.firstMsn < msn && this.canShrink) this.#leave();
  }

  /** What is not listed any more, but still kept: its bytes, and when the oldest of it may go (us). */
  get departedBytes(): number {
    return this.#departed.bytes;
  }

  get departsUs(): number {
    return this.#departed.oldestUs;
  }

  /** No memory is left for the oldest of it. */
  dropDeparted(): void {
    this.#departed.dropOldest();
  }

  /** Nothing is listed any more, nor kept, until it opens again. Numbers go on. */
  close(): void {
    this.#lists = false;
    this.#beginAnew({ init: -1 });
    this.#departed.dropAll();
  }

  /** From the next segment on. */
  open(): void {
    this.#lists = true;
  }

  end(): void {
    this.#ended = true;
  }

  /** Whether six segments and so long are complete without the oldest. */
  #keeps(leastUs: number): boolean {
    const complete = this.#entries.length - (this.isOpen ? 1 : 0);
    return complete > SEGMENTS_MIN && this.#listedUs - durationOf(this.#entries[0]!) >= leastUs;
  }

  #leave(): void {
    const first = this.#entries.shift()!;
    this.#departed.add(first, this.#entries[0]!, first.longestUs, this.#endUs);
    this.#listedUs -= durationOf(first);
    this.listedBytes -= bytesOf(first.parts);
  }

  #beginAnew(next: Pick<Segment, "init">): void {
    const entries = this.#entries.splice(0);
    for (const [at, entry] of entries.entries()) {
      this.#departed.add(entry, entries[at + 1] ?? next, this.#listedUs, this.#endUs);
    }
    this.#listedUs = 0;
    this.listedBytes = 0;
  }

  /** `reports`: of all other renditions of the session; `dates`: of all. */
  render(reports: readonly Report[] = [], dates: Dates | null = null): string {
    const first = this.#entries[0];
    const place = { msn: this.firstMsn, era: this.#discontinuities };
    const head = headLines(6, { constants: this.#constants, ...place });
    const dated = first === undefined ? "" : (dates?.since(first.wallUs) ?? "");
    return head + dated + this.#segmentsFrom(0) + this.#foot(reports);
  }

  /** What whoever keeps all complete segments puts behind those before: from the oldest with parts on. */
  edge(reports: readonly Report[]): Omit<TailEdge, "dates"> {
    const at = Math.max(0, this.#withParts);
    const { msn, era, breaks, wallUs } = this.#entries[at] ?? { ...NO_ENTRY, msn: this.#msn };
    return {
      constants: this.#constants,
      skipUntilUs: SKIP * this.options.targetDurationUs,
      oldest: this.firstMsn,
      ...{ from: msn, era: era - breaks, wallUs },
      text: this.#segmentsFrom(at) + this.#foot(reports),
    };
  }

  #segmentsFrom(from: number): string {
    const withParts = this.#withParts;
    let init = this.#entries[from - 1]?.init ?? -1;
    let text = "";
    for (let at = from; at < this.#entries.length; at += 1) {
      const entry = this.#entries[at]!;
      const { breaks, wallUs } = entry;
      const name = this.options.names.init(entry.init);
      text += beginLines({ breaks, wallUs, init: name }, entry.init !== init);
      init = entry.init;
      if (at >= withParts) for (const part of entry.parts) text += this.#partLine(part);
      if (entry.complete) text += this.#endOf(entry);
    }
    return text;
  }

  /** Of the oldest segment of which the parts are listed; below zero where all are. */
  get #withParts(): number {
    // What begins with the next part counts: its hint stands in it. At the end nothing comes back.
    const hinted = this.isOpen ? 0 : 1;
    return this.#entries.length + hinted - SEGMENTS_WITH_PARTS;
  }

  /** What follows the newest part. */
  #foot(reports: readonly Report[]): string {
    const { hint } = this;
    if (hint === null) return "#EXT-X-ENDLIST\n";
    let text = `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"\n`;
    for (const { uri, last } of reports) {
      text += `#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${last.msn},LAST-PART=${last.part}\n`;
    }
    return text;
  }

  /** Discontinuities before the first segment that is listed, but its own. */
  get #discontinuities(): number {
    const first = this.#entries[0];
    return first === undefined ? 0 : first.era - first.breaks;
  }

  /** The newest segment is listed, and gets more parts. */
  get isOpen(): boolean {
    return this.#entries.at(-1)?.complete === false;
  }

  #partLine({ startUs, endUs, number, independent, gap }: Part): string {
    const uri = this.options.names.part(number);
    const flag = `${independent ? ",INDEPENDENT=YES" : ""}${gap ? ",GAP=YES" : ""}`;
    return `#EXT-X-PART:DURATION=${seconds(endUs - startUs)},URI="${uri}"${flag}\n`;
  }

  #endOf(entry: Entry): string {
    const last = entry.parts.at(-1)!.number;
    const name = this.options.names.segment(entry.part, last);
    return endLines({ gap: entry.gap, durationUs: durationOf(entry), name });
  }
}

const NO_ENTRY = { era: 0, breaks: 0, wallUs: 0 };

function durationOf({ parts }: Entry): number {
  return parts.at(-1)!.endUs - parts[0]!.startUs;
}
