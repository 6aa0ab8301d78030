import {
  PacketStatus,
  REFERENCE_TICKS,
  TRANSPORT_CC_TICK_US,
  type TransportFeedback,
} from "../wire/rtcp/transport-cc.ts";
import { AcknowledgedRate } from "./acknowledged-rate.ts";
import { DelayGradient } from "./delay-gradient.ts";
import { EagerGrowth } from "./eager-growth.ts";
import { LossControl } from "./loss-control.ts";
import { Probing } from "./probing.ts";
import { RateControl } from "./rate-control.ts";
import { RembBound } from "./remb-bound.ts";
import { PacketFate, PacketKind, SentPackets } from "./sent-packets.ts";
import { DelayState } from "./trendline.ts";

export interface EstimatorOptions {
  /** us. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Bits a second. */
  readonly startBitrate?: number;
  readonly min?: number;
  readonly max?: number;
}

/** libwebrtc's default. The first probes raise it within two round trips. */
const START_BITRATE = 300_000;
const MIN_BITRATE = 50_000;
const MAX_BITRATE = 50_000_000;
const RTT_START_US = 100_000;
/** Reference time: 24 bits of 64 ms. */
const REFERENCE_BITS = 24;
const REFERENCE_US = REFERENCE_TICKS * TRANSPORT_CC_TICK_US;
/** Silence of the feedback beyond a round trip, while packets are under way. Feedback comes every
 * 50 to 100 ms, so five in a row would have to be lost for nothing. */
const SILENCE_US = 500_000;
/** After a decrease the path is left alone so long. */
const PROBE_AFTER_DECREASE_US = 1_000_000;
/** Above this queue there is nothing to find by probing. */
const PROBE_QUEUE_US = 30_000;
/** A queue above the first bound is drained: the target falls by its excess over half a second, at
 * most to 65 %: below that a layer too low would be chosen, and left again seconds later (the idea
 * of draft-ietf-rmcat-nada-13's and SCReAM's queue target; GCC alone drains by 15 % of the capacity,
 * too slow for a queue that a fall of the capacity has left). */
const DRAIN_QUEUE_US = 40_000;
const DRAIN_OVER_US = 500_000;
const DRAIN_MIN = 0.65;
/** Sending less than this share of the estimate, the application sets the rate (libwebrtc
 * AlrDetector: 0.65). */
const LIMITED_SHARE = 0.65;
/** Without feedback the estimate may grow by loss reports to this multiple of the next layer. */
const REPORT_HEADROOM = 1.2;
/** At the first sign that the path is full the rate falls to this share of what arrives of it. */
const SIGN_BACKOFF = 0.85;

/**
 * Send-side bandwidth estimation for one viewer, in the way of Google congestion control
 * (draft-ietf-rmcat-gcc-02 and libwebrtc's goog_cc), for a sender that can only choose layers.
 * Sans I/O: us in, bits a second out. Allocates nothing after construction.
 */
export class BandwidthEstimator {
  readonly sent = new SentPackets();
  readonly acknowledged = new AcknowledgedRate();
  readonly delay = new DelayGradient();
  readonly rates: RateControl;
  readonly losses = new LossControl();
  readonly probing: Probing;
  readonly eager = new EagerGrowth();
  /** Least feedback delay of late, us: round trip plus what the receiver waits. */
  rttUs = RTT_START_US;
  /** Packets and bytes that feedback has reported, and times that it fell silent. */
  reportedPackets = 0;
  reportedBytes = 0;
  reportedLost = 0;
  silences = 0;
  /** Bits a second that the last probe has shown, and when that was told, us. */
  probedBitrate = 0;
  probedAt = Number.NEGATIVE_INFINITY;
  private readonly min: number;
  private readonly max: number;
  private started = false;
  /** Transport feedback has come: REMB and reports are not needed. */
  private feedback = false;
  private referenceTime = 0;
  private newestSent = 0;
  /** First packet sent since the last feedback; Infinity for none. */
  private unreportedSince = Number.POSITIVE_INFINITY;
  private lastSentAt = Number.NEGATIVE_INFINITY;
  private readonly remb = new RembBound();
  private rttMeasured = false;
  /** Bits a second that leave, over about half a second. */
  private sendRate = 0;
  private sendBytes = 0;
  private sendSince: number;
  private nextDemand = 0;
  private readonly view = { targetBitrate: 0, pathClear: true };

  constructor(options: EstimatorOptions) {
    const start = options.startBitrate ?? START_BITRATE;
    this.min = options.min ?? MIN_BITRATE;
    this.max = options.max ?? MAX_BITRATE;
    this.rates = new RateControl(start, this.min, this.max);
    this.probing = new Probing(start, options.random);
    this.sendSince = options.now;
  }

  /** What the path is believed to carry, bits a second. */
  get estimate(): number {
    const limit = Math.min(this.rates.bitrate, this.losses.limit, this.remb.bitrate);
    return Math.min(this.max, Math.max(this.min, limit));
  }

