/** What is said of a stream, as its events come: lines, raised hands and reactions. */

/** As the server tells it (GET /events/NAME). */
export interface StreamEvent {
  readonly id: number;
  readonly type: string;
  /** Capture time of the picture that it is about, ms since 1970. */
  readonly at: number;
  /** What the sender's token calls him. */
  readonly from: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A page keeps so many lines, as the server does. */
const LINES_MAX = 200;
/** Characters of a reaction: one sign, however it is put together, or a short word. */
const REACTION_MAX = 16;

/** The newest state; an event that comes a second time changes nothing. */
export class Talk {
  #lines: StreamEvent[] = [];
  #hands: StreamEvent[] = [];
  #newest = 0;

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
    if (event.id <= this.#newest) return false;
    this.#newest = event.id;
    if (event.type === "chat") this.#lines = [...this.#lines, event].slice(-LINES_MAX);
    else if (event.type === "hand") this.#raise(event);
    else if (event.type === "retract") this.#drop(event.data.id);
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

/** An event as it stands in a stream of them; null for what is none. */
export function readEvent(text: string): StreamEvent | null {
  try {
    const { id, type, at, from, data } = JSON.parse(text) as Record<string, unknown>;
    if (typeof id !== "number" || typeof type !== "string" || typeof at !== "number") return null;
    if (typeof data !== "object" || data === null) return null;
    const name = typeof from === "string" ? from : null;
    return { id, type, at, from: name, data: data as StreamEvent["data"] };
  } catch {
    return null;
  }
}
