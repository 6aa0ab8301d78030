import type { RingReader, RingTiming } from "../ring/reader.ts";

/** Sender clocks drift by 100 ppm at most; an estimate may follow twice as fast. */
const DRIFT_PER_US = 0.0002;

/**
 * The clock of one stream epoch, shared by its audio and video: maps our monotonic time to the
 * publisher's NTP time by its sender reports. The largest difference seen came with the least
 * delay; both tracks use the same one, so that its error moves neither against the other.
 */
export class SourceClock {
  private difference = Number.NEGATIVE_INFINITY;
  private noted = 0;

  /** A sender report: publisher's NTP time (us since 1900) and when it arrived here (us). */
  note(ntpUs: number, localUs: number): void {
    if (localUs <= this.noted) return;
    const faded = this.difference - (localUs - this.noted) * DRIFT_PER_US;
    this.difference = Math.max(faded, ntpUs - localUs);
    this.noted = localUs;
  }

  get known(): boolean {
    return this.noted > 0;
  }

  ntpAt(nowUs: number): number {
    return nowUs + this.difference;
  }
}

/**
 * RTP time of one ring at a given moment: by the publisher's sender reports, or, until both tracks
 * have one, by arrival times.
 */
export class TrackClock {
  private readonly timing: RingTiming = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
  hasReport = false;
  /** Newest packet: RTP timestamp and least-delayed arrival. */
  private newestTimestamp = 0;
  private newestArrival = 0;

  /** A packet of the ring; called once for each staged packet. */
  notePacket(timestamp: number, arrival: number, clockRate: number): void {
    if (this.newestArrival === 0) {
      this.newestTimestamp = timestamp;
      this.newestArrival = arrival;
      return;
    }
    const step = (timestamp - this.newestTimestamp) | 0;
    if (step <= 0) return;
    // When this packet would have come with the least delay seen (fading upward, as above).
    const expected = this.newestArrival + (step * 1e6) / clockRate;
    const slack = (expected - this.newestArrival) * DRIFT_PER_US;
    this.newestArrival =
      Math.abs(arrival - expected) > 1e6 ? arrival : Math.min(arrival, expected + slack);
    this.newestTimestamp = timestamp;
  }

  /** Reads the ring's newest sender report. */
  update(reader: RingReader, source: SourceClock): void {
    if (!reader.timing(this.timing)) return;
    this.hasReport = true;
    source.note(this.timing.ntpUs, this.timing.localUs);
  }

  /** RTP time of `now` on the publisher's line; null before the first packet. */
  timestampAt(
    now: number,
    clockRate: number,
    source: SourceClock,
    byReport: boolean,
  ): number | null {
    if (byReport && this.hasReport) {
      const elapsed = source.ntpAt(now) - this.timing.ntpUs;
      return (this.timing.rtpTimestamp + Math.round((elapsed * clockRate) / 1e6)) >>> 0;
    }
    if (this.newestArrival === 0) return null;
    const elapsed = now - this.newestArrival;
    return (this.newestTimestamp + Math.round((elapsed * clockRate) / 1e6)) >>> 0;
  }
}
