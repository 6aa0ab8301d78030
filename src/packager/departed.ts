import type { Names } from "./names.ts";
import { bytesOf, type Part, type Segment } from "./part.ts";

/** The files of a segment that is not listed any more. */
interface Departure {
  readonly files: readonly string[];
  readonly bytes: number;
  /** Media time at which they may go, us. */
  readonly atUs: number;
}

/**
 * What a playlist does not list any more. Players that have it may still ask: for as long as the
 * segment is and the longest playlist that listed it was (RFC 8216bis 6.2.2), which is more than
 * parts have to be kept after their tags.
 */
export class Departed {
  /** Of all of them. */
  bytes = 0;
  readonly #departures: Departure[] = [];
  /** Files that may go, and were not told yet. */
  readonly #gone: string[] = [];

  constructor(private readonly names: Names) {}

  /** A segment leaves at `nowUs`; the longest playlist with it was of `listedUs`. `next` is the oldest now. */
  add(
    segment: Segment & { readonly parts: readonly Part[] },
    next: Pick<Segment, "init">,
    listedUs: number,
    nowUs: number,
  ): void {
    const { names } = this;
    const { parts } = segment;
    const [first, last] = [parts[0]!, parts.at(-1)!];
    const files = parts.map(({ number }) => names.part(number));
    files.push(names.segment(first.number, last.number));
    if (next.init !== segment.init) files.push(names.init(segment.init));
    const bytes = bytesOf(parts);
    this.bytes += bytes;
    this.#departures.push({ files, bytes, atUs: nowUs + listedUs + last.endUs - first.startUs });
  }

  /** The files that may go at this media time; each is told once. */
  take(nowUs: number): string[] {
    while (this.oldestUs <= nowUs) this.dropOldest();
    return this.#gone.splice(0);
  }

  /** When the files of the oldest may go, us; Infinity where there are none. */
  get oldestUs(): number {
    return this.#departures[0]?.atUs ?? Number.POSITIVE_INFINITY;
  }

  /** No memory is left for the oldest: it goes at once. */
  dropOldest(): void {
    const { files, bytes } = this.#departures.shift()!;
    this.bytes -= bytes;
    this.#gone.push(...files);
  }

  dropAll(): void {
    while (this.#departures.length > 0) this.dropOldest();
  }
}
