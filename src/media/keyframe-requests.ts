import {
  FORCED_KEYFRAME_FORGOTTEN_US,
  FORCED_KEYFRAMES_FREE,
  PLI_INTERVAL_FAILURE_US,
  PLI_INTERVAL_JOIN_US,
} from "../limits.ts";
import { KeyframeWish } from "../ring/layout.ts";

/** A keyframe this long after a request is its answer; later it is the encoder's own interval. */
const ANSWER_WITHIN_US = 1_000_000;
/** So many requests without an answer, and the publisher counts as one that ignores them. */
const IGNORED_REQUESTS = 3;
/** Such a publisher (OBS: whip-whep.md Q-O9) is asked at most this often. */
const INTERVAL_IGNORED_US = 10_000_000;

export type KeyframeReason = "start" | "join" | "failure";

/**
 * When to ask the publisher of one layer for a keyframe. Wishes are merged; a wish stands until a
 * keyframe begins, so that a lost request is repeated, at the interval of its reason.
 */
export class KeyframeRequests {
  sent = 0;
  #ignored = false;
  #wanted: KeyframeReason | null = null;
  #lastSent = Number.NEGATIVE_INFINITY;
  /** Requests in a row that no keyframe answered, without the one that is still open. */
  #unanswered = 0;
  #open = false;
  /** Keyframes forced by failures of late, each forgotten after a while, at the last request. */
  #forced = 0;
  #failureInterval = PLI_INTERVAL_FAILURE_US;

  /** The publisher left three requests in a row without an answer. */
  get ignored(): boolean {
    return this.#ignored;
  }

  /** The most urgent wish that stands (KeyframeWish): one that is no more urgent changes nothing. */
  get standing(): number {
    if (this.#wanted === null) return KeyframeWish.none;
    return this.#wanted === "failure" ? KeyframeWish.failure : KeyframeWish.join;
  }

  /** A reader, or a new SSRC ("start"), needs a keyframe. */
  want(reason: KeyframeReason): void {
    if (this.#wanted === null || reason !== "join") this.#wanted = reason;
  }

  /** A keyframe begins: all wishes are fulfilled. */
  keyframe(now: number): void {
    this.#wanted = null;
    if (!this.#open && !this.#ignored) return;
    if (now - this.#lastSent > ANSWER_WITHIN_US) return;
    this.#open = false;
    this.#unanswered = 0;
    this.#ignored = false;
  }

  /** The SSRC has left: it owes no answer. */
  rest(): void {
    this.#wanted = null;
    this.#open = false;
  }

  /** The publisher's SSRC is a new one: what the old one ignored says nothing of it. */
  restart(): void {
    this.#open = false;
    this.#unanswered = 0;
    this.#ignored = false;
    this.#lastSent = Number.NEGATIVE_INFINITY;
    this.#failureInterval = PLI_INTERVAL_FAILURE_US;
    this.#wanted = "start";
  }

  /** Counts a request whose time for an answer is over. */
  handleTimeout(now: number): void {
    if (this.#open && now - this.#lastSent > ANSWER_WITHIN_US) this.#giveUp();
  }

  /** When the next request may leave, or an open one counts as ignored; Infinity for never. */
  nextTimeout(): number {
    const answer = this.#open ? this.#lastSent + ANSWER_WITHIN_US + 1 : Number.POSITIVE_INFINITY;
    return this.#wanted === null ? answer : Math.min(answer, this.#lastSent + this.#interval());
  }

  /** True once for each request to send now. */
  take(now: number): boolean {
    this.handleTimeout(now);
    if (this.#wanted === null || now - this.#lastSent < this.#interval()) return false;
    if (this.#open) this.#giveUp();
    this.#noteForced(now);
    // A repeated first request is no hurry: a new encoder answers the first one or none.
    if (this.#wanted === "start") this.#wanted = "join";
    this.#lastSent = now;
    this.#open = true;
    this.sent += 1;
    return true;
  }

  /** The more of the time is spent in forced keyframes, the longer until the next one. */
  #noteForced(now: number): void {
    const forgotten = (now - this.#lastSent) / FORCED_KEYFRAME_FORGOTTEN_US;
    this.#forced = Math.max(0, this.#forced - forgotten);
    if (this.#wanted === "failure") this.#forced += 1;
    const beyond = Math.max(0, Math.ceil(this.#forced - FORCED_KEYFRAMES_FREE));
    const grown = PLI_INTERVAL_FAILURE_US * 2 ** beyond;
    this.#failureInterval = Math.min(PLI_INTERVAL_JOIN_US, grown);
  }

  #giveUp(): void {
    this.#open = false;
    this.#unanswered += 1;
    if (this.#unanswered >= IGNORED_REQUESTS) this.#ignored = true;
  }

  #interval(): number {
    if (this.#ignored) return INTERVAL_IGNORED_US;
    return this.#wanted === "failure" ? this.#failureInterval : PLI_INTERVAL_JOIN_US;
  }
}
