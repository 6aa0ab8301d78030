import { TICKET_NONCES_MAX } from "../../limits.ts";

/** What was used once, for as long as somebody could use it again. */
export class Nonces {
  /** Until when, ms; those that came first are first. */
  readonly #until = new Map<string, number>();

  /** False for one that was used before. */
  isNew(nonce: string): boolean {
    return !this.#until.has(nonce);
  }

  /** Notes a new one until then; false when no more can be kept. */
  note(nonce: string, untilMs: number, nowMs: number): boolean {
    for (const [each, until] of this.#until) {
      if (nowMs < until) break;
      this.#until.delete(each);
    }
    if (this.#until.size >= TICKET_NONCES_MAX) return false;
    this.#until.set(nonce, untilMs);
    return true;
  }
}
