/**
 * Which layer a viewer gets, from what its network carries and what it (and its token) allows.
 * Down at once; up when the estimate has had room for a while, or a probe has shown it; and slower
 * the more often it went up in vain. A stream with a usable layer is never withheld.
 */

/** One layer point that can be sent: a simulcast layer, or a point of an SVC stream. */
export interface UsableLayer {
  /** The caller's name for it; any number. */
  readonly id: number;
  readonly rid: string;
  readonly spatialId: number;
  readonly temporalId: number;
  /** Measured, bits a second, everything that a viewer of this point is sent. */
  readonly bitrate: number;
  /** 0 when unknown. */
  readonly width: number;
  readonly height: number;
  readonly active: boolean;
}

/** Of the viewer (WHEP layer selection), the stream or the token; the strictest of each holds. */
export interface LayerLimits {
  /** "" for automatic. */
  readonly rid: string;
  readonly spatialMax: number;
  readonly temporalMax: number;
  /** Pixels; Infinity when unlimited. */
  readonly widthMax: number;
  readonly heightMax: number;
  /** Bits a second. */
  readonly bitrateMax: number;
}

export const NO_LIMITS: LayerLimits = {
  rid: "",
  spatialMax: Number.POSITIVE_INFINITY,
  temporalMax: Number.POSITIVE_INFINITY,
  widthMax: Number.POSITIVE_INFINITY,
  heightMax: Number.POSITIVE_INFINITY,
  bitrateMax: Number.POSITIVE_INFINITY,
};

/** Room that the estimate must have above a layer before it is tried without a probe. */
const HEADROOM = 1.15;
const HOLD_US = 2_000_000;
/** Two switches a minute at constant capacity: one vain try up, and back. */
const WINDOW_US = 60_000_000;
/** A layer that had to be left this soon after the switch up was one too many. */
const FAILED_WITHIN_US = 15_000_000;
/** An estimate still this near to the layer's rate is no change of the network. */
const MARGINAL = 0.85;
/** Measured bitrates swing by a keyframe: the present layer may be this much above the estimate. */
const TOLERANCE = 1.05;

export class LayerChoice {
  /** Id of the chosen layer; -1 while none is usable. */
  current = -1;
  /** Rate that an upgrade waits for: what a probe should show; 0 when there is nothing above. */
  wanted = 0;
  /** Switches so far, up and down. */
  switches = 0;
  #limits = NO_LIMITS;
  /** Since when the estimate has room for a better layer. */
  #roomSince = Number.POSITIVE_INFINITY;
  #roomFor = -1;
  #upAt = Number.NEGATIVE_INFINITY;
  /** Layers of this rate or more were tried in vain: not before that time, further away each time. */
  #vainRate = 0;
  #notBefore = 0;
  #vain = 0;

  /** Holds from the next `choose` on, which then switches at once, in either direction. */
  setLimits(limits: LayerLimits): void {
    this.#limits = limits;
    this.#notBefore = 0;
    this.#vain = 0;
    this.#roomSince = Number.NEGATIVE_INFINITY;
    this.#roomFor = -1;
  }

