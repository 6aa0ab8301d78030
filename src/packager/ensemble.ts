import { FIRST_MSN } from "./part.ts";

/** A segment goes on for so long before the publisher is asked for the next one's keyframe. */
export const SEGMENT_US = 2_000_000;
/** The first one is over sooner: players begin when one is. */
const FIRST_SEGMENT_US = 1_000_000;
/** Who sends one each 2 s by itself may be early by this. */
export const KEYFRAME_EARLY_US = 100_000;
/** A younger segment is not ended for the sake of the others. */
export const SEGMENT_LEAST_US = 500_000;
/** Keyframes of one picture in several layers: what their time maps may be off by, one from the other. */
const SAME_US = 250_000;
/** Beginnings of segments that are remembered: more than a playlist has. */
const MARKS = 64;

/** A rendition as the others see it. Times of media, us. */
export interface Member {
  /** Where its open segment begins; null while it has no pictures to cut. */
  readonly cutUs: number | null;
  /** Its newest picture. */
  readonly shownUs: number;
  readonly tracks: {
    /** A time map is off by a step. */
    readonly off: boolean;
  };
}

/**
 * What the renditions of a tail have in common: one clock cuts them, their segments are numbered alike,
 * and their times break together.
 */
export class Ensemble {
  /** Discontinuities so far. */
  era = 0;
  /** Where the present one began, if it has since the epoch began; us. */
  beganUs: number | null = null;
  /** What comes next has nothing to do with what was before. */
  #breaks = false;
  readonly #members: Member[] = [];
  /** Where segments began, by rising number. */
  readonly #marks: { readonly msn: number; us: number }[] = [];

  /** Segments so far were of another; they end before `msn`, behind so many discontinuities. */
  goOn(msn: number, era: number): void {
    this.era = era;
    this.#marks.push({ msn, us: Number.NEGATIVE_INFINITY });
  }

  join(member: Member): void {
    this.#members.push(member);
  }

  /** The newest picture of all. */
  get newestUs(): number {
    return this.#members.reduce((newest, { shownUs }) => Math.max(newest, shownUs), -Infinity);
  }

  /** A source comes, goes, or changes what it consists of. */
  newEpoch(): void {
    this.#breaks ||= this.beganUs !== null;
    this.beganUs = null;
  }

  /**
   * A rendition goes on at `us`; `own` is the era in which it was, null before its first. With `breaks`
   * its times do not go on there, so that those of the others must not, either. Returns the era from now on.
   */
  enter(own: number | null, us: number, breaks: boolean): number {
    if (this.#breaks || (breaks && own === this.era)) {
      this.era += 1;
      this.#breaks = false;
      this.beganUs = us;
    }
    this.beganUs ??= us;
    return this.era;
  }

  /** How long the open segments go on before the publisher is asked for a keyframe. */
  get segmentUs(): number {
    return this.#marks.length < 2 ? FIRST_SEGMENT_US : SEGMENT_US;
  }

  /** Whether a keyframe at `us` begins a segment where the one before began at `startUs`. */
  cutsAt(us: number, startUs: number): boolean {
    if (this.#isOver(us, startUs)) return true;
    if (us - startUs < SEGMENT_LEAST_US) return false;
    return this.#members.some(
      ({ cutUs }) => cutUs !== null && (this.#isOver(us, cutUs) || Math.abs(us - cutUs) <= SAME_US),
    );
  }

  /** Whether times are to break where `member` is cut, which is the first that is cut there. */
  breaksAt(us: number, member: Member): boolean {
    if (!this.#members.some(({ tracks, cutUs }) => tracks.off && cutUs !== null)) return false;
    return this.#members.every(
      (other) => other === member || other.cutUs === null || us - other.cutUs > SEGMENT_LEAST_US,
    );
  }

  /** A segment of this number begins. */
  note(msn: number, us: number): void {
    const newest = this.#marks.at(-1);
    if (newest?.msn === msn) newest.us = us;
    else if (newest === undefined || msn > newest.msn) this.#marks.push({ msn, us });
    if (this.#marks.length > MARKS) this.#marks.shift();
  }

  /** The number of a rendition's first segment: that of the others there. */
  msnAt(us: number): number {
    const mark = this.#marks.findLast((each) => each.us <= us + SAME_US) ?? this.#marks[0];
    return mark?.msn ?? FIRST_MSN;
  }

  #isOver(us: number, startUs: number): boolean {
    return us - startUs >= this.segmentUs - KEYFRAME_EARLY_US;
  }
}
