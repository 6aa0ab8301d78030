/**
 * Which layer a viewer gets, from what its network carries and what it (its token, its stream) allows.
 * Down when the path visibly does not carry the layer; up when the target has room; and slower the
 * more often a layer was tried in vain. A stream with a usable layer is never withheld.
 */
import type { LayerLimits } from "../contract/session.ts";
import { findLayer, rank, samePicture, type UsableLayer } from "./usable-layer.ts";

export type { LayerLimits } from "../contract/session.ts";
export type { UsableLayer } from "./usable-layer.ts";

export const NO_LIMITS: LayerLimits = {
  rid: "",
  spatialMax: Number.POSITIVE_INFINITY,
  temporalMax: Number.POSITIVE_INFINITY,
  widthMax: Number.POSITIVE_INFINITY,
  heightMax: Number.POSITIVE_INFINITY,
  bitrateMax: Number.POSITIVE_INFINITY,
};

/** What is known of the viewer's path (BandwidthEstimator). */
export interface PathView {
  /** Bits a second that may be sent now. */
  readonly targetBitrate: number;
  /** Bits a second that arrive; 0 while unknown. */
  readonly acknowledgedBitrate: number;
  /** The same over the last 150 to 200 ms: behind a queue it is what the path carries. */
  readonly recentBitrate: number;
  readonly queueUs: number;
  /** Bits a second that the last probe has shown, and when that was told, us. */
  readonly probedBitrate: number;
  readonly probedAt: number;
}

const UNKNOWN: PathView = {
  ...{ targetBitrate: 0, acknowledgedBitrate: 0, recentBitrate: 0, queueUs: 0 },
  ...{ probedBitrate: 0, probedAt: Number.NEGATIVE_INFINITY },
};

/** The target must exceed a layer so much before it is switched up to. */
const UPGRADE_MARGIN = 1.1;
const UPGRADE_INTERVAL_US = 700_000;
/** A mild excess may be one burst of somebody else's: it is waited for so long. */
const MILD_US = 700_000;
/** A decrease to 0.85 of what arrives is no reason by itself, if what arrives is the layer. */
const TOLERANCE = 0.93;
/** Beyond these the path visibly does not carry the layer. */
const SEVERE_QUEUE_US = 120_000;
const SEVERE_DELIVERED = 0.85;
/** A queue that falls so fast that it is gone within this time needs no lower layer yet: after a step
 * down the layer that fits the new capacity would be left while the old one's queue still drains. */
const DRAINS_US = 2_000_000;
/** A queue shorter than this is no reason for a low target (BandwidthEstimator.targetBitrate). */
const DRAINED_US = 40_000;
/** The queue's fall is taken over this time at least, and forgotten after so long. */
const FALL_MIN_US = 50_000;
const FALL_MAX_US = 1_000_000;
/** The delivered rate follows a switch so late. */
const SETTLED_US = 1_500_000;
/** A layer that failed this soon after the switch up to it is barred, longer each time: so there are
 * two switches a minute at most in the long run. One that held longer has proven itself. */
const FAILED_US = 60_000_000;
const BAR_US = 5_000_000;
const BAR_MAX_US = 80_000_000;
/** It is taken again before that when a probe shows so much more than it needs (asked to show a little
 * more still): the path is another one then, as radio links are each few seconds. */
const OUTGROWN = 1.35;
const BARRED_FACTOR = 1.25;
/** More frames of the same picture are tried less often: there is less to win. */
const BAR_FRAME_RATE_US = 20_000_000;

/** What keeps a layer that failed from being tried again. */
interface Bar {
  since: number;
  until: number;
  count: number;
}

export class LayerChoice {
  /** Id of the chosen layer; -1 while none is usable. */
  current = -1;
  /** Bits a second of the next better layer, and of the best: what probes look for; 0 for none. */
  nextRate = 0;
  bestRate = 0;
  /** The next better layer failed before: a probe has to show it, whatever the target says. */
  nextUnproven = false;
  /** Switches so far. */
  upgrades = 0;
  downgrades = 0;
  private limits = NO_LIMITS;
  /** As last given. */
  private path = UNKNOWN;
  private limited = false;
  /** The layer last switched up to, and when: what is fallen back to from it was not tried. */
  private attempt = -1;
  private upgradedAt = Number.NEGATIVE_INFINITY;
  private changedAt = Number.NEGATIVE_INFINITY;
  private belowSince = Number.POSITIVE_INFINITY;
  /** The queue when it was last looked at, and how fast it falls: us in each us. */
  private queueUs = 0;
  private queueAt = Number.NEGATIVE_INFINITY;
  private fall = 0;
  /** Bit i: layer i of the list can be chosen. */
  private usable = 0;
  private readonly bars = new Map<number, Bar>();

  /** Holds from the next `choose` on, which then switches at once, in either direction. */
  setLimits(limits: LayerLimits): void {
    this.limits = limits;
    this.limited = true;
    this.bars.clear();
  }

