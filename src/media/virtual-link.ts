/** A longer queue than this loses what comes. */
const QUEUE_MAX_US = 400_000;

/**
 * A link that is not there: transport-cc reports of a sender beyond its limit tell when its packets
 * would have come through a link of that limit. Senders that believe nothing but their own estimate
 * (GCC, SCReAM) find the queue, and the rate behind it, as they would on a real one.
 */
export class VirtualLink {
  #freeAt = Number.NEGATIVE_INFINITY;

  /** `rate`: bits a second. */
  constructor(private readonly rate: number) {}

  /**
   * When a packet of `bytes` that came at `arrival` (us) is behind the link; -1 when it is lost. Not
   * `narrow`, the link is open, as soon as its queue is empty.
   */
  pass(arrival: number, bytes: number, narrow: boolean): number {
    const start = Math.max(arrival, this.#freeAt);
    if (!narrow && start === arrival) return arrival;
    if (start - arrival > QUEUE_MAX_US) return -1;
    this.#freeAt = start + (bytes * 8e6) / this.rate;
    return this.#freeAt;
  }
}
