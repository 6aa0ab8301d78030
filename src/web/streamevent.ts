/** What is said of a stream, as the server tells it. */
export interface StreamEvent {
  readonly id: number;
  readonly type: string;
  /** Capture time of the picture that it is about, ms since 1970 by the server's clock. */
  readonly at: number;
  /** Who says so, where the sender's token has a name. */
  readonly from: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** By its data's `id` an event that is taken back. */
export const RETRACT = "retract";
export const STREAM_EVENT_TYPES = ["cue", "caption", "chat", "hand", "reaction", RETRACT];

/** Null for what is none. */
export function readStreamEvent(text: string): StreamEvent | null {
  try {
    const event = JSON.parse(text) as Partial<StreamEvent> | null;
    const { id, type, at, from = null, data } = event ?? {};
    if (typeof id !== "number" || typeof type !== "string" || typeof at !== "number") return null;
    if (typeof data !== "object" || data === null) return null;
    return { id, type, at, from, data };
  } catch {
    return null;
  }
}