  /** What to send at most now: less than the estimate while a queue has to drain. */
  get targetBitrate(): number {
    const excess = this.delay.queueUs - DRAIN_QUEUE_US;
    const share = excess <= 0 ? 1 : Math.max(DRAIN_MIN, 1 - excess / DRAIN_OVER_US);
    return Math.max(this.min, this.estimate * share);
  }

  get acknowledgedBitrate(): number {
    return this.acknowledged.bitsPerSecond;
  }

  get delayState(): DelayState {
    return this.delay.trendline.state;
  }

  /** Queueing delay found on the path, us. */
  get queueUs(): number {
    return this.delay.queueUs;
  }

  /** Share lost of late, 0 to 1. */
  get loss(): number {
    return this.losses.loss;
  }

  /**
   * Bits a second, audio included, of the next layer above the one that flows (0 for none) and of
   * the highest. Without it nothing is probed. `prove`: probe whatever the estimate says already.
   */
  setDemand(next: number, all: number, prove = false): void {
    this.nextDemand = next;
    this.probing.setDemand(next, all, prove);
  }

  /** No transport feedback will come: the receiver did not negotiate it. */
  expectNoFeedback(): void {
    this.eager.on = true;
  }

  /** A packet with this transport sequence number left: `bytes` as on the wire, above UDP. */
  notePacketSent(sequence: number, now: number, bytes: number, kind: PacketKind): void {
    const cluster = this.probing.cluster;
    this.sent.note(sequence, now, bytes, cluster);
    if (cluster !== 0) this.probing.noteSent(now, bytes, kind === PacketKind.probe);
    this.eager.notePacketSent();
    this.lastSentAt = now;
    if (this.unreportedSince === Number.POSITIVE_INFINITY) this.unreportedSince = now;
    if (kind !== PacketKind.probe) this.sendBytes += bytes;
    const elapsed = now - this.sendSince;
    if (elapsed < SILENCE_US) return;
    this.sendRate = (this.sendBytes * 8e6) / elapsed;
    this.sendBytes = 0;
    this.sendSince = now;
  }

  /** A transport-cc feedback packet. */
  handleFeedback(now: number, feedback: TransportFeedback): void {
    this.feedback = true;
    this.eager.on = false;
    this.remb.clear();
    const newestBefore = this.newestSent;
    this.readStatuses(feedback);
    if (this.newestSent > newestBefore) {
      this.unreportedSince = Number.POSITIVE_INFINITY;
      this.noteRoundTrip(now - this.newestSent);
    }
    this.delay.finish(now);
    this.update(now);
  }

  /** A REMB: the receiver's own estimate. Of use only without transport feedback. */
  handleRemb(now: number, bitsPerSecond: number): void {
    if (this.feedback) return;
    if (this.eager.noteRemb(now, bitsPerSecond, this.sendRate)) this.backOff(0);
    else if (this.eager.on) return;
    this.remb.note(now, bitsPerSecond, this.sendRate);
  }

  /** A NACK names so many packets: a sign without transport feedback. */
  handleNack(now: number, packets: number): void {
    const lost = this.feedback ? 0 : this.eager.noteNack(now, packets);
    if (lost > 0) this.backOff(lost);
  }

  /**
   * A receiver report: `fractionLost` 0 to 1; the round trip smoothed, and as this one shows it.
   * Drives the rate only without transport feedback.
   */
  handleReport(fractionLost: number, rttUs: number | null, latestRttUs = rttUs): void {
    if (rttUs !== null && !this.rttMeasured) this.rttUs = rttUs;
    if (this.feedback) return;
    if (this.eager.noteReport(fractionLost, latestRttUs)) this.backOff(fractionLost);
    const { bitrate } = this.rates;
    const next = this.losses.report(bitrate, fractionLost);
    const bounded = next > bitrate ? Math.max(bitrate, Math.min(next, this.useful)) : next;
    this.rates.bitrate = Math.min(this.max, Math.max(this.min, bounded));
  }

  /** Growth stops where it is of no use and far above what has been tried. */
  private get useful(): number {
    return Math.max(this.sendRate, this.nextDemand) * REPORT_HEADROOM;
  }

  /** The path turned out to be full: what arrives of what leaves is what it carries. */
  private backOff(lost: number): void {
    if (this.sendRate === 0) return;
    const carried = this.sendRate * (1 - lost) * SIGN_BACKOFF;
    this.rates.bitrate = Math.max(this.min, Math.min(this.rates.bitrate, carried));
  }

  /** Call at `nextTimeout`. */
  handleTimeout(now: number): void {
    if (now >= this.eager.nextTimeout()) {
      const grown = this.eager.grow(now, this.rates.bitrate, this.useful);
      this.rates.bitrate = Math.min(this.max, grown);
    }
    this.remb.expire(now);
    if (!this.feedback || now < this.silenceAt()) return;
    if (now - this.lastSentAt > SILENCE_US + this.rttUs) {
      // We fell silent first; the report of the last packets was lost.
      this.unreportedSince = Number.POSITIVE_INFINITY;
      return;
    }
    // No feedback at all: the queue is longer than we have ever seen or the path is dead.
    this.silences += 1;
    this.unreportedSince = now - this.rttUs;
    this.rates.halve(now);
    this.probing.postpone(now + PROBE_AFTER_DECREASE_US);
  }

