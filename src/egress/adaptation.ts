import { TCP_SLOW_US } from "../limits.ts";
import { CatchUpWindow } from "../media/catch-up-window.ts";
import { BandwidthEstimator } from "../media/estimator.ts";
import { LayerChoice, type LayerLimits, type UsableLayer } from "../media/layer-choice.ts";
import { Pacer } from "../media/pacer.ts";
import type { PacketKind } from "../media/sent-packets.ts";
import { bestShowable } from "../media/showable-layer.ts";
import type { TransportFeedback } from "../wire/rtcp/transport-cc.ts";

/** Probes are not larger than media. */
const PACKET_BYTES = 1_200;
/** More loss than this counts as loss, and is remembered so long: from one keyframe to the next. */
const LOSSY_SHARE = 0.002;
const LOSSY_US = 30_000_000;
/** A switch brings a keyframe, to a path that has not carried its layer yet: with care for so long. */
const SWITCH_US = 2_000_000;

/** What one viewer's network carries, and which layer it gets for it. */
export class Adaptation {
  readonly choice = new LayerChoice();
  private readonly estimator: BandwidthEstimator;
  private readonly pacer = new Pacer();
  private readonly backlog = new CatchUpWindow();
  private readonly path = {
    ...{ targetBitrate: 0, acknowledgedBitrate: 0, recentBitrate: 0, queueUs: 0 },
    ...{ probedBitrate: 0, probedAt: Number.NEGATIVE_INFINITY },
  };
  /** Bits a second of the audio, which comes first. */
  private audioBitrate = 0;
  private videoAlone = false;
  private layerBitrate = 0;
  /** For how long something has waited for its connection when that was last looked at, us. */
  private backlogUs = 0;
  private carefulUntil = Number.NEGATIVE_INFINITY;

  constructor(now: number, random: () => number) {
    this.estimator = new BandwidthEstimator({ now, random });
  }

  setLimits(limits: LayerLimits): void {
    this.choice.setLimits(limits);
  }

  /** A packet left: `sequence` its transport-cc number, `bytes` above UDP. */
  noteSent(sequence: number, now: number, bytes: number, kind: PacketKind): void {
    this.estimator.notePacketSent(sequence, now, bytes, kind);
    this.pacer.charge(now, bytes);
  }

  /** Bytes of a packet by its transport-cc number; 0 when it is forgotten. */
  sentBytes(sequence: number): number {
    const { sent } = this.estimator;
    const slot = sent.find(sequence);
    return slot < 0 ? 0 : sent.bytes(slot);
  }

  /** Whether a packet of video may leave now, or has to wait for its turn. */
  mayLeave(now: number): boolean {
    return this.pacer.mayLeave(now);
  }

  /** No packet has to wait. */
  get unpaced(): boolean {
    return this.layerBitrate === 0 && this.pacer.idle;
  }

  /** What left of late makes no difference for `handleTimeout` and `probe` now. */
  calm(now: number): boolean {
    const { estimator } = this;
    return this.unpaced && !estimator.probing.wanted && now < estimator.nextTimeout();
  }

  /** A join begins: what came since the cached keyframe is to follow it. */
  beginCatchUp(now: number): void {
    this.backlog.begin(now);
  }

  /** Whether more may follow of what was held back, by the pacer or by a join's way to the live edge. */
  mayFollow(now: number, paced: boolean): boolean {
    if (paced) return this.mayLeave(now);
    return this.backlog.mayLeave(now, this.estimator.sent.inFlightBytes);
  }

  handleFeedback(now: number, feedback: TransportFeedback): void {
    const { estimator } = this;
    const before = estimator.reportedBytes;
    estimator.handleFeedback(now, feedback);
    this.backlog.noteReported(now, estimator.reportedBytes - before, estimator.queueUs);
  }

  /** It negotiated no transport-cc. `videoAlone`: its REMB speaks of the video only. */
  expectNoFeedback(videoAlone: boolean): void {
    this.estimator.expectNoFeedback();
    this.videoAlone = videoAlone;
  }

