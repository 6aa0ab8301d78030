import { difference16 } from "../wire/bytes.ts";
import { TransportFeedbackWriter } from "../wire/rtcp/transport-cc-writer.ts";

/** Packets remembered: 1.6 s at 600 packets a second. A power of two. */
const ARRIVALS_MAX = 1024;

/** One feedback at a time in a thread. */
const writer = new TransportFeedbackWriter(ARRIVALS_MAX);

/**
 * What one viewer tells of transport-cc arrivals, at a fixed interval as libwebrtc does. Small, since
 * there are thousands: src/media/transport-feedback.ts is for publishers' rates.
 */
export class Arrivals {
  readonly #table = { us: new Float64Array(ARRIVALS_MAX).fill(-1) };
  #started = false;
  /** Unwrapped: the first number not reported, and one past the highest seen. */
  #base = 0;
  #head = 0;
  #feedbacks = 0;

  note(sequence: number, arrival: number): void {
    if (!this.#started) {
      this.#started = true;
      // One cycle above zero, so that packets from before the first one stay positive.
      this.#base = this.#head = 65_536 + sequence;
    }
    const number = this.#head - 1 + difference16(sequence, (this.#head - 1) & 0xffff);
    if (number < this.#head - ARRIVALS_MAX) return;
    for (let i = Math.max(this.#head, number - ARRIVALS_MAX); i < number; i += 1) {
      this.#table.us[i % ARRIVALS_MAX] = -1;
    }
    this.#table.us[number % ARRIVALS_MAX] = arrival;
    if (number >= this.#head) this.#head = number + 1;
    else if (number < this.#base) this.#base = number;
    this.#base = Math.max(this.#base, this.#head - ARRIVALS_MAX);
  }

  get pending(): boolean {
    return this.#head > this.#base;
  }

  /** Writes one feedback of at most `room` bytes; 0 when there is nothing to tell. */
  write(out: Uint8Array, offset: number, room: number, ssrc: number, mediaSsrc: number): number {
    const count = this.#head - this.#base;
    if (count === 0) return 0;
    const length = writer.write(
      out,
      offset,
      room,
      ssrc,
      mediaSsrc,
      this.#feedbacks,
      this.#base,
      count,
      this.#table,
    );
    this.#base += length === 0 ? count : writer.covered;
    if (length > 0) this.#feedbacks = (this.#feedbacks + 1) & 0xff;
    return length;
  }
}
