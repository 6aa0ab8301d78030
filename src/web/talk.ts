/** What is said of a stream, as its events come: lines, raised hands and reactions. */

import { RETRACT, type StreamEvent } from "./streamevent.ts";

/** A page keeps so many lines, as the server does. */
const LINES_MAX = 200;
/** Events may come again when a connection does: of so many that is noticed. */
const KNOWN_MAX = 1_000;
/** Characters of a reaction: one sign, however it is put together, or a short word. */
const REACTION_MAX = 16;

/** The newest state; an event that comes a second time changes nothing. */
export class Talk {
  #lines: StreamEvent[] = [];
  #hands: StreamEvent[] = [];
  readonly #known = new Set<number>();

  /** Chat, the oldest first. */
  get lines(): readonly StreamEvent[] {
    return this.#lines;
  }

  /** Hands that are up, who was first first. */
  get hands(): readonly StreamEvent[] {
    return this.#hands;
  }

  /** Takes an event; false when it was here before. */
  take(event: StreamEvent): boolean {
    if (this.#known.has(event.id)) return false;
    this.#known.add(event.id);
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.values().next().value!);
    if (event.type === "chat") this.#lines = [...this.#lines, event].slice(-LINES_MAX);
    else if (event.type === "hand") this.#raise(event);
    else if (event.type === RETRACT) this.#drop(event.data.id);
    return true;
  }

  #raise(event: StreamEvent): void {
    // A name has one hand.
    if (event.from !== null) this.#hands = this.#hands.filter(({ from }) => from !== event.from);
    if (event.data.up !== false) this.#hands = [...this.#hands, event].slice(-LINES_MAX);
  }

  #drop(id: unknown): void {
    this.#lines = this.#lines.filter((line) => line.id !== id);
    this.#hands = this.#hands.filter((hand) => hand.id !== id);
  }
}

/** What a line says; "" for none. */
export function textOf({ data }: StreamEvent): string {
  return typeof data.text === "string" ? data.text : "";
}

/** A reaction, and how many there were at once; null for what can be none. */
export function reactionOf(event: StreamEvent): { text: string; count: number } | null {
  const { count } = event.data;
  const text = textOf(event).trim();
  if (event.type !== "reaction" || text === "" || text.length > REACTION_MAX) return null;
  return { text, count: typeof count === "number" && count >= 1 ? Math.round(count) : 1 };
}
