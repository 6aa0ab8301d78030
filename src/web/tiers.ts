/**
 * Which tier plays and which is shown: real time (WHEP), or the tail (HLS). Pure; looked at several
 * times a second with what both playbacks look like. What is shown stays until the other has pictures.
 */
export type Tier = "realtime" | "tail";
export type TierWish = "auto" | Tier;

/** Anything but the other two is "auto". */
export function tierWish(attribute: string | null): TierWish {
  return attribute === "realtime" || attribute === "tail" ? attribute : "auto";
}

/** What a playback looks like at a moment. */
export interface Sight {
  /** Pictures come (sound, where there are none), and none of them is old. */
  readonly flows: boolean;
  /** ... and it has not just begun: nothing better needs to be kept on the screen for it. */
  readonly isSteady: boolean;
  /** It flows, but nothing has come for a while, and may not any more. */
  readonly isDoubtful: boolean;
  /** When its first request of this start was sent, ms; null before. */
  readonly askedAt: number | null;
  /** HTTP status of the newest answer when that was a refusal, else 0. */
  readonly refusal: number;
  /** Nobody publishes: there is nothing to be seen in the other tier, either. */
  readonly waits: boolean;
  /** Its network path stands. */
  readonly connected: boolean;
}

/** What is told of a playback that does not run. */
export const NO_SIGHT: Sight = {
  flows: false,
  isSteady: false,
  isDoubtful: false,
  askedAt: null,
  refusal: 0,
  waits: false,
  connected: false,
};

/** A first picture takes six round trips or so: 3 s are enough for 500 ms each. */
const FIRST_PICTURE_MS = 3_000;
/** A session that is replaced on a network that worked comes back sooner, or not at all. */
const NEXT_PICTURE_MS = 1_500;
/** Behind a picture that is shown there is no hurry: a slow start may still succeed. */
const RISE_MAX_MS = 8_000;
const RISE_FIRST_MS = 20_000;
const RISE_GROWTH = 1.5;
const RISE_LAST_MS = 120_000;
/** Two falls within this time: the network is to be trusted less. */
const FALLS_APART_MS = 300_000;
const PROMOTED_MS = 120_000;
/** Server full, and no codec in common: the tail may have a place, or another codec. */
const FALLS_AT_ONCE = [503, 422];
/** A person is asked, and the tail would say the same. */
const REFUSED_FOR_GOOD = [400, 401, 403, 404];

/**
 * realtime, tail: alone. doubting: real time may be over, and the tail gets ready. falling: nothing
 * flows, both are tried. rising: real time is tried behind the tail. sinking: the tail is tried behind
 * real time, which was wanted for a while only.
 */
type Phase = Tier | "doubting" | "falling" | "rising" | "sinking";

export interface TierStart {
  readonly wish: TierWish;
  /** The browser has WebRTC. */
  readonly webrtc: boolean;
  /** Media were found to be blocked here a short while ago. */
  readonly blocked: boolean;
}

export class TierRules {
  readonly #wish: TierWish;
  readonly #webrtc: boolean;
  #phase: Phase;
  /** Since when nothing that is wanted flows; null while it does. */
  #dryAt: number | null = null;
  /** Real time had pictures, and the publisher has been there since. */
  #hasFlowed = false;
  /** When there was last nothing to be seen anywhere. */
  #waitedAt = 0;
  #riseAt = Number.POSITIVE_INFINITY;
  #riseBeganAt = 0;
  #waitMs = RISE_FIRST_MS;
  #fellAt = Number.NEGATIVE_INFINITY;
  #promotedUntil = Number.NEGATIVE_INFINITY;
  /** Somebody went back, to what the tail alone has ... */
  #isBehind = false;
  /** ... from real time. */
  #wasRealtime = false;
  /** Whose pictures are on the screen; null before the first. */
  shown: Tier | null = null;
  /** Requests were answered, but media never came through; null while not known. */
  blocked: boolean | null = null;

