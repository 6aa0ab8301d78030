import type { Dates } from "./dates.ts";
import { Departed } from "./departed.ts";
import type { Names } from "./names.ts";
import type { Part, Segment } from "./part.ts";

/** Segments that are listed at least, complete ones (Apple's HLS authoring specification 8.11). */
const SEGMENTS_MIN = 6;
/** Of so many segments the parts are listed, the open one among them: of three target durations at most. */
const SEGMENTS_WITH_PARTS = 3;
/** Players keep three parts, or three target durations, away from the end. */
const HOLD_BACK = 3;

/** What cannot change during a session: players fail for good when it does. */
export interface PlaylistOptions {
  readonly names: Names;
  readonly partTargetUs: number;
  readonly targetDurationUs: number;
  /** Complete segments are listed for so long. */
  readonly windowUs: number;
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
}

/** The media playlist of one rendition: what is listed, and its text (RFC 8216bis). */
export class Playlist {
  readonly #head: string;
  readonly #entries: Entry[] = [];
  /** Sum over the complete segments that are listed. */
  #listedUs = 0;
  #msn = 0;
  #nextPart = 0;
  /** Of the newest part. */
  #endUs = Number.NEGATIVE_INFINITY;
  readonly #departed: Departed;
  #ended = false;

  constructor(private readonly options: PlaylistOptions) {
    const { names, partTargetUs, targetDurationUs } = options;
    this.#departed = new Departed(names);
    const holdBack = plain(HOLD_BACK * targetDurationUs);
    const partHoldBack = plain(HOLD_BACK * partTargetUs);
    this.#head = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:${Math.ceil(targetDurationUs / 1e6)}
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${partHoldBack},HOLD-BACK=${holdBack}
#EXT-X-PART-INF:PART-TARGET=${plain(partTargetUs)}
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

  /** The newest segment that is complete; -1 before the first. */
  get whole(): number {
    return this.#isOpen ? this.#msn - 2 : this.#msn - 1;
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
    this.#entries.push({ ...segment, parts: [], complete: false });
    this.#msn = segment.msn + 1;
  }

  part(part: Part): void {
    this.#entries.at(-1)!.parts.push(part);
    this.#nextPart = part.number + 1;
    this.#endUs = part.endUs;
  }

  segmentEnd(): void {
    const entry = this.#entries.at(-1)!;
    entry.complete = true;
    this.#listedUs += durationOf(entry);
    while (this.#entries.length > SEGMENTS_MIN) {
      const first = this.#entries[0]!;
      const leftUs = this.#listedUs - durationOf(first);
      if (leftUs < this.options.windowUs) break;
      this.#departed.add(first, this.#entries[1]!, this.#listedUs, this.#endUs);
      this.#listedUs = leftUs;
      this.#entries.shift();
    }
  }

  end(): void {
    this.#ended = true;
  }

  #beginAnew(next: Segment): void {
    const entries = this.#entries.splice(0);
    for (const [at, entry] of entries.entries()) {
      this.#departed.add(entry, entries[at + 1] ?? next, this.#listedUs, this.#endUs);
    }
    this.#listedUs = 0;
  }

  /** `reports`: of all other renditions of the session; `dates`: of all. */
  render(reports: readonly Report[] = [], dates: Dates | null = null): string {
    let text = `${this.#head}#EXT-X-MEDIA-SEQUENCE:${this.firstMsn}
#EXT-X-DISCONTINUITY-SEQUENCE:${this.#discontinuities}
`;
    const first = this.#entries[0];
    if (dates !== null && first !== undefined) text += dates.since(first.wallUs);
    // What begins with the next part counts: its hint stands in it. At the end nothing comes back.
    const hinted = this.#isOpen ? 0 : 1;
    const withParts = this.#entries.length + hinted - SEGMENTS_WITH_PARTS;
    let init = -1;
    for (const [at, entry] of this.#entries.entries()) {
      text += this.#headOf(entry, entry.init !== init || entry.breaks > 0);
      init = entry.init;
      if (at >= withParts) for (const part of entry.parts) text += this.#partLine(part);
      if (entry.complete) text += this.#segmentLines(entry);
    }
    const { hint } = this;
    if (hint === null) return `${text}#EXT-X-ENDLIST\n`;
    text += `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"\n`;
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

  /** The newest segment gets more parts. */
  get #isOpen(): boolean {
    return this.#entries.at(-1)?.complete === false;
  }

  /** What stands before its first part. */
  #headOf(entry: Entry, withInit: boolean): string {
    const discontinuities = "#EXT-X-DISCONTINUITY\n".repeat(entry.breaks);
    const map = `#EXT-X-MAP:URI="${this.options.names.init(entry.init)}"\n`;
    const date = new Date(Math.floor(entry.wallUs / 1000)).toISOString();
    return `${discontinuities}${withInit ? map : ""}#EXT-X-PROGRAM-DATE-TIME:${date}\n`;
  }

  #partLine({ startUs, endUs, number, independent, gap }: Part): string {
    const uri = this.options.names.part(number);
    const flag = `${independent ? ",INDEPENDENT=YES" : ""}${gap ? ",GAP=YES" : ""}`;
    return `#EXT-X-PART:DURATION=${exact(endUs - startUs)},URI="${uri}"${flag}\n`;
  }

  #segmentLines(entry: Entry): string {
    const last = entry.parts.at(-1)!.number;
    const gap = entry.gap ? "#EXT-X-GAP\n" : "";
    return `${gap}#EXTINF:${exact(durationOf(entry))},\n${this.options.names.segment(entry.part, last)}\n`;
  }
}

function durationOf({ parts }: Entry): number {
  return parts.at(-1)!.endUs - parts[0]!.startUs;
}

/** Whole us as seconds, with all six places. */
function exact(us: number): string {
  const fraction = `${us % 1_000_000}`.padStart(6, "0");
  return `${Math.floor(us / 1_000_000)}.${fraction}`;
}

/** The same with as few as it takes. */
function plain(us: number): string {
  return exact(us).replace(/\.?0+$/, "");
}
