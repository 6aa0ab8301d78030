/** libwebrtc LossBasedBweV2: 15 observations of 250 ms at least, each older one worth 0.9. */
const OBSERVATIONS = 15;
const OBSERVATION_US = 250_000;
const OBSERVATION_PACKETS = 10;
const TEMPORAL_WEIGHT = 0.9;
/** Observations before the first judgement. */
const OBSERVATIONS_MIN = 3;
/** draft-ietf-rmcat-gcc-02 6: below 2 % loss says nothing of the rate. */
const LOSS_LOW = 0.02;
/** ... and above 10 % the rate falls, when nothing tells loss by congestion from other loss. */
const LOSS_HIGH = 0.1;
/** Candidates are these multiples of the present rate, and the acknowledged rate. */
const CANDIDATES = [1.02, 1, 0.95] as const;
/** Loss that a path may have by itself: this share, plus more at low rates. libwebrtc's offset is
 * 0.05; radio links and policed hotel networks show 10 %, at which video still plays with RTX. */
const INHERENT_MIN = 1e-3;
const INHERENT_OFFSET = 0.12;
const INHERENT_BALANCE = 100_000;
/** Preference of higher rates while loss is below the threshold (a packet, in nats). */
const BIAS_PER_KBPS = 0.0002;
const BIAS_PER_LOG = 0.02;
const BIAS_LOSS_THRESHOLD = 0.15;
const BIAS_SMOOTHING = 0.002;
/** Growth above what arrives, while loss limits. */
const RAMP_UP = 1.5;

/**
 * Loss-based limit. With transport feedback: the maximum-likelihood split of loss into what the
 * path loses at any rate and what it loses because we send above its capacity (libwebrtc
 * LossBasedBweV2, with the inherent loss in closed form), so that random loss alone does not bring
 * the rate down. Without it: the rules of draft-ietf-rmcat-gcc-02 6.
 */
export class LossControl {
  /** Bits a second; Infinity while loss does not limit. */
  limit = Number.POSITIVE_INFINITY;
  /** Share lost over the window, 0 to 1. */
  loss = 0;
  private readonly packets = new Float64Array(OBSERVATIONS);
  private readonly lost = new Float64Array(OBSERVATIONS);
  /** Bits a second sent. */
  private readonly rates = new Float64Array(OBSERVATIONS);
  private observations = 0;
  private partPackets = 0;
  private partLost = 0;
  private partBytes = 0;
  private partStart = Number.NEGATIVE_INFINITY;

  /** What one feedback says: packets it reports, those lost (less those found again), bytes. */
  add(packets: number, lost: number, bytes: number): void {
    this.partPackets += packets;
    this.partLost += lost;
    this.partBytes += bytes;
  }

  /** Judges when an observation is complete. `lastSent`: send time of the newest packet, us. */
  update(lastSent: number, acknowledged: number, delayBased: number): void {
    const elapsed = lastSent - this.partStart;
    if (elapsed === Number.POSITIVE_INFINITY) {
      this.begin(lastSent);
      return;
    }
    if (elapsed < OBSERVATION_US || this.partPackets < OBSERVATION_PACKETS) return;
    const at = this.observations % OBSERVATIONS;
    this.packets[at] = this.partPackets;
    this.lost[at] = Math.min(this.partPackets, Math.max(0, this.partLost));
    this.rates[at] = (this.partBytes * 8e6) / elapsed;
    this.observations += 1;
    this.begin(lastSent);
    this.loss = this.averageLoss();
    if (this.observations >= OBSERVATIONS_MIN) this.judge(acknowledged, delayBased);
  }

  /**
   * A probe has passed at this rate: below it loss is not by congestion. Without this a low layer
   * could never be left, since growth is bound to what arrives.
   */
  setProbed(bitrate: number): void {
    this.limit = Math.max(this.limit, bitrate);
  }

  /**
   * One receiver report without transport feedback (draft-ietf-rmcat-gcc-02 6): returns the new
   * rate. `fraction` 0 to 1.
   */
  report(bitrate: number, fraction: number): number {
    this.loss = fraction;
    if (fraction > LOSS_HIGH) return bitrate * (1 - 0.5 * fraction);
    return fraction < LOSS_LOW ? bitrate * 1.05 : bitrate;
  }

