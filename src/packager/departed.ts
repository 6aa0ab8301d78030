import type { Names } from "./names.ts";
import type { Part, Segment } from "./part.ts";

/** The files of a segment that is not listed any more. */
interface Departure {
  readonly files: readonly string[];
  /** Media time at which they may go, us. */
  readonly atUs: number;
}

/**
 * What a playlist does not list any more. Players that have it may still ask: for as long as the
 * segment is and the longest playlist that listed it was (RFC 8216bis 6.2.2), which is more than
 * parts have to be kept after their tags.
 */
export class Departed {
  readonly #departures: Departure[] = [];

  constructor(private readonly names: Names) {}

  /** A segment slides out at `nowUs` of a playlist of `listedUs`; `next` is the oldest from now on. */
  add(
    segment: Segment & { readonly parts: readonly Part[] },
    next: Segment,
    listedUs: number,
    nowUs: number,
  ): void {
    const { names } = this;
    const { parts } = segment;
    const [first, last] = [parts[0]!, parts.at(-1)!];
    const files = parts.map(({ number }) => names.part(number));
    files.push(names.segment(first.number, last.number));
    if (next.init !== segment.init) files.push(names.init(segment.init));
    this.#departures.push({ files, atUs: nowUs + listedUs + last.endUs - first.startUs });
  }

  /** The files that may go at this media time; each is told once. */
  take(nowUs: number): string[] {
    const files: string[] = [];
    while (this.#departures.length > 0 && this.#departures[0]!.atUs <= nowUs) {
      files.push(...this.#departures.shift()!.files);
    }
    return files;
  }
}
