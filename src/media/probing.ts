import { ProbeCluster } from "./probe-cluster.ts";
import { CLUSTER_MAX } from "./sent-packets.ts";

/** libwebrtc ProbeController: first probes at 3 x and 6 x the start rate; a probe that shows 0.7 of
 * its rate is followed by one at twice the result. */
const FIRST_FACTOR = 3;
const FURTHER_FACTOR = 2;
const FURTHER_THRESHOLD = 0.7;
const FURTHER_MIN = 1.1;
/** A probe for a layer must show nearly all of its rate. */
const LAYER_THRESHOLD = 0.92;
/** One that shows nearly that is repeated soon, once: a packet of somebody else's was in its way. */
const NEAR_THRESHOLD = 0.85;
const NEAR_US = 500_000;
/** ... and so is the second of two that shows most of it: 5 ms of jitter on its 20 ms are enough for
 * that, and the next try would be seconds away. */
const CONFIRM_NEAR_THRESHOLD = 0.75;
/** A probe for the next layer asks for so much more than the layer. */
const LAYER_FACTOR = 1.2;
/** libwebrtc: min_probe_packets_sent and, for accuracy on jittery links, 20 instead of 15 ms. */
const PACKETS_MIN = 5;
const DURATION_US = 20_000;
const PACKETS_MAX = 64;
const PACKET_BYTES_MIN = 250;
const PACKET_BYTES_MAX = 1200;
/** Between probes for the same layer; grows with each failure. */
const INTERVAL_US = 2_000_000;
const INTERVAL_MAX_US = 4_000_000;
const INTERVAL_GROWTH = 1.25;
/** Viewers behind one bottleneck that joined together would probe together for ever, and each would
 * find the path full of the others' probes. */
const INTERVAL_JITTER = 0.5;
/** After a success the next layer is tried as soon as the first one flows. */
const INTERVAL_SUCCESS_US = 500_000;
/** 20 ms of probe fit between two frames of somebody else's, who needs what it has shown: a layer is
 * probed for twice, about so far apart. */
const CONFIRM_US = 100_000;
/** ... except where loss makes probes fail by chance more often than pass. */
const LOSS_CONFIRMED = 0.01;
/** A cluster whose feedback does not come is given up. */
const FEEDBACK_WAIT_US = 1_500_000;
/** More loss than this is not taken for the path's own. */
const LOSS_MAX = 0.12;
/** Media above the probe's rate leaves no room for padding: the cluster ends after so much more. */
const GOAL_FACTOR_MAX = 3;

const Phase = { start: 0, idle: 1, sending: 2, waiting: 3 } as const;

/** What the estimator knows when it asks whether to probe. */
export interface ProbeView {
  /** Bits a second we may send now. */
  readonly targetBitrate: number;
  /** Neither over-use nor a queue: a probe would measure us and harm nobody for long. */
  readonly pathClear: boolean;
}

/**
 * When to probe, at what rate, and what came of it. One cluster at a time: its packets leave evenly
 * at the probe's rate, media that leaves meanwhile counts as part of it.
 */
export class Probing {
  probes = 0;
  successes = 0;
  /** The cluster that packets sent now belong to, 0 for none. */
  cluster = 0;
  /** Bits a second of the cluster in flight. */
  rate = 0;
  /** Bytes of each padding packet. */
  packetBytes = 0;
  private readonly packets = new ProbeCluster();
  private phase: number = Phase.start;
  private lastCluster = 0;
  private startedAt = 0;
  private sentAt = 0;
  /** us that the padding alone takes. */
  private goalUs = 0;
  private nextAt = 0;
  private interval = INTERVAL_US;
  private initial = true;
  /** Bits a second that the first of two probes for a layer has shown; 0 for none. */
  private shown = 0;
  /** The last probe has repeated one that nearly passed. */
  private repeated = false;
  private furtherRate = 0;
  /** Bits a second of the next layer up and of everything at once, audio included; 0 for none. */
  private nextDemand = 0;
  private allDemand = 0;
  private prove = false;

  /** `random`: uniform in [0, 1). */
  constructor(
    private readonly startBitrate: number,
    private readonly random: () => number,
  ) {}

  /** `prove`: the next layer is to be shown by a probe, whatever the estimate says already. */
  setDemand(next: number, all: number, prove = false): void {
    this.nextDemand = next;
    this.allDemand = all;
    this.prove = prove;
  }

  /** A cluster is under way, or one may begin. */
  get wanted(): boolean {
    return this.allDemand > 0 || this.nextTimeout() !== Number.POSITIVE_INFINITY;
  }

  /** Keep away from the path for a while: it has just shown its limit. */
  postpone(until: number): void {
    if (this.nextAt < until) this.nextAt = until;
  }

  /** Bytes of a padding packet to send now, 0 for none. */
  due(now: number, view: ProbeView): number {
    if (this.phase === Phase.waiting && now - this.sentAt > FEEDBACK_WAIT_US) this.fail(now);
    if (this.phase !== Phase.sending && this.phase !== Phase.waiting) this.consider(now, view);
    if (this.phase !== Phase.sending) return 0;
    if (!view.pathClear) {
      this.fail(now);
      return 0;
    }
    return now >= this.dueAt() ? this.packetBytes : 0;
  }

  /** When a cluster in flight needs a packet or is given up; Infinity between clusters. */
  nextTimeout(): number {
    if (this.phase === Phase.sending) return this.dueAt();
    if (this.phase === Phase.waiting) return this.sentAt + FEEDBACK_WAIT_US;
    return Number.POSITIVE_INFINITY;
  }