  /** When `handleTimeout` or `probe` is due, us; Infinity for never. */
  nextTimeout(): number {
    if (this.feedback) return Math.min(this.probing.nextTimeout(), this.silenceAt());
    return Math.min(this.eager.nextTimeout(), this.remb.nextTimeout());
  }

  /**
   * Bytes of a padding packet to send now as `PacketKind.probe`, 0 for none; ask again after it. To
   * be asked at `nextTimeout` and each 20 ms or so, where it decides whether to begin.
   */
  probe(now: number): number {
    // Without feedback nobody would tell what came of it.
    if (!this.feedback) return 0;
    this.view.targetBitrate = this.targetBitrate;
    this.view.pathClear =
      this.delayState !== DelayState.overuse && this.delay.queueUs <= PROBE_QUEUE_US;
    return this.probing.due(now, this.view);
  }

  private silenceAt(): number {
    return this.unreportedSince + this.rttUs + SILENCE_US;
  }

  /** Matches every status of a feedback with what was sent. */
  private readStatuses(feedback: TransportFeedback): void {
    const { status, delta, baseSequence, statusCount } = feedback;
    const limited = this.sendRate < this.estimate * LIMITED_SHARE;
    let arrival = this.arrivalBase(feedback.referenceTime);
    let reported = 0;
    let lost = 0;
    let bytes = 0;
    for (let i = 0; i < statusCount; i += 1) {
      const received = status[i] !== PacketStatus.notReceived;
      if (received) arrival += delta[i]! * TRANSPORT_CC_TICK_US;
      const slot = this.sent.find((baseSequence + i) & 0xffff);
      if (slot < 0) continue;
      const before = this.sent.settle(slot, received ? PacketFate.received : PacketFate.lost);
      if (before === PacketFate.received || (before === PacketFate.lost && !received)) continue;
      if (before === PacketFate.inFlight) {
        reported += 1;
        bytes += this.sent.bytes(slot);
        if (!received) lost += 1;
      } else {
        // Reported lost before, found since.
        lost -= 1;
      }
      if (received) this.noteReceived(slot, arrival, limited);
    }
    this.reportedPackets += reported;
    this.reportedBytes += bytes;
    this.reportedLost += lost;
    this.losses.add(reported, lost, bytes);
  }

  private noteReceived(slot: number, arrival: number, limited: boolean): void {
    const sentUs = this.sent.sentAt(slot);
    const bytes = this.sent.bytes(slot);
    const cluster = this.sent.cluster(slot);
    if (sentUs > this.newestSent) this.newestSent = sentUs;
    this.acknowledged.add(arrival, bytes, limited);
    this.delay.add(sentUs, arrival);
    if (cluster !== 0) this.probing.noteReceived(cluster, sentUs, arrival, bytes);
  }

  private update(now: number): void {
    const { rates, delay, probing } = this;
    const acknowledged = this.acknowledged.bitsPerSecond;
    const decreases = rates.decreases;
    const { recent } = this.acknowledged;
    const { state } = delay.trendline;
    rates.update(now, state, delay.queueUs, acknowledged, recent, this.rttUs);
    if (rates.decreases !== decreases) probing.postpone(now + PROBE_AFTER_DECREASE_US);
    const probed = probing.evaluate(now, this.newestSent, this.losses.loss);
    if (probed > 0) this.noteProbed(now, probed);
    this.losses.update(this.newestSent, acknowledged, rates.bitrate);
  }

  /** A probe has shown so many bits a second. */
  private noteProbed(now: number, probed: number): void {
    this.probedBitrate = probed;
    this.probedAt = now;
    // A saturated probe shows the capacity, also when that is lower than believed; but what arrives
    // anyway is the better witness. During over-use it is heard as far as it says to send less.
    const shown = Math.max(probed, this.acknowledged.bitsPerSecond);
    if (this.delayState === DelayState.overuse && shown >= this.rates.bitrate) return;
    this.rates.setProbed(now, shown);
    this.losses.setProbed(probed);
  }

  /** us on the receiver's clock, without the wrap of the reference time. */
  private arrivalBase(referenceTime: number): number {
    if (!this.started) {
      this.started = true;
      this.referenceTime = referenceTime;
    }
    const shift = 32 - REFERENCE_BITS;
    const ahead = ((referenceTime - this.referenceTime) << shift) >> shift;
    this.referenceTime += ahead;
    return this.referenceTime * REFERENCE_US;
  }

  private noteRoundTrip(sample: number): void {
    this.rttUs = this.rttMeasured ? this.rttUs + (sample - this.rttUs) / 8 : sample;
    this.rttMeasured = true;
  }
}
