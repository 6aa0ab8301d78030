import { decodeElements, type Elements, encodeElements } from "../wire/cascade/elements.ts";
import { type Ordered, PIECE_BYTES_MAX } from "../wire/cascade/ordered.ts";

/** Pieces on their way at once. */
const IN_FLIGHT_MAX = 64;
/** A message has so many pieces at most. */
const PIECES_MAX = 16;
/** Messages that wait for room: beyond it the other end has not acknowledged for long. */
const WAITING_MAX = 16_384;
const RESEND_MIN_US = 40_000;
/** Without an acknowledgement for so long the link is lost. */
const LOST_US = 5_000_000;

interface Sent {
  readonly ordered: Ordered;
  /** When it first left and when it last did; -Infinity before. */
  firstAt: number;
  sentAt: number;
}

/**
 * Messages in both directions of a link, each once and in order, over frames that may be lost. `poll`
 * what is to be sent after anything else.
 */
export class Channel {
  /** Pieces that came need an acknowledgement. */
  acknowledgeDue = false;
  readonly #unacknowledged: Sent[] = [];
  readonly #waiting: Ordered[] = [];
  #next = 0;
  /** The first piece that has not come, and those that came before it by number. */
  #expected = 0;
  readonly #early = new Map<number, Ordered>();
  #pieces: Uint8Array[] = [];
  /** A message was longer than it may be, or no message: the link is of no use. */
  broken = false;

  /** The first piece that has not come: what an acknowledgement says. */
  get expected(): number {
    return this.#expected;
  }

  /** Nothing waits for an acknowledgement. */
  get idle(): boolean {
    return this.#unacknowledged.length === 0 && this.#waiting.length === 0;
  }

  /** Pieces that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** A message, as its `write` function has it. */
  send(message: readonly unknown[]): void {
    const bytes = encodeElements(message);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
      const piece = bytes.subarray(at, at + PIECE_BYTES_MAX);
      const more = at + PIECE_BYTES_MAX < bytes.length;
      this.#waiting.push({ number: this.#next, more, piece });
      this.#next = (this.#next + 1) >>> 0;
    }
    if (this.#waiting.length > WAITING_MAX) this.broken = true;
  }

  /** The next piece to send at `now`; null when there is none. */
  poll(now: number, roundTripUs: number): Ordered | null {
    const interval = Math.max(RESEND_MIN_US, 2 * roundTripUs);
    for (const sent of this.#unacknowledged) {
      if (now - sent.sentAt < interval) continue;
      sent.sentAt = now;
      return sent.ordered;
    }
    if (this.#unacknowledged.length >= IN_FLIGHT_MAX) return null;
    const ordered = this.#waiting.shift();
    if (ordered === undefined) return null;
    this.#unacknowledged.push({ ordered, firstAt: now, sentAt: now });
    return ordered;
  }

  /** When `poll` has something again; Infinity for never. */
  nextTimeout(roundTripUs: number): number {
    if (this.#waiting.length > 0 && this.#unacknowledged.length < IN_FLIGHT_MAX) return 0;
    let soonest = Number.POSITIVE_INFINITY;
    for (const { sentAt } of this.#unacknowledged) soonest = Math.min(soonest, sentAt);
    return soonest + Math.max(RESEND_MIN_US, 2 * roundTripUs);
  }

  /** The other end has not acknowledged for too long. */
  isLost(now: number): boolean {
    const oldest = this.#unacknowledged[0];
    return oldest !== undefined && now - oldest.firstAt >= LOST_US;
  }

  /** An acknowledgement came: all before `next` have arrived. */
  acknowledged(next: number): void {
    const first = this.#unacknowledged[0];
    if (first === undefined) return;
    const count = (next - first.ordered.number) | 0;
    // One of earlier, or of what was never sent.
    if (count <= 0 || count > this.#unacknowledged.length) return;
    this.#unacknowledged.splice(0, count);
  }

  /** A piece came; the messages that it completes, in order. */
  receive(ordered: Ordered): readonly Elements[] {
    this.acknowledgeDue = true;
    const ahead = (ordered.number - this.#expected) | 0;
    if (ahead < 0 || ahead >= IN_FLIGHT_MAX || this.broken) return [];
    // What it was read from is written over by the next datagram.
    this.#early.set(ordered.number, { ...ordered, piece: ordered.piece.slice() });
    const messages: Elements[] = [];
    for (;;) {
      const next = this.#early.get(this.#expected);
      if (next === undefined) return messages;
      this.#early.delete(this.#expected);
      this.#expected = (this.#expected + 1) >>> 0;
      this.#take(next, messages);
      if (this.broken) return messages;
    }
  }

  #take({ piece, more }: Ordered, messages: Elements[]): void {
    this.#pieces.push(piece);
    if (this.#pieces.length > PIECES_MAX) this.broken = true;
    if (more || this.broken) return;
    const message = decodeElements(Buffer.concat(this.#pieces));
    this.#pieces = [];
    if (message === null) this.broken = true;
    else messages.push(message);
  }
}
