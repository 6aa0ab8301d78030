import type { RingReader, RingTiming } from "../ring/reader.ts";

/** Sender clocks drift by 100 ppm at most; an estimate may follow twice as fast. */
const DRIFT_PER_US = 0.0002;

/** A sender's clock that goes back by more was set; less is a report that came late. */
const CLOCK_STEP_US = 1_000_000;

/**
 * The clock of one stream epoch, shared by its audio and video: maps our monotonic time to the
 * publisher's NTP time by its sender reports. The largest difference seen came with the least
 * delay; both tracks use the same one, so that its error moves neither against the other.
 */
export class SourceClock {
  private difference = Number.NEGATIVE_INFINITY;
  private noted = Number.NEGATIVE_INFINITY;

  /** A sender report: publisher's NTP time (us since 1900) and when it arrived here (us). */
  note(ntpUs: number, localUs: number): void {
    if (localUs <= this.noted) return;
    const faded = this.difference - (localUs - this.noted) * DRIFT_PER_US;
    const sample = ntpUs - localUs;
    this.difference = sample < faded - CLOCK_STEP_US ? sample : Math.max(faded, sample);
    this.noted = localUs;
  }

  ntpAt(nowUs: number): number {
    return nowUs + this.difference;
  }
}

/** Capture times that put two layers further apart than their arrival does are not believed. */
const CAPTURE_ERROR_MAX_US = 1_000_000;

/**
 * RTP time of one ring at a given moment: by the publisher's sender reports, or, until both tracks
 * have one, by arrival times.
 */
export class TrackClock {
  private readonly timing: RingTiming = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
  hasReport = false;
  /** Rises when the ring's timestamps begin anew, on a line that has nothing to do with the old. */
  line = 0;
  /** Reports from before this time (us) belong to an earlier line. */
  private lineBegan = Number.NEGATIVE_INFINITY;
  /** Newest packet: RTP timestamp and least-delayed arrival. */
  private started = false;
  private newestTimestamp = 0;
  private newestArrival = 0;
  /** The newest frame that told when it was captured: us since 1900, 0 for none; and its RTP time. */
  private captureNtpUs = 0;
  private captureTimestamp = 0;

  /** The ring's source or numbering is another one from this packet on. */
  restart(arrival: number): void {
    this.line += 1;
    this.lineBegan = arrival;
    this.hasReport = false;
    this.started = false;
    this.captureNtpUs = 0;
  }

  /** A frame was captured at `ntpUs` (us since 1900, the capturer's clock). */
  noteCapture(timestamp: number, ntpUs: number): void {
    this.captureTimestamp = timestamp;
    this.captureNtpUs = ntpUs;
  }

  /** A packet of the ring; called once for each staged packet. */
  notePacket(timestamp: number, arrival: number, clockRate: number): void {
    if (!this.started) {
      this.started = true;
      this.newestTimestamp = timestamp;
      this.newestArrival = arrival;
      return;
    }
    const step = (timestamp - this.newestTimestamp) | 0;
    if (step <= 0) return;
    // When this packet would have come with the least delay seen (fading upward, as above).
    const elapsed = (step * 1e6) / clockRate;
    const expected = this.newestArrival + elapsed;
    const slack = elapsed * DRIFT_PER_US;
    this.newestArrival =
      Math.abs(arrival - expected) > 1e6 ? arrival : Math.min(arrival, expected + slack);
    this.newestTimestamp = timestamp;
  }

  /** Reads the ring's newest sender report. */
  update(reader: RingReader, source: SourceClock): void {
    if (!reader.timing(this.timing) || this.timing.localUs < this.lineBegan) return;
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
    if (!this.started) return null;
    const elapsed = now - this.newestArrival;
    return (this.newestTimestamp + Math.round((elapsed * clockRate) / 1e6)) >>> 0;
  }

  /**
   * Ticks by which another ring's line of the same source is ahead: by capture times, since the layers
   * of a source are captured by one clock; else by reports; null without either of both.
   */
  ticksTo(other: TrackClock, now: number, clockRate: number, source: SourceClock): number | null {
    return (
      this.ticksByCapture(other, now, clockRate, source) ??
      (this.hasReport && other.hasReport ? this.ticksAt(other, now, clockRate, source, true) : null)
    );
  }

  private ticksByCapture(
    other: TrackClock,
    now: number,
    clockRate: number,
    source: SourceClock,
  ): number | null {
    if (this.captureNtpUs === 0 || other.captureNtpUs === 0) return null;
    const apart = ((other.captureNtpUs - this.captureNtpUs) * clockRate) / 1e6;
    const ticks = (other.captureTimestamp - this.captureTimestamp - Math.round(apart)) | 0;
    const byArrival = this.ticksAt(other, now, clockRate, source, false);
    const error = byArrival === null ? 0 : Math.abs((ticks - byArrival) | 0);
    return error * 1e6 > CAPTURE_ERROR_MAX_US * clockRate ? null : ticks;
  }

  private ticksAt(
    other: TrackClock,
    now: number,
    clockRate: number,
    source: SourceClock,
    byReport: boolean,
  ): number | null {
    const here = this.timestampAt(now, clockRate, source, byReport);
    const there = other.timestampAt(now, clockRate, source, byReport);
    return here === null || there === null ? null : (there - here) | 0;
  }
}
