import type { UsableLayer } from "../media/layer-choice.ts";
import { layerBytes, layerSeenUs, layerSize } from "../ring/layer-totals.ts";
import { Header, Inactive, LAYER_POINTS, type RingViews } from "../ring/layout.ts";
import type { RingReader } from "../ring/reader.ts";
import { ToldLayers } from "../ring/told-layers.ts";

/** A layer must be noticed to be gone within 1 s; frames of a slow one (5 a second) come every
 * 200 ms, and a jittery uplink holds them back for as much again. */
const SILENCE_US = 800_000;
/** One that comes back (browsers drop the top layer under load and try it again) must hold. */
const STEADY_US = 1_000_000;
/** Rates are measured over so long; of a layer that has just begun, over what there is. */
const WINDOW_US = 1_000_000;
const WINDOW_MIN_US = 200_000;
/** With figures from elsewhere at hand, a point whose packets stay out so long is not pulled. */
const PULLED_US = 250_000;
/** RTP header, extensions and SRTP tag on packets of about 1,100 B. */
const OVERHEAD = 1.05;
/** Layers of a source among which is chosen: so many bits has LayerChoice. No browser sends 3 rings
 * of more than 3 x 3 layers. */
const LAYERS_MAX = 32;
/** Layer points of one ring that are told apart: 4 spatial x 4 temporal layers. */
const TEMPORAL_MAX = 4;

/** Id of a layer of a source: which of its rings, and which point of that. */
export function layerId(ring: number, point: number): number {
  return ring * LAYER_POINTS + point;
}

export function ringOf(id: number): number {
  return Math.floor(id / LAYER_POINTS);
}

export function pointOf(id: number): number {
  return id % LAYER_POINTS;
}

/** One layer point of one ring, as last looked at. */
class MeasuredLayer implements UsableLayer {
  bitrate = 0;
  width = 0;
  height = 0;
  active = false;
  readonly id: number;
  readonly spatialId: number;
  readonly temporalId: number;
  private aliveSince = Number.POSITIVE_INFINITY;
  private everAlive = false;
  /** It lives by what is told of it. */
  private toldOf = false;
  /** Since when its packets come; Infinity while they do not. */
  private flowsSince = Number.POSITIVE_INFINITY;
  private windowBytes = 0;
  private windowSince = 0;

  constructor(
    ring: number,
    readonly rid: string,
    private readonly views: RingViews,
    private readonly point: number,
    private readonly told: ToldLayers,
  ) {
    this.id = layerId(ring, point);
    this.spatialId = point >> 3;
    this.temporalId = point & 7;
  }

  /** When its newest packet came, here or where it is known, us; 0 before the first. */
  get seenUs(): number {
    return Math.max(layerSeenUs(this.views, this.point), this.told.seenUs[this.point]!);
  }

  /** Lives, and was never usable. */
  get young(): boolean {
    return !this.everAlive && this.aliveSince !== Number.POSITIVE_INFINITY;
  }

  /** It may be used from now on, if it holds for as long as it must. */
  settle(now: number): void {
    const decodable = this.views.words[Header.keyframeCount]! > 0 || this.told.keyframes;
    if (!decodable || !this.isSteady(now)) return;
    this.active = true;
    this.everAlive = true;
  }

  isSteady(now: number): boolean {
    // What is told was measured elsewhere.
    const firstUs = this.toldOf ? 0 : WINDOW_MIN_US;
    return now - this.aliveSince >= (this.everAlive ? STEADY_US : firstUs);
  }