  /**
   * Chooses among `layers` for an estimate in bits a second. `probedBps`: what the last probe has
   * shown, 0 for none. Returns the id, or -1 when no layer is active.
   */
  choose(
    now: number,
    layers: readonly UsableLayer[],
    estimateBps: number,
    probedBps: number,
  ): number {
    const present = find(layers, this.current);
    const allowed = present?.active === true && this.#allows(present, layers);
    const capacity = Math.max(estimateBps, probedBps);
    const keeps =
      allowed && (present.bitrate <= estimateBps * TOLERANCE || this.#isLowest(present, layers));
    if (!keeps) return this.#leave(now, layers, estimateBps, present, allowed);
    const barred = now < this.#notBefore ? this.#vainRate : Number.POSITIVE_INFINITY;
    const better = this.#best(layers, capacity / HEADROOM, barred);
    this.wanted = this.#nextAbove(layers, present);
    if (better === null || rank(better, present) <= 0) {
      this.#roomSince = Number.POSITIVE_INFINITY;
      return this.current;
    }
    if (this.#roomFor !== better.id && this.#roomSince === Number.POSITIVE_INFINITY) {
      this.#roomSince = now;
    }
    this.#roomFor = better.id;
    const probed = probedBps >= better.bitrate * HEADROOM;
    if (!probed && now - this.#roomSince < HOLD_US) return this.current;
    this.#take(better.id);
    this.wanted = this.#nextAbove(layers, better);
    this.#upAt = now;
    this.#roomSince = Number.POSITIVE_INFINITY;
    return this.current;
  }

  /** The present layer died, is not allowed any more, or is too much: the best that fits, now. */
  #leave(
    now: number,
    layers: readonly UsableLayer[],
    estimateBps: number,
    present: UsableLayer | null,
    congested: boolean,
  ): number {
    const next = this.#best(layers, estimateBps, Number.POSITIVE_INFINITY) ?? this.#lowest(layers);
    if (congested && present !== null) {
      const marginal = estimateBps > present.bitrate * MARGINAL;
      // Otherwise it held for long and fell far: the network has changed, and may change back.
      const vain = marginal || now - this.#upAt < FAILED_WITHIN_US;
      this.#vain = vain ? this.#vain + 1 : 0;
      this.#vainRate = present.bitrate;
      if (vain) this.#notBefore = now + WINDOW_US * Math.min(8, 2 ** (this.#vain - 1));
    }
    this.#roomSince = Number.POSITIVE_INFINITY;
    this.#take(next === null ? -1 : next.id);
    this.wanted = next === null ? 0 : this.#nextAbove(layers, next);
    return this.current;
  }

  #take(id: number): void {
    if (id === this.current) return;
    if (this.current !== -1) this.switches += 1;
    this.current = id;
  }

  /** The best allowed layer within a rate and below a barred one; null when none fits. */
  #best(layers: readonly UsableLayer[], rateBps: number, barredBps: number): UsableLayer | null {
    let best: UsableLayer | null = null;
    for (const layer of layers) {
      const { active, bitrate } = layer;
      // Tried in vain at a rate that swings: what is near it is the same layer.
      if (!active || bitrate > rateBps || bitrate >= barredBps * MARGINAL) continue;
      if (!this.#allows(layer, layers)) continue;
      if (best === null || rank(layer, best) > 0) best = layer;
    }
    return best;
  }

  /** The cheapest allowed layer that lives. */
  #lowest(layers: readonly UsableLayer[]): UsableLayer | null {
    let lowest: UsableLayer | null = null;
    for (const layer of layers) {
      if (!layer.active || !this.#allows(layer, layers)) continue;
      if (lowest === null || rank(layer, lowest) < 0) lowest = layer;
    }
    return lowest;
  }

  #isLowest(layer: UsableLayer, layers: readonly UsableLayer[]): boolean {
    return this.#lowest(layers)?.id === layer.id;
  }

  /** What the next better layer needs, with headroom. */
  #nextAbove(layers: readonly UsableLayer[], present: UsableLayer): number {
    let least = 0;
    for (const layer of layers) {
      if (!layer.active || rank(layer, present) <= 0 || !this.#allows(layer, layers)) continue;
      const needed = layer.bitrate * HEADROOM;
      if (least === 0 || needed < least) least = needed;
    }
    return least;
  }

  /** Limits bind as long as they leave a layer that lives: a stream is never withheld. */
  #allows(layer: UsableLayer, layers: readonly UsableLayer[]): boolean {
    if (this.#within(layer)) return true;
    for (const other of layers) {
      if (!other.active) continue;
      if (this.#within(other)) return false;
      // None is within: the least of them stands in.
      if (rank(other, layer) < 0) return false;
    }
    return true;
  }

  #within(layer: UsableLayer): boolean {
    const limits = this.#limits;
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

function find(layers: readonly UsableLayer[], id: number): UsableLayer | null {
  for (const layer of layers) if (layer.id === id) return layer;
  return null;
}

/** Above 0 when `left` is the better picture: larger, then more frames, then more bits. */
function rank(left: UsableLayer, right: UsableLayer): number {
  return (
    left.width * left.height - right.width * right.height ||
    left.spatialId - right.spatialId ||
    left.temporalId - right.temporalId ||
    left.bitrate - right.bitrate
  );
}