  /** Chooses among `layers` (32 at most, in any order). Returns the id, or -1 when no layer is active. */
  choose(now: number, layers: readonly UsableLayer[], path: PathView): number {
    this.path = path;
    this.markUsable(layers);
    this.watchQueue(now, path.queueUs);
    const place = layers.findIndex((layer) => layer.id === this.current);
    const present = layers[place];
    if (present === undefined || this.limited || !this.isUsable(place)) {
      // A layer that went is no reason for a better one: what is left is what may be thinned out by
      // the same cause (an encoder that leaves out frames), and measured too low for a while.
      const ceiling = present === undefined || this.limited ? null : present;
      this.limited = false;
      this.take(now, this.highestWithin(now, layers, path.targetBitrate, ceiling), layers);
      // The first one is chosen by what is believed of any path: an attempt like one upwards.
      if (present === undefined) this.noteAttempt(now);
    } else {
      const below = path.targetBitrate < present.bitrate * TOLERANCE || overruns(path, present);
      const drains = path.queueUs > DRAINED_US && path.queueUs < this.fall * DRAINS_US;
      if (!below || drains) this.belowSince = Number.POSITIVE_INFINITY;
      else if (this.lowest(layers) !== present) this.consider(now, layers, present, path);
      if (now - this.changedAt > UPGRADE_INTERVAL_US) this.upgrade(now, layers, path);
    }
    this.setDemand(now, layers);
    return this.current;
  }

  /** How fast the queue falls, over a few feedbacks. */
  private watchQueue(now: number, queueUs: number): void {
    const elapsed = now - this.queueAt;
    if (elapsed > FALL_MAX_US) this.fall = 0;
    // Between two feedbacks nothing is known.
    if (elapsed < FALL_MIN_US || queueUs === this.queueUs) return;
    const fall = (this.queueUs - queueUs) / elapsed;
    if (elapsed <= FALL_MAX_US) this.fall = (this.fall + fall) / 2;
    this.queueUs = queueUs;
    this.queueAt = now;
  }

  /** The target is below what flows: down at once if that shows on the path, else after a while. */
  private consider(
    now: number,
    layers: readonly UsableLayer[],
    present: UsableLayer,
    path: PathView,
  ): void {
    if (this.belowSince === Number.POSITIVE_INFINITY) this.belowSince = now;
    const delivered = path.acknowledgedBitrate;
    const settled = now - this.changedAt > SETTLED_US && delivered > 0;
    const full = path.queueUs > SEVERE_QUEUE_US;
    const severe = full || (settled && delivered < present.bitrate * SEVERE_DELIVERED);
    if (!severe && now - this.belowSince < MILD_US) return;
    // Behind a full queue what arrives is what the path carries, whatever the estimate still says.
    const known = full && path.recentBitrate > 0;
    const rate = known ? Math.min(path.targetBitrate, path.recentBitrate) : path.targetBitrate;
    const next = this.highestWithin(now, layers, rate);
    const tried = present.id === this.attempt && now - this.upgradedAt < FAILED_US;
    if (tried) this.bar(present.id, now, next !== null && samePicture(next, present));
    else if (now - this.upgradedAt >= FAILED_US) this.bars.delete(present.id);
    this.take(now, next, layers);
  }

  private bar(id: number, now: number, frameRateOnly: boolean): void {
    const bar = this.bars.get(id) ?? { since: now, until: 0, count: 0 };
    const first = frameRateOnly ? BAR_FRAME_RATE_US : BAR_US;
    bar.since = now;
    bar.until = now + Math.min(BAR_MAX_US, first * 2 ** bar.count);
    bar.count += 1;
    this.bars.set(id, bar);
  }

  private barred(layer: UsableLayer, now: number): boolean {
    const bar = this.bars.get(layer.id);
    if (bar === undefined || now >= bar.until) return false;
    return !this.shown(layer.bitrate * OUTGROWN, bar.since);
  }

  /** Growth of the estimate alone says little of a layer that has failed: it shows what it has, plus
   * a guess. A probe since then says whether the path is another one now, if it can be probed. */
  private proven(layer: UsableLayer): boolean {
    const bar = this.bars.get(layer.id);
    if (bar === undefined || this.path.probedAt === Number.NEGATIVE_INFINITY) return true;
    return this.shown(layer.bitrate * UPGRADE_MARGIN, bar.since);
  }

  private shown(bitrate: number, since: number): boolean {
    return this.path.probedAt > since && this.path.probedBitrate >= bitrate;
  }

  private upgrade(now: number, layers: readonly UsableLayer[], path: PathView): void {
    const present = findLayer(layers, this.current);
    if (present === null) return;
    const best = this.highestWithin(now, layers, path.targetBitrate / UPGRADE_MARGIN, null, true);
    if (best === null || rank(best, present) <= 0) return;
    this.take(now, best, layers);
    this.noteAttempt(now);
  }

  private noteAttempt(now: number): void {
    this.attempt = this.current;
    this.upgradedAt = now;
  }