  constructor({ wish, webrtc, blocked }: TierStart, nowMs: number) {
    this.#wish = wish;
    this.#webrtc = webrtc;
    const beginsBelow = wish === "tail" || (wish === "auto" && (blocked || !webrtc));
    this.#phase = beginsBelow ? "tail" : "realtime";
    if (beginsBelow) this.#dryAt = nowMs;
    if (beginsBelow && wish === "auto") this.#riseAt = nowMs + this.#waitMs;
  }

  get runsRealtime(): boolean {
    return this.#phase !== "tail" && this.#webrtc;
  }

  get runsTail(): boolean {
    return this.#phase !== "realtime";
  }

  /** What is shown, or will be soon, is old on purpose. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Somebody goes back: the tail is shown once it has that, and nothing else while they stay there. */
  goBack(): void {
    if (this.#wish === "realtime") return;
    if (!this.#isBehind) this.#wasRealtime = this.shown === "realtime";
    this.#isBehind = true;
    this.#riseAt = Number.POSITIVE_INFINITY;
    if (this.#phase === "realtime" || this.#phase === "doubting") this.#phase = "sinking";
    if (this.#phase === "rising") this.#phase = "tail";
  }

  /** ... and comes to what is newest again, in the tier that it was before. */
  goLive(nowMs: number): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    if (this.#phase === "sinking") this.#phase = "realtime";
    else if (this.#wasRealtime && (this.#wish === "auto" || nowMs < this.#promotedUntil)) {
      this.#riseAt = nowMs;
    } else if (this.#wish === "auto") this.#riseAt = nowMs + this.#waitMs;
  }

  /** The network is back, or another one. */
  hurry(nowMs: number): void {
    if (this.#wish === "auto" && !this.#isBehind) this.#riseAt = nowMs;
  }

  /** Real time is wanted now; where the tail is the rule, for `ms`. */
  promote(nowMs: number, ms = PROMOTED_MS): void {
    if (this.#isBehind) return;
    this.#promotedUntil = nowMs + ms;
    this.#riseAt = nowMs;
    if (this.#phase === "sinking") this.#phase = "realtime";
  }

  look(nowMs: number, realtime: Sight, tail: Sight): void {
    if (realtime.flows) this.blocked = false;
    // Over, or not to be had at all.
    if (tail.waits || tail.refusal > 0) this.goLive(nowMs);
    const looks: Record<Phase, () => void> = {
      realtime: () => this.#lookAtRealtime(nowMs, realtime),
      doubting: () => this.#lookDoubting(nowMs, realtime),
      falling: () => this.#lookFalling(nowMs, realtime, tail),
      tail: () => this.#lookAtTail(nowMs, tail),
      rising: () => this.#lookRising(nowMs, realtime, tail),
      sinking: () => this.#lookSinking(nowMs, realtime, tail),
    };
    looks[this.#phase]();
  }

  #lookAtRealtime(nowMs: number, realtime: Sight): void {
    if (realtime.flows) {
      this.shown = "realtime";
      this.#hasFlowed = true;
      this.#dryAt = null;
      if (this.#wish === "tail" && nowMs >= this.#promotedUntil) this.#phase = "sinking";
      else if (this.#wish !== "realtime" && realtime.isDoubtful) this.#phase = "doubting";
      return;
    }
    if (realtime.waits) {
      this.#dryAt = null;
      this.#waitedAt = nowMs;
      this.#hasFlowed = false;
    } else if (realtime.askedAt !== null) {
      this.#dryAt ??= this.#hasFlowed ? nowMs : Math.max(realtime.askedAt, this.#waitedAt);
    }
    if (this.#wish !== "realtime") this.#phase = this.#withoutPictures(nowMs, realtime);
  }

  /** A tail that nobody has asked for takes a while to begin. */
  #lookDoubting(nowMs: number, realtime: Sight): void {
    this.#phase = "realtime";
    this.#lookAtRealtime(nowMs, realtime);
  }

  #withoutPictures(nowMs: number, { refusal, connected }: Sight): Phase {
    if (REFUSED_FOR_GOOD.includes(refusal)) return "realtime";
    if (FALLS_AT_ONCE.includes(refusal)) return "falling";
    // A session that stands and fell silent has been waited for already.
    if (this.#hasFlowed && connected) return "falling";
    const limitMs = this.#hasFlowed ? NEXT_PICTURE_MS : FIRST_PICTURE_MS;
    const dryMs = nowMs - (this.#dryAt ?? nowMs);
    if (dryMs >= limitMs) return "falling";
    return dryMs >= limitMs / 2 ? "doubting" : "realtime";
  }

  #lookFalling(nowMs: number, realtime: Sight, tail: Sight): void {
    if (!this.#isBehind && (realtime.flows || realtime.waits)) {
      this.#phase = "realtime";
      this.#lookAtRealtime(nowMs, realtime);
    } else if (this.#isFit(tail)) {
      this.#fall(nowMs, realtime);
    }
  }

  /** Where there is nothing on the screen, any picture is welcome. */
  #isFit(sight: Sight): boolean {
    return sight.isSteady || (sight.flows && this.shown === null);
  }

  #fall(nowMs: number, realtime: Sight): void {
    if (this.blocked === null && realtime.askedAt !== null) {
      this.blocked = realtime.refusal === 0 && !realtime.connected;
    }
    if (this.shown !== "tail" && this.#wish === "auto") {
      const isSecond = nowMs - this.#fellAt < FALLS_APART_MS;
      this.#waitMs = isSecond ? RISE_LAST_MS : RISE_FIRST_MS;
      this.#fellAt = nowMs;
    }
    this.#sink(nowMs);
  }

  /** Down to the tail, which flows. */
  #sink(nowMs: number): void {
    this.#phase = "tail";
    this.shown = "tail";
    this.#dryAt = null;
    const rises = this.#wish === "auto" && !this.#isBehind;
    this.#riseAt = rises ? nowMs + this.#waitMs : Number.POSITIVE_INFINITY;
  }

  #lookAtTail(nowMs: number, tail: Sight): void {
    if (tail.flows) {
      this.shown = "tail";
      this.#dryAt = null;
    } else if (!this.#isBehind) {
      this.#dryAt ??= nowMs;
      const isOver = this.shown === "tail" || tail.waits || tail.refusal > 0;
      const isLate = nowMs - this.#dryAt >= FIRST_PICTURE_MS;
      if (this.#wish === "auto" && this.#webrtc && (isOver || isLate)) {
        this.#phase = "falling";
        return;
      }
    }
    if (!this.#webrtc || nowMs < this.#riseAt) return;
    this.#phase = "rising";
    this.#riseBeganAt = nowMs;
  }

  #lookRising(nowMs: number, realtime: Sight, tail: Sight): void {
    if (this.#isFit(realtime)) {
      this.#phase = "realtime";
      this.#lookAtRealtime(nowMs, realtime);
      return;
    }
    if (!tail.flows && this.#wish === "auto") {
      this.#phase = "falling";
      this.#dryAt = nowMs;
      return;
    }
    const isRefused = realtime.refusal > 0 || realtime.waits;
    if (realtime.flows || (!isRefused && nowMs - this.#riseBeganAt < RISE_MAX_MS)) return;
    this.#waitMs = Math.min(RISE_LAST_MS, this.#waitMs * RISE_GROWTH);
    this.#phase = "tail";
    const isAgain = this.#wish === "auto" || nowMs + this.#waitMs < this.#promotedUntil;
    this.#riseAt = isAgain ? nowMs + this.#waitMs : Number.POSITIVE_INFINITY;
  }

  #lookSinking(nowMs: number, realtime: Sight, tail: Sight): void {
    if (tail.isSteady) this.#sink(nowMs);
    else if (!realtime.flows && !this.#isBehind) this.#phase = "falling";
  }
}
