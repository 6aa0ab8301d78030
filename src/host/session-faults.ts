import type { WorkerEvent } from "../contract/messages.ts";

/** Kinds of faults that are told apart; a kind is a place and a message, and ours are few. */
const KINDS_MAX = 64;
/** A fault of a kind that was told is told again after this time, with how often it came. */
const TELL_AGAIN_US = 60_000_000;

interface Kind {
  toldAt: number;
  untold: number;
}

/**
 * What sessions made throw: each fault is counted, and logged with its stack the first time, then
 * once a minute, however often a peer repeats what causes it.
 */
export class SessionFaults {
  readonly #emit: (event: WorkerEvent) => void;
  readonly #count: () => void;
  readonly #kinds = new Map<string, Kind>();

  /** `count` is called once a fault. */
  constructor(emit: (event: WorkerEvent) => void, count: () => void) {
    this.#emit = emit;
    this.#count = count;
  }

  /** `place` is what was being handled: "a datagram", "a timer" ... `session` null: of none. */
  note(place: string, session: number | null, error: unknown, now: number): void {
    this.#count();
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    // Figures in a message would make each one a kind of its own.
    const key = `${place}: ${message.replace(/\d+/g, "#").slice(0, 200)}`;
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      if (this.#kinds.size >= KINDS_MAX) this.#kinds.clear();
      kind = { toldAt: -Infinity, untold: 0 };
      this.#kinds.set(key, kind);
    }
    if (now - kind.toldAt < TELL_AGAIN_US) {
      kind.untold += 1;
      return;
    }
    const fields = { place, session, cause: message, stack: stack ?? "", before: kind.untold };
    kind.toldAt = now;
    kind.untold = 0;
    this.#emit({ type: "log", level: "error", message: "A session made the server throw", fields });
  }
}
