import { difference16 } from "../wire/bytes.ts";
import { TransportFeedbackWriter } from "../wire/rtcp/transport-cc-writer.ts";

/** Packets remembered: 1.6 s at 5,000 packets a second. A power of two. */
const ARRIVALS_MAX = 8192;
/** Packets of one feedback at most; what exceeds it follows in the next. */
const STATUSES_MAX = 1024;
/** A sender's estimator wants news every 50 to 100 ms (draft-holmer 3: "once per frame" at best). */
const INTERVAL_BUSY_US = 50_000;
const INTERVAL_QUIET_US = 100_000;
const BUSY_PACKETS = 16;
/** A late packet this far behind the newest is reported again; one further back is forgotten. */
const REPORTED_AGAIN_MAX = 1000;

/**
 * The receiver of transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-01):
 * when each packet of a session arrived, by its transport-wide sequence number.
 */
export class TransportFeedbackRecorder {
  /** Unwrapped; `#us[sequence % ARRIVALS_MAX]` is the arrival, -1 for none. */
  readonly #arrivals = { us: new Float64Array(ARRIVALS_MAX).fill(-1) };
  readonly #writer = new TransportFeedbackWriter(STATUSES_MAX);
  #started = false;
  /** First sequence number not reported, and one past the highest seen. */
  #base = 0;
  #head = 0;
  #pending = 0;
  #feedbackCount = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  #lastSent = Number.NEGATIVE_INFINITY;

  /** One packet with the extension; `arrival` in microseconds of a monotonic clock. */
  note(sequence: number, arrival: number): void {
    const unwrapped = this.#unwrap(sequence);
    if (unwrapped < this.#head - REPORTED_AGAIN_MAX) return;
    if (unwrapped >= this.#head) {
      this.#forget(this.#head, unwrapped);
      this.#head = unwrapped + 1;
      if (this.#base < this.#head - ARRIVALS_MAX) this.#base = this.#head - ARRIVALS_MAX;
    } else if (unwrapped < this.#base) {
      // Reported as lost: the report is given again from here on, as libwebrtc does.
      this.#base = unwrapped;
    }
    const at = unwrapped % ARRIVALS_MAX;
    if (this.#arrivals.us[at]! >= 0) return;
    this.#arrivals.us[at] = arrival;
    this.#pending += 1;
    const interval = this.#pending >= BUSY_PACKETS ? INTERVAL_BUSY_US : INTERVAL_QUIET_US;
    this.#dueAt = Math.max(arrival, this.#lastSent + interval);
  }

  nextTimeout(): number {
    return this.#dueAt;
  }

  /**
   * Writes one feedback packet of at most `room` bytes when it is due. Returns its length or 0;
   * call again until it is 0.
   */
  write(
    now: number,
    out: Uint8Array,
    offset: number,
    room: number,
    senderSsrc: number,
    mediaSsrc: number,
  ): number {
    if (now < this.#dueAt) return 0;
    const count = this.#head - this.#base;
    const length = this.#writer.write(
      out,
      offset,
      room,
      senderSsrc,
      mediaSsrc,
      this.#feedbackCount,
      this.#base,
      count,
      this.#arrivals,
    );
    if (length === 0) {
      // A whole feedback's worth of lost packets in front: nothing to say of them but silence.
      this.#base += Math.min(count, STATUSES_MAX);
    } else {
      this.#base += this.#writer.covered;
      this.#feedbackCount = (this.#feedbackCount + 1) & 0xff;
    }
    if (this.#base >= this.#head) {
      this.#pending = 0;
      this.#lastSent = now;
      this.#dueAt = Number.POSITIVE_INFINITY;
    }
    return length === 0 && this.#base < this.#head
      ? this.write(now, out, offset, room, senderSsrc, mediaSsrc)
      : length;
  }

  /** Nearest to the head; a number that is too far off on either side begins anew above it. */
  #unwrap(sequence: number): number {
    if (!this.#started) {
      this.#started = true;
      // One cycle above zero, so that packets from before the first one stay positive.
      this.#head = 65536 + sequence;
      this.#base = this.#head;
      return this.#head;
    }
    const ahead = difference16(sequence, (this.#head - 1) & 0xffff);
    if (ahead > -ARRIVALS_MAX && ahead < ARRIVALS_MAX) return this.#head - 1 + ahead;
    this.#arrivals.us.fill(-1);
    this.#head += 65536 - (this.#head & 0xffff) + sequence;
    this.#base = this.#head;
    return this.#head;
  }

  #forget(from: number, to: number): void {
    for (let sequence = from; sequence <= to; sequence += 1) {
      this.#arrivals.us[sequence % ARRIVALS_MAX] = -1;
    }
  }
}
