import {
  FORCED_KEYFRAME_FORGOTTEN_US,
  FORCED_KEYFRAMES_FREE,
  PLI_INTERVAL_FAILURE_US,
  PLI_INTERVAL_JOIN_US,
  PLI_INTERVAL_SEGMENT_US,
} from "../limits.ts";
import { type KeyframeReason, KeyframeWish } from "../ring/layout.ts";
import { ANSWER_WITHIN_US, KeyframeHabit } from "./keyframe-habit.ts";

/** So many requests without an answer, and the publisher counts as one that ignores them. */
const IGNORED_REQUESTS = 3;
/** Such a publisher (OBS: whip-whep.md Q-O9) is asked at most this often. */
const INTERVAL_IGNORED_US = 10_000_000;

/**
 * When to ask the publisher of one layer for a keyframe. Wishes are merged; a wish stands until a
 * keyframe begins, so that a lost request is repeated, at the interval of its reason. Viewers and
 * segments each have intervals of their own: neither waits for what the other has asked and got.
 */
export class KeyframeRequests {
  sent = 0;
  #habit = new KeyframeHabit();
  #ignored = false;
  /** What viewers wait for, or a new SSRC ("start"); and whether a segment does. */
  #wanted: "start" | "join" | "failure" | null = null;
  #segmentWanted = false;
  /** The newest request, the newest that was due for viewers, and the newest due for a segment. */
  #lastSent = Number.NEGATIVE_INFINITY;
  #lastForViewers = Number.NEGATIVE_INFINITY;
  #lastForSegment = Number.NEGATIVE_INFINITY;
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

  /** The longest time between keyframes that the encoder sends by itself, us; 0 while it is not known to. */
  get intervalUs(): number {
    return this.#habit.intervalUs(this.#ignored);
  }

  /** It is known neither that the encoder answers nor how far apart its keyframes are without that. */
  get isUnknown(): boolean {
    return this.#habit.isUnknown(this.#ignored);
  }

  /** The wishes that stand (KeyframeWish): what they cover changes nothing. */
  get standing(): number {
    const segment = this.#segmentWanted ? KeyframeWish.segment : KeyframeWish.none;
    if (this.#wanted === null) return segment;
    return segment | (this.#wanted === "failure" ? KeyframeWish.failure : KeyframeWish.join);
  }

  /** A reader needs a keyframe. */
  want(reason: KeyframeReason): void {
    if (reason === "segment") this.#segmentWanted = true;
    else if (this.#wanted === null || reason === "failure") this.#wanted = reason;
  }

  /** A keyframe begins: all wishes are fulfilled. */
  keyframe(now: number): void {
    this.#forgetWishes();
    this.#habit.keyframe(now, now - this.#lastSent);
    if (!this.#open && !this.#ignored) return;
    if (now - this.#lastSent > ANSWER_WITHIN_US) return;
    this.#open = false;
    this.#unanswered = 0;
    this.#ignored = false;
  }

  /** The SSRC has left: it owes no answer. */
  rest(): void {
    this.#forgetWishes();
    this.#open = false;
    this.#habit.rest();
  }

  /** The publisher's SSRC is a new one: what the old one ignored says nothing of it. */
  restart(): void {
    this.#open = false;
    this.#habit = new KeyframeHabit();
    this.#unanswered = 0;
    this.#ignored = false;
    this.#lastSent = Number.NEGATIVE_INFINITY;
    this.#lastForViewers = Number.NEGATIVE_INFINITY;
    this.#lastForSegment = Number.NEGATIVE_INFINITY;
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
    return Math.min(answer, this.#due());
  }

  /** True once for each request to send now. */
  take(now: number): boolean {
    this.handleTimeout(now);
    if (now < this.#due()) return false;
    const viewers = now >= this.#viewersDue();
    const segment = now >= this.#segmentDue();
    if (this.#open) this.#giveUp();
    if (viewers) this.#noteForViewers(now);
    if (segment) this.#lastForSegment = now;
    this.#lastSent = now;
    this.#open = true;
    this.sent += 1;
    return true;
  }

  #forgetWishes(): void {
    this.#wanted = null;
    this.#segmentWanted = false;
  }

  #noteForViewers(now: number): void {
    this.#noteForced(now);
    // A repeated first request is no hurry: a new encoder answers the first one or none.
    if (this.#wanted === "start") this.#wanted = "join";
    this.#lastForViewers = now;
  }

  /** The more of the time is spent in forced keyframes, the longer until the next one. */
  #noteForced(now: number): void {
    const forgotten = (now - this.#lastForViewers) / FORCED_KEYFRAME_FORGOTTEN_US;
    this.#forced = Math.max(0, this.#forced - forgotten);
    if (this.#wanted === "failure") this.#forced += 1;
    const beyond = Math.max(0, Math.ceil(this.#forced - FORCED_KEYFRAMES_FREE));
    const grown = PLI_INTERVAL_FAILURE_US * 2 ** beyond;
    this.#failureInterval = Math.min(PLI_INTERVAL_JOIN_US, grown);
  }

  #giveUp(): void {
    this.#open = false;
    this.#habit.miss();
    this.#unanswered += 1;
    if (this.#unanswered >= IGNORED_REQUESTS) this.#ignored = true;
  }

  /** When a request may leave for whoever wishes; Infinity for nobody. */
  #due(): number {
    // Whoever caused the one that is open, its answer is for all.
    const apart = this.#open ? this.#lastSent + PLI_INTERVAL_FAILURE_US : Number.NEGATIVE_INFINITY;
    return Math.max(apart, Math.min(this.#viewersDue(), this.#segmentDue()));
  }

  #viewersDue(): number {
    if (this.#wanted === null) return Number.POSITIVE_INFINITY;
    if (this.#ignored) return this.#lastSent + INTERVAL_IGNORED_US;
    const failed = this.#wanted === "failure";
    return this.#lastForViewers + (failed ? this.#failureInterval : PLI_INTERVAL_JOIN_US);
  }

  #segmentDue(): number {
    if (!this.#segmentWanted) return Number.POSITIVE_INFINITY;
    if (this.#ignored) return this.#lastSent + INTERVAL_IGNORED_US;
    return this.#lastForSegment + PLI_INTERVAL_SEGMENT_US;
  }
}
