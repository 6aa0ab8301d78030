import type { RingReader, RingTiming } from "../ring/reader.ts";

/** Sender clocks drift by 100 ppm at most; an estimate may follow twice as fast. */
const DRIFT_PER_US = 0.0002;

/** What differs by more is another clock, or a clock that was set: no report is on its way so long. */
const CLOCK_STEP_US = 1_000_000;
/** A step that a sender's own reports show must be larger than the errors of sloppy ones. */
const OWN_STEP_US = 100_000;
/** Runs that are remembered: of a clock that was set, and set back. */
const RUNS_KEPT = 4;

/** The publisher's clock between two steps of it: its difference to ours. */
class ClockRun {
  private difference: number;
  private noted: number;

  constructor(ntpUs: number, localUs: number) {
    this.difference = ntpUs - localUs;
    this.noted = localUs;
  }

  /** The largest difference seen came with the least delay. */
  note(ntpUs: number, localUs: number): void {
    this.difference = Math.max(this.differenceAt(localUs), ntpUs - localUs);
    this.noted = Math.max(this.noted, localUs);
  }

  ntpAt(nowUs: number): number {
    return nowUs + this.difference;
  }

  /** By how much a report is ahead of this run: what it was on its way, if it is of it, negative. */
  deviation(ntpUs: number, localUs: number): number {
    return ntpUs - localUs - this.differenceAt(localUs);
  }

  private differenceAt(localUs: number): number {
    return this.difference - Math.max(0, localUs - this.noted) * DRIFT_PER_US;
  }
}

/**
 * The clock of one stream epoch, shared by its audio and video: maps our monotonic time to the
 * publisher's NTP time by its sender reports. Both tracks use the same difference, so that its error
 * moves neither against the other. When the publisher's clock is set, a new run of it begins, and
 * each track goes over to it with its own next report: until then its last one is of the old run.
 */
export class SourceClock {
  /** Newest first. */
  private readonly runs: ClockRun[] = [];

  /**
   * A sender report: publisher's NTP time (us since 1900) and when it arrived here (us). `present`:
   * the run of that track's report before; `stepUs`: what passed by the NTP times of the two beyond
   * what passed by their RTP times, which no delay can feign. Returns the run that it belongs to.
   */
  note(ntpUs: number, localUs: number, present: ClockRun | null = null, stepUs = 0): ClockRun {
    const run = this.runOf(ntpUs, localUs, present ?? this.runs[0] ?? null, stepUs);
    run?.note(ntpUs, localUs);
    if (run !== null && run === present) return run;
    const now = run ?? new ClockRun(ntpUs, localUs);
    // The clock goes on in this run, be it one that it was in before.
    const at = this.runs.indexOf(now);
    if (at >= 0) this.runs.splice(at, 1);
    this.runs.unshift(now);
    if (this.runs.length > RUNS_KEPT) this.runs.pop();
    return now;
  }

  /** What the clock shows, or would show had it gone on as in `run`. */
  ntpAt(nowUs: number, run: ClockRun | null = this.runs[0] ?? null): number {
    return run === null ? Number.NEGATIVE_INFINITY : run.ntpAt(nowUs);
  }

  private runOf(
    ntpUs: number,
    localUs: number,
    present: ClockRun | null,
    stepUs: number,
  ): ClockRun | null {
    if (present === null) return null;
    const deviation = present.deviation(ntpUs, localUs);
    const size = Math.abs(stepUs);
    const tolerance = Math.min(CLOCK_STEP_US / 2, Math.max(OWN_STEP_US, size / 4));
    const stepped = size >= OWN_STEP_US && Math.abs(stepUs - deviation) <= tolerance;
    if (!stepped) {
      const newest = this.runs[0]!;
      const ahead = newest === present ? deviation : newest.deviation(ntpUs, localUs);
      if (Math.abs(ahead) <= Math.min(CLOCK_STEP_US, Math.abs(deviation))) return newest;
      if (Math.abs(deviation) <= CLOCK_STEP_US) return present;
    }
    const most = stepped ? tolerance : CLOCK_STEP_US;
    for (const run of this.runs) {
      if (run === present) continue;
      if (Math.abs(run.deviation(ntpUs, localUs)) <= most) return run;
    }
    return null;
  }
}

/** Capture times that put two layers further apart than their arrival does are not believed. */
const CAPTURE_ERROR_MAX_US = 1_000_000;

/**
 * RTP time of one ring at a given moment: by the publisher's sender reports, or, until both tracks
 * have one, by arrival times.
 */
export class TrackClock {
  /** The newest sender report, and the one that is being read. */
  private timing: RingTiming = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
  private read: RingTiming = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
  /** What the publisher's clock shows since the newest report; null before the first. */
  private run: ClockRun | null = null;
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
    this.run = null;
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

  get hasReport(): boolean {
    return this.run !== null;
  }

  /** Reads the ring's newest sender report. */
  update(reader: RingReader, source: SourceClock): void {
    const { read, timing } = this;
    if (!reader.timing(read) || read.localUs < this.lineBegan) return;
    if (this.run !== null && read.localUs === timing.localUs) return;
    let step = 0;
    if (this.run !== null && reader.clockRate > 0) {
      const ticks = (read.rtpTimestamp - timing.rtpTimestamp) | 0;
      step = read.ntpUs - timing.ntpUs - (ticks * 1e6) / reader.clockRate;
    }
    this.run = source.note(read.ntpUs, read.localUs, this.run, step);
    this.timing = read;
    this.read = timing;
  }

  /** RTP time of `now` on the publisher's line; null before the first packet. */
  timestampAt(
    now: number,
    clockRate: number,
    source: SourceClock,
    byReport: boolean,
  ): number | null {
    if (byReport && this.run !== null) {
      const elapsed = source.ntpAt(now, this.run) - this.timing.ntpUs;
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