  private take(now: number, layer: UsableLayer | null, layers: readonly UsableLayer[]): void {
    const id = layer === null ? -1 : layer.id;
    if (id === this.current) return;
    const before = findLayer(layers, this.current);
    if (layer !== null && before !== null) {
      if (rank(layer, before) > 0) this.upgrades += 1;
      else this.downgrades += 1;
    }
    this.current = id;
    this.changedAt = now;
    this.belowSince = Number.POSITIVE_INFINITY;
  }

  /** The best usable layer within a rate, no larger than `ceiling`, not barred, and with `upwards`
   * proven, else the lowest; null when none lives. */
  private highestWithin(
    now: number,
    layers: readonly UsableLayer[],
    rate: number,
    ceiling: UsableLayer | null = null,
    upwards = false,
  ): UsableLayer | null {
    let best: UsableLayer | null = null;
    for (let i = 0; i < layers.length; i += 1) {
      const layer = layers[i]!;
      if (layer.bitrate > rate || !this.isUsable(i)) continue;
      if (layer.id !== this.current && this.barred(layer, now)) continue;
      if (upwards && layer.id !== this.current && !this.proven(layer)) continue;
      if (ceiling !== null && rank(layer, ceiling) > 0 && !samePicture(layer, ceiling)) continue;
      if (best === null || rank(layer, best) > 0) best = layer;
    }
    return best ?? this.lowest(layers);
  }

  private lowest(layers: readonly UsableLayer[]): UsableLayer | null {
    let lowest: UsableLayer | null = null;
    for (let i = 0; i < layers.length; i += 1) {
      const layer = layers[i]!;
      if (!this.isUsable(i)) continue;
      if (lowest === null || rank(layer, lowest) < 0) lowest = layer;
    }
    return lowest;
  }

  private setDemand(now: number, layers: readonly UsableLayer[]): void {
    this.nextRate = 0;
    this.bestRate = 0;
    this.nextUnproven = false;
    const present = findLayer(layers, this.current);
    if (present === null) return;
    let next: UsableLayer | null = null;
    for (let i = 0; i < layers.length; i += 1) {
      const layer = layers[i]!;
      if (!this.isUsable(i)) continue;
      this.bestRate = Math.max(this.bestRate, layer.bitrate);
      if (rank(layer, present) <= 0) continue;
      if (next === null || rank(layer, next) < 0) next = layer;
    }
    if (next === null) return;
    // Of a barred layer only much more than its rate is of interest.
    this.nextRate = next.bitrate * (this.barred(next, now) ? BARRED_FACTOR : 1);
    this.nextUnproven = this.bars.has(next.id);
  }

  private markUsable(layers: readonly UsableLayer[]): void {
    this.usable = 0;
    for (let i = 0; i < layers.length; i += 1) {
      if (this.serves(layers[i]!, layers)) this.usable |= 1 << i;
    }
  }

  private isUsable(place: number): boolean {
    return ((this.usable >>> place) & 1) === 1;
  }

  /**
   * Alive, allowed, and worth a switch: a picture is kept fluent before it is made larger, so that
   * fewer frames a second are a way out for the smallest picture only.
   */
  private serves(layer: UsableLayer, layers: readonly UsableLayer[]): boolean {
    if (!layer.active || !this.allows(layer, layers)) return false;
    let smallest = true;
    let fluent = true;
    for (const other of layers) {
      if (other === layer || !other.active || !this.allows(other, layers)) continue;
      const same = samePicture(other, layer);
      if (same && other.temporalId > layer.temporalId) fluent = false;
      if (!same && rank(other, layer) < 0) smallest = false;
    }
    return fluent || smallest;
  }

  /** Limits bind as long as they leave a layer that lives: a stream is never withheld. */
  private allows(layer: UsableLayer, layers: readonly UsableLayer[]): boolean {
    if (this.within(layer)) return true;
    for (const other of layers) {
      if (!other.active) continue;
      if (this.within(other)) return false;
      // None is within: the least of them stands in.
      if (rank(other, layer) < 0) return false;
    }
    return true;
  }

  /** Within the limits, whether it lives or not. */
  within(layer: UsableLayer): boolean {
    const { limits } = this;
    return (
      (limits.rid === "" || layer.rid === limits.rid) &&
      layer.spatialId <= limits.spatialMax &&
      layer.temporalId <= limits.temporalMax &&
      layer.width <= limits.widthMax &&
      layer.height <= limits.heightMax &&
      layer.bitrate <= limits.bitrateMax
    );
  }
}

/** A queue has formed and less leaves it than goes in: seen sooner than the estimate's slope shows it. */
function overruns(path: PathView, layer: UsableLayer): boolean {
  const { queueUs, recentBitrate } = path;
  if (queueUs <= SEVERE_QUEUE_US || recentBitrate === 0) return false;
  return recentBitrate < layer.bitrate * SEVERE_DELIVERED;
}
