import {
  BITRATE_ASKED_US,
  BITRATE_EXCESS,
  BITRATE_LAYER_BACK_US,
  BITRATE_SESSION_US,
  BITRATE_WINDOW_US,
} from "../limits.ts";

/** Parts of the window; the rate is judged when one is full. */
const PARTS = 10;
const PART_US = BITRATE_WINDOW_US / PARTS;
/** Who keeps to the rate in so many parts obeys, whatever the window still holds. */
const PARTS_LATE = 2;
/** Time within the rate makes up for half as much beyond it: who alternates gets nowhere. */
const FORGIVEN = 0.5;

/**
 * within: nothing is the matter. asked: it is told to send less. dropped: its top layer is not taken
 * any more. ended: its session is to be closed.
 */
export type PoliceStage = "within" | "asked" | "dropped" | "ended";

/**
 * Whether a publisher keeps to its bit rate, over windows long enough for keyframes and peaks. All
 * that comes in by RTP counts, also padding, retransmissions and layers that are not taken.
 */
export class BitratePolice {
  stage: PoliceStage = "within";
  /** Bits a second over the last window, all together. */
  rate = 0;
  /** Bytes by part and track. */
  readonly #bytes: Float64Array;
  #part = 0;
  #partEnds = Number.POSITIVE_INFINITY;
  /** us beyond the rate, less what is forgiven. */
  #beyond = 0;
  #withinSince = Number.NEGATIVE_INFINITY;

  constructor(
    /** Bits a second; 0 or Infinity for no limit. */
    private readonly limit: number,
    private readonly tracks: number,
  ) {
    this.#bytes = new Float64Array(PARTS * tracks);
  }

  /** An RTP packet came in, `bytes` long. */
  note(now: number, bytes: number, track: number): void {
    if (this.#partEnds === Number.POSITIVE_INFINITY) this.#partEnds = now + PART_US;
    this.update(now);
    const at = this.#part * this.tracks + track;
    this.#bytes[at] = this.#bytes[at]! + bytes;
  }

  /** Judges what is due; true when the stage has changed. Some ten times a second. */
  update(now: number): boolean {
    const before = this.stage;
    // After a pause of more than a window everything is empty, however long it was.
    const late = now - this.#partEnds;
    if (late > BITRATE_WINDOW_US * 4)
      this.#partEnds += Math.floor(late / PART_US - PARTS) * PART_US;
    while (now >= this.#partEnds) {
      this.#judge(this.#partEnds);
      this.#partEnds += PART_US;
      this.#part = (this.#part + 1) % PARTS;
      this.#bytes.fill(0, this.#part * this.tracks, (this.#part + 1) * this.tracks);
    }
    return this.stage !== before;
  }

  /** Bits a second of one track over the window, as far as it has passed. */
  rateOf(track: number): number {
    let bytes = 0;
    for (let part = 0; part < PARTS; part += 1) bytes += this.#bytes[part * this.tracks + track]!;
    return (bytes * 8e6) / BITRATE_WINDOW_US;
  }

  /** Bits a second of all tracks over the last parts alone. */
  #rateOfLate(): number {
    let bytes = 0;
    for (let back = 0; back < PARTS_LATE; back += 1) {
      const part = (this.#part - back + PARTS) % PARTS;
      for (let i = 0; i < this.tracks; i += 1) bytes += this.#bytes[part * this.tracks + i]!;
    }
    return (bytes * 8e6) / (PARTS_LATE * PART_US);
  }

  #judge(now: number): void {
    let rate = 0;
    for (let track = 0; track < this.tracks; track += 1) rate += this.rateOf(track);
    this.rate = rate;
    const beyond = this.limit > 0 && rate > this.limit * BITRATE_EXCESS;
    if (beyond && this.#rateOfLate() > this.limit) this.#judgeBeyond();
    else this.#judgeWithin(now);
  }

  #judgeBeyond(): void {
    this.#withinSince = Number.POSITIVE_INFINITY;
    if (this.stage === "within") this.stage = "asked";
    // From the first judgement on, not from when the window began to fill.
    else this.#beyond += PART_US;
    if (this.#beyond >= BITRATE_ASKED_US && this.stage === "asked") this.stage = "dropped";
    if (this.#beyond >= BITRATE_ASKED_US + BITRATE_SESSION_US) this.stage = "ended";
  }

  #judgeWithin(now: number): void {
    if (this.stage === "within" || this.stage === "ended") return;
    if (this.#withinSince === Number.POSITIVE_INFINITY) this.#withinSince = now;
    this.#beyond = Math.max(0, this.#beyond - PART_US * FORGIVEN);
    const forgiven = this.#beyond === 0;
    if (this.stage === "asked" && forgiven) this.stage = "within";
    if (this.stage !== "dropped" || now - this.#withinSince < BITRATE_LAYER_BACK_US) return;
    this.#beyond = 0;
    this.stage = "within";
  }
}
