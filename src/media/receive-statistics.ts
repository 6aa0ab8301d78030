import { difference16 } from "../wire/bytes.ts";
import type { ReportBlock } from "../wire/rtcp/report-block.ts";
import { SEQUENCE_JUMP_MAX } from "./sequence.ts";

/** Jitter samples above this are a clock that jumped (libwebrtc drops them at 5 s, too). */
const JITTER_SAMPLE_MAX_SECONDS = 5;

/** What a receiver report says of one SSRC (RFC 3550 6.4.1, A.3, A.8). */
export class ReceiveStatistics {
  received = 0;
  #started = false;
  /** Cycles in units of 65,536, plus the highest sequence number. */
  #highest = 0;
  #base = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #lastTimestamp = 0;
  #lastArrival = 0;
  /** In RTP clock units. */
  #jitter = 0;
  #reportCompact = 0;
  #reportArrival = 0;

  constructor(private clockRate: number) {}

  /** Packets that should have come so far. */
  get expected(): number {
    return this.#started ? this.#highest - this.#base + 1 : 0;
  }

  get jitterUs(): number {
    return (this.#jitter * 1e6) / this.clockRate;
  }

  /** One packet of the SSRC itself, not of its RTX stream. `arrival` in microseconds. */
  update(sequence: number, timestamp: number, arrival: number, clockRate: number): void {
    this.clockRate = clockRate;
    const ahead = this.#started ? difference16(sequence, this.#highest & 0xffff) : 0;
    if (!this.#started || Math.abs(ahead) > SEQUENCE_JUMP_MAX) this.#restart(sequence);
    else if (ahead > 0) this.#highest += ahead;
    this.received += 1;
    // Only packets in order tell of jitter: a retransmission measures the round trip.
    if (ahead >= 0) this.#updateJitter(timestamp, arrival);
  }

  /** The SSRC's sender report: `compactNtp` is the middle 32 bits of its NTP time. */
  senderReport(compactNtp: number, arrival: number): void {
    this.#reportCompact = compactNtp;
    this.#reportArrival = arrival;
  }

  /** Fills a report block; the fraction lost covers the time since the call before. */
  report(now: number, ssrc: number, out: ReportBlock): void {
    const expected = this.expected;
    const expectedInterval = expected - this.#expectedPrior;
    const receivedInterval = this.received - this.#receivedPrior;
    this.#expectedPrior = expected;
    this.#receivedPrior = this.received;
    const lost = expectedInterval - receivedInterval;
    out.ssrc = ssrc;
    out.fractionLost =
      expectedInterval <= 0 || lost <= 0
        ? 0
        : Math.min(255, Math.floor((lost * 256) / expectedInterval));
    out.packetsLost = expected - this.received;
    out.highestSequence = this.#highest >>> 0;
    out.jitter = Math.floor(this.#jitter);
    out.lastSenderReport = this.#reportCompact;
    // RFC 3550 6.4.1: both are zero before the first sender report.
    out.delaySinceLastSenderReport =
      this.#reportCompact === 0
        ? 0
        : Math.min(0xffffffff, Math.round((Math.max(0, now - this.#reportArrival) * 65536) / 1e6));
  }

  #restart(sequence: number): void {
    this.#started = true;
    this.#base = sequence;
    this.#highest = sequence;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.received = 0;
    this.#jitter = 0;
    this.#lastArrival = 0;
  }

  #updateJitter(timestamp: number, arrival: number): void {
    if (this.#lastArrival !== 0) {
      // RFC 3550 A.8, with the wrap of the timestamp taken out of the difference.
      const elapsed = ((arrival - this.#lastArrival) * this.clockRate) / 1e6;
      const sample = Math.abs(elapsed - ((timestamp - this.#lastTimestamp) | 0));
      if (sample < JITTER_SAMPLE_MAX_SECONDS * this.clockRate) {
        this.#jitter += (sample - this.#jitter) / 16;
      }
    }
    this.#lastTimestamp = timestamp;
    this.#lastArrival = arrival;
  }
}
