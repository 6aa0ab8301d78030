/** One encoded frame of one layer. */
export interface Frame {
  readonly layer: number;
  readonly key: boolean;
  readonly bytes: number;
  /** Capture time, us. */
  readonly at: number;
}

export const FRAME_US = 1e6 / 30;
/** Publishers answer a PLI so late: uplink, encoder. */
const KEYFRAME_ANSWER_US = 50_000;
const KEYFRAME_INTERVAL_MIN_US = 300_000;
/** A keyframe is so many times an average frame, and the next ones are smaller to make up. */
const KEYFRAME_FACTOR = 5;
const AFTER_KEYFRAMES = 10;

/** A simulcast publisher: all layers at 30 fps, keyframes when asked for. */
export class Source {
  readonly frames: Frame[] = [];
  private nextAt = 0;
  private readonly keyframeAt: number[];
  private readonly lastKeyframe: number[];
  private readonly afterKeyframe: number[];

  constructor(
    private readonly random: () => number,
    /** Bits a second of each layer, rising. */
    readonly layers: readonly number[],
  ) {
    this.keyframeAt = layers.map(() => 0);
    this.lastKeyframe = layers.map(() => Number.NEGATIVE_INFINITY);
    this.afterKeyframe = layers.map(() => 0);
  }

  requestKeyframe(now: number, layer: number): void {
    if (this.keyframeAt[layer]! < Number.POSITIVE_INFINITY) return;
    const earliest = this.lastKeyframe[layer]! + KEYFRAME_INTERVAL_MIN_US;
    this.keyframeAt[layer] = Math.max(now + KEYFRAME_ANSWER_US, earliest);
  }

  /** Fills `frames` with what was captured by `now`. */
  tick(now: number): void {
    this.frames.length = 0;
    if (now < this.nextAt) return;
    const at = this.nextAt;
    this.nextAt += FRAME_US;
    for (let layer = 0; layer < this.layers.length; layer += 1) {
      this.frames.push(this.encode(layer, at));
    }
  }

  private encode(layer: number, at: number): Frame {
    const average = (this.layers[layer]! * FRAME_US) / 8e6;
    const noise = 0.75 + 0.5 * ((this.random() + this.random()) / 2);
    if (at >= this.keyframeAt[layer]!) {
      this.keyframeAt[layer] = Number.POSITIVE_INFINITY;
      this.lastKeyframe[layer] = at;
      this.afterKeyframe[layer] = AFTER_KEYFRAMES;
      return { layer, key: true, bytes: Math.ceil(average * KEYFRAME_FACTOR * noise), at };
    }
    const making = this.afterKeyframe[layer]! > 0;
    if (making) this.afterKeyframe[layer]! -= 1;
    const share = making ? 1 - (KEYFRAME_FACTOR - 1) / AFTER_KEYFRAMES : 1;
    return { layer, key: false, bytes: Math.ceil(average * share * noise), at };
  }
}
