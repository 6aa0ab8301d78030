/** A keyframe this long after a request is its answer; later it is the encoder's own interval. */
export const ANSWER_WITHIN_US = 1_000_000;
/** So soon after it, one answer is proof enough; a later one may have come by itself just then ... */
const PROMPT_US = 300_000;
/** ... but hardly two in a row. */
const ANSWERS_LEAST = 2;
/** Two that nobody asked for may be an encoder's own interval, unless they are so far apart ... */
const INTERVAL_MAX_US = 12_000_000;
/** ... and are, where nothing else is known of it, once so many follow each other alike. */
const ALIKE_SHARE = 0.1;
const ALIKE_LEAST = 2;

/** When an encoder makes keyframes: on request, or by itself, and how far apart. */
export class KeyframeHabit {
  /** When the newest keyframe began; null if it was an answer, or there was none. */
  #ownAt: number | null = null;
  /** Between two that nobody asked for: the longest and the newest time, and how many were like the one before. */
  #longestUs = 0;
  #apartUs = 0;
  #alike = 0;
  /** A request since the newest keyframe got no answer, and the next keyframe was as far as any. */
  #missed = false;
  #sawGroup = false;
  /** In a row; a prompt one counts for all that it takes. */
  #answers = 0;

  /** It makes keyframes on request. */
  get #answersRequests(): boolean {
    return this.#answers >= ANSWERS_LEAST;
  }

  /** The longest time between those that it makes by itself, us; 0 while it is not known to. */
  intervalUs(ignored: boolean): number {
    return ignored || this.#sawGroup || this.#alike >= ALIKE_LEAST ? this.#longestUs : 0;
  }

  /** It is known neither that it makes them on request nor how far apart they are without one. */
  isUnknown(ignored: boolean): boolean {
    return (ignored || !this.#answersRequests) && this.intervalUs(ignored) === 0;
  }

  /** A keyframe begins, so long after the newest request. */
  keyframe(now: number, sinceRequestUs: number): void {
    const apart = this.#ownAt === null ? null : now - this.#ownAt;
    const known = this.#answersRequests;
    // Who has not answered so far did not wait for the next request, nor for that of its usual time.
    const isDue = this.#missed || (apart !== null && this.#isAlike(apart));
    const isOwn = sinceRequestUs > ANSWER_WITHIN_US || (!known && isDue);
    if (isOwn) {
      if (apart !== null && apart <= INTERVAL_MAX_US) this.#note(apart, !known && this.#missed);
    } else this.#answers += sinceRequestUs <= PROMPT_US ? ANSWERS_LEAST : 1;
    // One that may be its own has to be taken for that until more is known.
    this.#ownAt = !isOwn && this.#answersRequests ? null : now;
    this.#missed = false;
  }

  /** A request got no answer in time. */
  miss(): void {
    this.#missed = true;
    if (!this.#answersRequests) this.#answers = 0;
  }

  /** It sends nothing for a while. */
  rest(): void {
    this.#ownAt = null;
    this.#missed = false;
  }

  #note(apart: number, isGroup: boolean): void {
    this.#alike = this.#isAlike(apart) ? this.#alike + 1 : 0;
    this.#apartUs = apart;
    this.#longestUs = Math.max(this.#longestUs, apart);
    this.#sawGroup ||= isGroup;
  }

  #isAlike(apart: number): boolean {
    return Math.abs(apart - this.#apartUs) <= ALIKE_SHARE * apart;
  }
}