  /** Looks at the ring anew; `top`: its highest living spatial layer. */
  update(now: number, top: number): void {
    const left = this.views.words[Header.inactive] !== Inactive.no;
    const told = !left && isFresh(this.told.seenUs[this.point]!, now, SILENCE_US);
    const seen = layerSeenUs(this.views, this.point);
    const flows = !left && isFresh(seen, now, told ? PULLED_US : SILENCE_US);
    this.toldOf = told;
    if (!flows) this.flowsSince = Number.POSITIVE_INFINITY;
    if (!flows && !told) {
      this.active = false;
      this.aliveSince = Number.POSITIVE_INFINITY;
      this.bitrate = 0;
      return;
    }
    this.aliveSince = Math.min(this.aliveSince, now);
    if (flows) this.measure(now);
    if (told && now - this.flowsSince < WINDOW_US) this.bitrate = this.told.bitrates[this.point]!;
    const size = layerSize(this.views, this.spatialId, top);
    this.width = size >>> 16;
    this.height = size & 0xffff;
  }

  private begin(now: number): void {
    this.flowsSince = now;
    this.windowSince = now;
    this.windowBytes = layerBytes(this.views, this.point);
  }

  private measure(now: number): void {
    if (this.flowsSince === Number.POSITIVE_INFINITY) this.begin(now);
    const elapsed = now - this.windowSince;
    const young = now - this.flowsSince < WINDOW_US;
    if (elapsed < (young ? WINDOW_MIN_US : WINDOW_US)) return;
    const bytes = layerBytes(this.views, this.point);
    const sample = ((bytes - this.windowBytes) * 8e6 * OVERHEAD) / elapsed;
    // A keyframe in one window of three makes the rate swing; the second before counts as well.
    this.bitrate = this.bitrate === 0 || young ? sample : (this.bitrate + sample) / 2;
    if (young) return;
    this.windowSince = now;
    this.windowBytes = bytes;
  }
}

/**
 * The layers of a stream's present source: the points of each of its rings that were ever seen, here
 * or, by what the ring's writer tells, elsewhere.
 */
export class LayerTable {
  readonly layers: MeasuredLayer[] = [];
  private updatedAt = Number.NEGATIVE_INFINITY;
  /** Of each ring, figures from elsewhere. */
  private readonly told: readonly ToldLayers[];

  constructor(private readonly rings: readonly RingReader[]) {
    this.told = rings.map(() => new ToldLayers());
  }

  /** Whether a ring has had keyframes, here or elsewhere. */
  hasKeyframe(ring: number): boolean {
    return this.rings[ring]!.views.words[Header.keyframeCount]! > 0 || this.told[ring]!.keyframes;
  }

  /** Looks at all rings; call some ten times a second. */
  update(now: number): void {
    if (now === this.updatedAt) return;
    this.updatedAt = now;
    for (let ring = 0; ring < this.rings.length; ring += 1) {
      const top = this.discover(ring, now);
      // The points of a ring that begins show one after another (temporal layers), and are usable
      // together: or viewers would get its lowest first.
      let wait = false;
      for (const layer of this.layers) {
        if (ringOf(layer.id) !== ring) continue;
        layer.update(now, top);
        if (layer.young && !layer.isSteady(now)) wait = true;
      }
      for (const layer of this.layers) {
        if (ringOf(layer.id) !== ring || layer.active || (wait && layer.young)) continue;
        layer.settle(now);
      }
    }
  }

  /** Adds points that were seen for the first time. Returns the highest living spatial layer. */
  private discover(ring: number, now: number): number {
    const reader = this.rings[ring]!;
    const { views } = reader;
    const told = this.told[ring]!;
    told.load(views);
    let top = 0;
    for (let point = 0; point < LAYER_POINTS; point += 1) {
      const seen = Math.max(layerSeenUs(views, point), told.seenUs[point]!);
      if (seen === 0 || (point & 7) >= TEMPORAL_MAX) continue;
      if (isFresh(seen, now, SILENCE_US)) top = point >> 3;
      const id = layerId(ring, point);
      if (this.layers.length < LAYERS_MAX && !this.layers.some((layer) => layer.id === id)) {
        this.layers.push(new MeasuredLayer(ring, reader.describe().rid, views, point, told));
      }
    }
    return top;
  }
}

function isFresh(seenUs: number, now: number, withinUs: number): boolean {
  return seenUs > 0 && now - seenUs <= withinUs;
}
