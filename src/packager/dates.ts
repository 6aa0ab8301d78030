import type { TailDate, TailDateLine } from "../contract/tail.ts";
import { TAIL_DATES_MAX } from "../limits.ts";

/** What happens at a time of a tail: the same in all its playlists (RFC 8216bis 4.4.5.1). */
export class Dates {
  #entries: readonly TailDateLine[] = [];

  /** All of them: another list whenever something changes. */
  get all(): readonly TailDateLine[] {
    return this.#entries;
  }

  add(date: TailDate): void {
    const { id, atMs } = date;
    const entry = { id, us: atMs * 1000, line: lineOf(date) };
    this.#entries = [...this.#entries, entry].slice(-TAIL_DATES_MAX);
  }

  remove(id: number): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  /** The lines of those from this time on, us by the wall clock. */
  since(wallUs: number): string {
    let text = "";
    for (const { us, line } of this.#entries) if (us >= wallUs) text += line;
    return text;
  }
}

/** Nothing that somebody wrote stands in it as it is: quotes and line ends would be the playlist's. */
function lineOf({ id, type, atMs, json }: TailDate): string {
  const date = new Date(atMs).toISOString();
  const data = Buffer.from(json).toString("base64url");
  return `#EXT-X-DATERANGE:ID="${id}",CLASS="spillway.${type}",START-DATE="${date}",X-DATA="${data}"\n`;
}
