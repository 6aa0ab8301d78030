import type { TailDateLine } from "../../contract/tail.ts";

/** When a date was listed, or was not any more. */
interface Change {
  readonly id: number;
  readonly at: number;
}

/** What happens in a playlist, and what is new of that: a delta update leaves out what is not. Times in us. */
export class DvrDates {
  #lines: readonly TailDateLine[] = [];
  /** Listed, from the oldest that is new on; and gone. */
  #added: Change[] = [];
  #removed: Change[] = [];

  /** At `now` the playlist lists these of them that happen from `fromUs` on. `recentUs`: for so long they are new. */
  list(all: readonly TailDateLine[], fromUs: number, now: number, recentUs: number): void {
    const before = this.#lines;
    this.#lines = all.filter(({ us }) => us >= fromUs);
    this.#added = this.#added.filter(({ at }) => now - at <= recentUs);
    this.#removed = this.#removed.filter(({ at }) => now - at <= recentUs);
    this.#added.push(...changes(this.#lines, before, now));
    this.#removed.push(...changes(before, this.#lines, now));
  }

  /** All lines. */
  get text(): string {
    return textOf(this.#lines);
  }

  /** Those that are new. */
  get newText(): string {
    const recent = new Set(this.#added.map(({ id }) => id));
    return textOf(this.#lines.filter(({ id }) => recent.has(id)));
  }

  /** IDs of those that are not listed any more since a short time. */
  get removed(): number[] {
    return this.#removed.map(({ id }) => id);
  }
}

/** Which of them the others do not have. */
function changes(
  of: readonly TailDateLine[],
  others: readonly TailDateLine[],
  at: number,
): Change[] {
  const known = new Set(others.map(({ id }) => id));
  return of.flatMap(({ id }) => (known.has(id) ? [] : [{ id, at }]));
}

function textOf(lines: readonly TailDateLine[]): string {
  let text = "";
  for (const { line } of lines) text += line;
  return text;
}
