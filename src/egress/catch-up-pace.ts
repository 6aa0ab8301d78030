import { CATCH_UP_INTERVAL_US, TCP_LAG_MAX_US } from "../limits.ts";
import { CatchUp } from "./catch-up-queue.ts";
import type { ViewerLink } from "./viewer-link.ts";

/** When a track on its way to the live edge may send the next stretch of it. */
export class CatchUpPace {
  /** Held back by its pacer, or by its transport: what it sends is live media. */
  paced = false;
  /** Of the picture that it begins with some has not left yet; its RTP timestamp. */
  keyframePending = false;
  pictureTimestamp = -1;
  readonly #link: ViewerLink;
  /** When the next stretch is due, us. */
  #dueAt = 0;
  /** Since when its transport is stalled, us; Infinity while it is not. */
  #asideSince = Number.POSITIVE_INFINITY;
  /** How old what it began with was when it left, us; below 0 while that is to be seen. */
  #lagFirst = 0;
  /** It comes from there: its backlog leaves as a newcomer's, not all at once. */
  #returning = false;

  constructor(link: ViewerLink) {
    this.#link = link;
  }

  begin(paced: boolean): void {
    this.paced = paced;
    this.#lagFirst = paced ? 0 : -1;
    this.keyframePending = !paced;
    this.#dueAt = 0;
    this.#asideSince = Number.POSITIVE_INFINITY;
    this.#returning = false;
  }

  /** Whether the next stretch is due; of a backlog, it is the last for some time. */
  takesTurn(now: number): boolean {
    if (now < this.#dueAt) return false;
    this.#dueAt = this.#held || this.keyframePending ? 0 : now + CATCH_UP_INTERVAL_US;
    return true;
  }

  /** Whether the path may have more. A connection keeps to what its path takes by itself. */
  mayFollow(now: number): boolean {
    return (!this.#held && this.#link.byStream) || this.#link.adaptation.mayFollow(now, this.#held);
  }

  /** A packet comes next: whether it stands behind the picture that the track began with. Once. */
  endsPicture(timestamp: number, now: number): boolean {
    if (!this.keyframePending || timestamp === this.pictureTimestamp) return false;
    this.keyframePending = false;
    this.#dueAt = now + CATCH_UP_INTERVAL_US;
    return true;
  }

  /** Its transport is full. Returns a CatchUp. */
  stop(now: number): number {
    if (!this.#link.stalled) return CatchUp.outputFull;
    this.#asideSince = Math.min(this.#asideSince, now);
    return CatchUp.waits;
  }

  /** It has found its transport stalled. */
  get aside(): boolean {
    return this.#asideSince !== Number.POSITIVE_INFINITY;
  }

  /** Its transport takes something again. Returns for how long it did not, us. */
  comeBack(now: number): number {
    const us = now - this.#asideSince;
    this.#asideSince = Number.POSITIVE_INFINITY;
    this.#returning = true;
    this.#link.adaptation.beginCatchUp(now);
    return us;
  }

  /** What comes next is of `receipt`: whether it is later than what came first by more than may be. */
  lags(receipt: number, now: number): boolean {
    if (this.#lagFirst < 0) this.#lagFirst = now - receipt;
    return now - receipt > this.#lagFirst + TCP_LAG_MAX_US;
  }

  /** For how long a stretch has been due, us: the worker has others to serve. */
  late(now: number): number {
    return this.#dueAt === 0 ? 0 : now - this.#dueAt;
  }

  /** By its pacer alone. */
  get #held(): boolean {
    return this.paced && !this.#returning;
  }
}