  private begin(lastSent: number): void {
    this.partStart = lastSent;
    this.partPackets = 0;
    this.partLost = 0;
    this.partBytes = 0;
  }

  private judge(acknowledged: number, delayBased: number): void {
    const limited = this.limit < delayBased;
    if (this.loss < LOSS_LOW && !limited) {
      this.limit = Number.POSITIVE_INFINITY;
      return;
    }
    const present = Math.min(this.limit, delayBased);
    let best = present;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const factor of CANDIDATES) {
      const candidate = Math.min(present * factor, delayBased);
      const score = this.likelihood(candidate);
      if (score > bestScore) {
        bestScore = score;
        best = candidate;
      }
    }
    if (acknowledged > 0 && acknowledged < present && this.likelihood(acknowledged) > bestScore) {
      best = acknowledged;
    }
    if (best > present && acknowledged > 0) {
      best = Math.max(present, Math.min(best, acknowledged * RAMP_UP));
    }
    // More loss than a path has by itself: an upper bound whatever the likelihood says ...
    if (this.loss > INHERENT_OFFSET) {
      best = Math.min(best, INHERENT_BALANCE / (this.loss - INHERENT_OFFSET));
    }
    // ... but never below what arrives.
    best = Math.max(best, acknowledged);
    this.limit = best >= delayBased ? Number.POSITIVE_INFINITY : best;
  }

  /** Index of the observation that is `age` old, 0 the newest. */
  private slot(age: number): number {
    return (this.observations - 1 - age) % OBSERVATIONS;
  }

  private get count(): number {
    return Math.min(this.observations, OBSERVATIONS);
  }

  private averageLoss(): number {
    let packets = 0;
    let lost = 0;
    let weight = 1;
    for (let age = 0; age < this.count; age += 1) {
      packets += weight * this.packets[this.slot(age)]!;
      lost += weight * this.lost[this.slot(age)]!;
      weight *= TEMPORAL_WEIGHT;
    }
    return packets === 0 ? 0 : lost / packets;
  }

  /** Share of packets above a capacity, averaged over the window like the loss. */
  private averageExcess(capacity: number): number {
    let packets = 0;
    let excess = 0;
    let weight = 1;
    for (let age = 0; age < this.count; age += 1) {
      const slot = this.slot(age);
      packets += weight * this.packets[slot]!;
      excess += weight * this.packets[slot]! * excessShare(this.rates[slot]!, capacity);
      weight *= TEMPORAL_WEIGHT;
    }
    return packets === 0 ? 0 : excess / packets;
  }

  /** Log likelihood of the observations if the capacity were `candidate`, with its bias. */
  private likelihood(candidate: number): number {
    const excess = this.averageExcess(candidate);
    const most = Math.min(0.5, INHERENT_OFFSET + INHERENT_BALANCE / candidate);
    const estimated = excess >= 1 ? 0 : (this.loss - excess) / (1 - excess);
    const inherent = Math.min(most, Math.max(INHERENT_MIN, estimated));
    const bias = this.bias(candidate / 1000);
    let score = 0;
    let weight = 1;
    for (let age = 0; age < this.count; age += 1) {
      const slot = this.slot(age);
      const packets = this.packets[slot]!;
      const lost = this.lost[slot]!;
      const over = excessShare(this.rates[slot]!, candidate);
      const probability = Math.min(1 - 1e-6, inherent + (1 - inherent) * over);
      score +=
        weight *
        (lost * Math.log(probability) +
          (packets - lost) * Math.log(1 - probability) +
          bias * packets);
      weight *= TEMPORAL_WEIGHT;
    }
    return score;
  }

  private bias(kbps: number): number {
    const room = BIAS_LOSS_THRESHOLD - this.loss;
    if (room <= 0) return 0;
    const share = room / (room + BIAS_SMOOTHING);
    return share * (BIAS_PER_KBPS * kbps + BIAS_PER_LOG * Math.log(1 + kbps));
  }
}

function excessShare(rate: number, capacity: number): number {
  return rate > capacity ? (rate - capacity) / rate : 0;
}