  /** A packet of the running cluster left: `padding` of ours, or media that it takes along. */
  noteSent(now: number, bytes: number, padding: boolean): void {
    this.packets.noteSent(bytes);
    // Padding begins and ends it, so that the packets outside of the intervals are of one size.
    if (!padding && now - this.startedAt < this.goalUs * GOAL_FACTOR_MAX) return;
    // Media that leaves in a burst puts the cluster ahead of its rate: padding waits until it is back
    // on it, so that the cluster always spans its time.
    if (now - this.startedAt < this.goalUs || this.packets.sentPackets <= PACKETS_MIN) return;
    this.phase = Phase.waiting;
    this.sentAt = now;
    this.cluster = 0;
  }

  noteReceived(cluster: number, sentUs: number, arrivalUs: number, bytes: number): void {
    if (cluster === this.lastCluster && this.phase !== Phase.idle) {
      this.packets.noteReceived(sentUs, arrivalUs, bytes);
    }
  }

  /**
   * Feedback speaks of everything sent until `newestSent` (us). Returns the rate that the finished
   * cluster has shown, 0 when none is finished or it shows nothing. `loss`: of the path, 0 to 1.
   */
  evaluate(now: number, newestSent: number, loss: number): number {
    if (this.phase !== Phase.waiting || newestSent < this.sentAt) return 0;
    const result = Math.min(this.rate, this.packets.result(Math.min(loss, LOSS_MAX)));
    if (result === 0) {
      this.fail(now);
      return 0;
    }
    this.phase = Phase.idle;
    if (result < this.rate * this.threshold) {
      const { shown } = this;
      const near = shown === 0 ? NEAR_THRESHOLD : CONFIRM_NEAR_THRESHOLD;
      const again = !this.repeated && result >= this.rate * near;
      this.fail(now);
      this.repeated = again;
      if (!again) return result;
      this.shown = shown;
      this.nextAt = now + NEAR_US * (0.5 + this.random());
      return result;
    }
    if (!this.initial && this.shown === 0 && loss < LOSS_CONFIRMED) {
      this.shown = result;
      this.nextAt = now + CONFIRM_US * (0.5 + this.random());
      return 0;
    }
    return this.succeed(now, Math.min(this.rate, Math.max(result, this.shown)));
  }

  /** Share of its rate that a probe must show. The second of two only says that the first one did not
   * pass by chance. */
  private get threshold(): number {
    if (this.initial) return FURTHER_THRESHOLD;
    return this.shown === 0 ? LAYER_THRESHOLD : NEAR_THRESHOLD;
  }

  private succeed(now: number, result: number): number {
    this.shown = 0;
    this.repeated = false;
    this.successes += 1;
    this.interval = INTERVAL_US;
    this.nextAt = now + INTERVAL_SUCCESS_US;
    // Initial probing goes on by doubling until it fails or shows all that can be of use.
    const further = Math.min(result * FURTHER_FACTOR, this.allDemand * LAYER_FACTOR);
    this.initial &&= further > this.rate * FURTHER_MIN;
    if (this.initial) this.furtherRate = further;
    return result;
  }

  private consider(now: number, view: ProbeView): void {
    if (this.allDemand === 0 || !view.pathClear) return;
    const useful = this.allDemand * LAYER_FACTOR;
    if (this.phase === Phase.start) {
      this.begin(now, Math.min(this.startBitrate * FIRST_FACTOR, useful));
    } else if (this.furtherRate > 0) {
      this.begin(now, this.furtherRate);
    } else if (now >= this.nextAt && this.wantsLayer(view.targetBitrate)) {
      this.begin(now, this.nextDemand * LAYER_FACTOR);
    }
  }

  /** The estimate does not carry the next layer yet, or is not believed to. */
  private wantsLayer(targetBitrate: number): boolean {
    if (this.nextDemand === 0) return false;
    return this.prove || targetBitrate < this.nextDemand * LAYER_FACTOR;
  }

  private begin(now: number, rate: number): void {
    this.furtherRate = 0;
    this.rate = rate;
    const bytes = (rate * DURATION_US) / 8e6;
    const wanted = Math.max(PACKETS_MIN, Math.ceil(bytes / PACKET_BYTES_MAX));
    const packets = Math.min(PACKETS_MAX, wanted);
    const each = Math.ceil(bytes / packets);
    this.packetBytes = Math.min(PACKET_BYTES_MAX, Math.max(PACKET_BYTES_MIN, each));
    // `packets` intervals, so one packet more than that.
    this.goalUs = (packets * this.packetBytes * 8e6) / rate - 1;
    this.packets.reset();
    this.lastCluster = (this.lastCluster % CLUSTER_MAX) + 1;
    this.cluster = this.lastCluster;
    this.startedAt = now;
    this.phase = Phase.sending;
    this.probes += 1;
  }

  private fail(now: number): void {
    this.phase = Phase.idle;
    this.shown = 0;
    this.repeated = false;
    this.cluster = 0;
    this.initial = false;
    this.furtherRate = 0;
    this.nextAt = now + this.interval * (1 + INTERVAL_JITTER * (this.random() - 0.5));
    this.interval = Math.min(INTERVAL_MAX_US, this.interval * INTERVAL_GROWTH);
  }

  private dueAt(): number {
    return this.startedAt + (this.packets.sentBytes * 8e6) / this.rate;
  }
}