  handleRemb(now: number, bitsPerSecond: number): void {
    this.estimator.handleRemb(now, bitsPerSecond + (this.videoAlone ? this.audioBitrate : 0));
  }

  handleReport(fractionLost: number, roundTripUs: number | null, latestUs = roundTripUs): void {
    this.estimator.handleReport(fractionLost, roundTripUs, latestUs);
  }

  handleNack(now: number, packets: number): void {
    this.estimator.handleNack(now, packets);
  }

  /** Call some ten times a second, with the bits a second of the audio that leaves. */
  handleTimeout(now: number, audioBitrate: number): void {
    if (now >= this.estimator.nextTimeout()) this.estimator.handleTimeout(now);
    this.audioBitrate = audioBitrate;
    if (this.estimator.loss > LOSSY_SHARE) this.carefulUntil = now + LOSSY_US;
    this.setPace(now);
  }

  /** There is one layer only: it leaves as it comes, whatever the path takes. */
  settle(): void {
    this.layerBitrate = 0;
    this.estimator.setDemand(0, 0);
  }

  /** Something has waited for so long at our end of its connection; 0 for nothing. */
  noteBacklog(us: number): void {
    this.backlogUs = us;
  }

  /** The layer to send from now on; -1 when none is usable. */
  choose(now: number, layers: readonly UsableLayer[]): number {
    const { path, estimator, choice } = this;
    // A connection that does not take what it has shows its capacity to no estimator.
    const target = this.backlogUs < TCP_SLOW_US ? estimator.targetBitrate : 0;
    path.targetBitrate = Math.max(0, target - this.audioBitrate);
    path.acknowledgedBitrate = Math.max(0, estimator.acknowledgedBitrate - this.audioBitrate);
    path.queueUs = this.queueUs;
    path.recentBitrate = Math.max(0, estimator.acknowledged.recent - this.audioBitrate);
    path.probedBitrate = Math.max(0, estimator.probedBitrate - this.audioBitrate);
    path.probedAt = estimator.probedAt;
    const before = choice.current;
    const id = choice.choose(now, layers, path);
    const more = choice.nextRate > 0;
    const audio = this.audioBitrate;
    estimator.setDemand(
      more ? choice.nextRate + audio : 0,
      choice.bestRate + audio,
      choice.nextUnproven,
    );
    this.layerBitrate = layers.find((layer) => layer.id === id)?.bitrate ?? 0;
    if (id !== before) {
      this.carefulUntil = Math.max(this.carefulUntil, now + SWITCH_US);
      this.setPace(now);
    }
    return id;
  }

  /** The best layer within the path and the limits of those that `shows` says so of; -1 for none. */
  bestOf(layers: readonly UsableLayer[], shows: (id: number) => boolean, patient: boolean): number {
    const rate = this.estimator.targetBitrate - this.audioBitrate;
    const { choice } = this;
    const within = (layer: UsableLayer) => choice.within(layer);
    return bestShowable(layers, within, shows, rate, patient)?.id ?? -1;
  }

  private setPace(now: number): void {
    const { estimate } = this.estimator;
    this.pacer.setRates(now, this.layerBitrate, estimate, now < this.carefulUntil);
  }

  /** Bytes of a probe packet to send now; 0 for none. */
  probe(now: number): number {
    const bytes = this.estimator.probe(now);
    return bytes > 0 ? Math.min(PACKET_BYTES, bytes) : 0;
  }

  /** A cluster of probes is being sent. */
  get probing(): boolean {
    return this.estimator.probing.cluster !== 0;
  }

  get estimate(): number {
    return this.estimator.estimate;
  }

  get queueUs(): number {
    return Math.max(this.estimator.queueUs, this.backlogUs);
  }

  get loss(): number {
    return this.estimator.loss;
  }

  get probes(): number {
    return this.estimator.probing.probes;
  }

  get probeSuccesses(): number {
    return this.estimator.probing.successes;
  }
}
