import type { BandwidthEstimator } from "../../src/media/estimator.ts";
import { wireRate } from "./packet.ts";

/** The estimate must exceed a layer so much before it is switched up to. */
const UPGRADE_MARGIN = 1.1;
const UPGRADE_INTERVAL_US = 700_000;
/** A mild excess may be one burst of somebody else's: it is waited for so long. */
const MILD_US = 700_000;
/** A decrease to 0.85 of what arrives is no reason by itself, if what arrives is the layer. */
const TOLERANCE = 0.93;
/** Beyond these the path visibly does not carry the layer. */
const SEVERE_QUEUE_US = 120_000;
const SEVERE_DELIVERED = 0.85;
/** The delivered rate follows a switch so late. */
const SETTLED_US = 1_500_000;
/** A layer that failed this soon after the switch up to it is barred, longer each time. */
const FAILED_US = 15_000_000;
const BAR_US = 5_000_000;
const BAR_MAX_US = 80_000_000;

/** Which layer to send by the estimate: down at once, up with hysteresis. */
export class LayerPolicy {
  wanted = 0;
  private upgradedAt = Number.NEGATIVE_INFINITY;
  private changedAt = Number.NEGATIVE_INFINITY;
  private belowSince = Number.POSITIVE_INFINITY;
  private readonly barredUntil: number[];
  private readonly bars: number[];
  private readonly costs: readonly number[];

  constructor(layers: readonly number[], start: number) {
    this.costs = layers.map(wireRate);
    this.barredUntil = layers.map(() => 0);
    this.bars = layers.map(() => 0);
    this.wanted = this.highestBelow(start);
  }

  update(now: number, estimator: BandwidthEstimator): void {
    const target = estimator.targetBitrate;
    const cost = this.costs[this.wanted]!;
    if (this.wanted > 0 && target < cost * TOLERANCE) this.consider(now, estimator);
    else this.belowSince = Number.POSITIVE_INFINITY;
    if (now - this.changedAt > UPGRADE_INTERVAL_US) this.upgrade(now, target);
    const next = this.wanted + 1;
    const possible = next < this.costs.length && now >= this.barredUntil[next]!;
    estimator.setDemand(possible ? this.costs[next]! : 0, this.costs.at(-1)!);
  }

  private consider(now: number, estimator: BandwidthEstimator): void {
    if (this.belowSince === Number.POSITIVE_INFINITY) this.belowSince = now;
    const delivered = estimator.acknowledgedBitrate;
    const severe =
      estimator.queueUs > SEVERE_QUEUE_US ||
      (now - this.changedAt > SETTLED_US &&
        delivered < this.costs[this.wanted]! * SEVERE_DELIVERED);
    if (!severe && now - this.belowSince < MILD_US) return;
    const failed = this.wanted;
    if (now - this.upgradedAt < FAILED_US) {
      this.barredUntil[failed] = now + Math.min(BAR_MAX_US, BAR_US * 2 ** this.bars[failed]!);
      this.bars[failed]! += 1;
    }
    this.wanted = this.highestBelow(estimator.targetBitrate);
    this.changedAt = now;
    this.belowSince = Number.POSITIVE_INFINITY;
  }

  private upgrade(now: number, target: number): void {
    let best = this.wanted;
    for (let layer = best + 1; layer < this.costs.length; layer += 1) {
      if (now < this.barredUntil[layer]!) break;
      if (this.costs[layer]! * UPGRADE_MARGIN <= target) best = layer;
    }
    if (best === this.wanted) return;
    this.wanted = best;
    this.upgradedAt = now;
    this.changedAt = now;
  }

  private highestBelow(rate: number): number {
    let best = 0;
    for (let layer = 1; layer < this.costs.length; layer += 1) {
      if (this.costs[layer]! <= rate) best = layer;
    }
    return best;
  }
}
