import { VIDEO_SLOTS_MAX } from "../limits.ts";

/** Where parents have said that their ring is: a number near that is no lie of one packet. */
export class ToldHead {
  #at: number | null = null;
  #believed = false;

  /** One word alone may be a slip: a second one near it, or the answer to a subscription, is none. */
  note(head: number): void {
    this.#believed = this.isWithin(head, VIDEO_SLOTS_MAX);
    this.#at = head;
  }

  /** The last word; null before the first. */
  get at(): number | null {
    return this.#at;
  }

  /** In answer to a subscription. */
  believe(head: number): void {
    this.#at = head;
    this.#believed = true;
  }

  /** Whether numbers may go on there, for all that was told. */
  leadsTo(sequence: number): boolean {
    return this.#believed && this.isWithin(sequence, VIDEO_SLOTS_MAX);
  }

  /** The last word is no farther from there. */
  isWithin(sequence: number, distance: number): boolean {
    return this.#at !== null && Math.abs((this.#at - sequence) | 0) <= distance;
  }
}
