/** Tells by packets and pictures whether a playback lives. Pure. */
export interface LivenessLimits {
  /** Without a packet. */
  readonly packetsMs: number;
  /** Without a picture, while somebody looks. */
  readonly picturesMs: number;
}

export interface LivenessLook {
  readonly nowMs: number;
  /** Counters; that they change is what counts. `packets` is null where there is no such figure. */
  readonly packets: number | null;
  readonly pictures: number;
  /** False where the stream has sound alone. */
  readonly hasPictures: boolean;
  /** The page is visible, playback is not paused, and the publisher is there. */
  readonly isWatched: boolean;
}

/** Between two looks: a machine that slept saw nothing, and nothing can be held against the stream. */
const SLEPT_MS = 3_000;
/** Without a packet for so long it is to be doubted. */
const DOUBT_MS = 1_000;
/** So many pictures, or some for so long, and they still come: a player may show one and stop again. */
const STEADY_PICTURES = 6;
const STEADY_MS = 2_000;
const FRESH_MS = 500;

/** How a playback looks. */
export interface Life {
  /** It has begun and goes on. */
  readonly flows: boolean;
  /** ... and has not just begun. */
  readonly isSteady: boolean;
  /** It flows so far, but nothing has come for a while. */
  readonly isDoubtful: boolean;
}

export class Liveness {
  readonly #limits: LivenessLimits;
  #packets: number | null = 0;
  #pictures = 0;
  #packetAt = 0;
  #pictureAt = 0;
  #lookedAt: number | null = null;
  #hasBegun = false;
  #begunAt = 0;
  #picturesBefore = 0;

  constructor(limits: LivenessLimits) {
    this.#limits = limits;
  }

  /** Begins anew: what has come until now is not of this start. */
  reset(): void {
    this.#hasBegun = false;
    this.#lookedAt = null;
  }

  look(look: LivenessLook): Life {
    const { nowMs, packets, pictures, hasPictures, isWatched } = look;
    const isFirst = this.#lookedAt === null;
    const slept = nowMs - (this.#lookedAt ?? nowMs) > SLEPT_MS;
    this.#lookedAt = nowMs;
    const isPacket = packets !== this.#packets;
    const isPicture = pictures !== this.#pictures;
    if (isPacket || isFirst || slept || packets === null) this.#packetAt = nowMs;
    if (isPicture || isFirst || slept || !isWatched || !hasPictures) this.#pictureAt = nowMs;
    this.#packets = packets;
    this.#pictures = pictures;
    if (isFirst) this.#picturesBefore = pictures;
    if (!isFirst && !this.#hasBegun && (hasPictures ? isPicture : isPacket)) {
      this.#hasBegun = true;
      this.#begunAt = nowMs;
    }
    const flows =
      this.#hasBegun &&
      nowMs - this.#packetAt < this.#limits.packetsMs &&
      nowMs - this.#pictureAt < this.#limits.picturesMs;
    const isDoubtful = flows && nowMs - this.#packetAt >= DOUBT_MS;
    return { flows, isSteady: flows && this.#isSteady(look), isDoubtful };
  }

  #isSteady({ nowMs, pictures, hasPictures }: LivenessLook): boolean {
    if (!hasPictures) return true;
    const seen = pictures - this.#picturesBefore;
    const isLong = nowMs - this.#begunAt >= STEADY_MS;
    const isFresh = nowMs - this.#pictureAt < FRESH_MS;
    return isFresh && (seen >= STEADY_PICTURES || isLong);
  }
}
