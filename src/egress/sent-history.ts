import { SENT_HISTORY_AUDIO, SENT_HISTORY_VIDEO, SENT_HISTORY_VIDEO_START } from "../limits.ts";
import type { MediaKind } from "../wire/codecs.ts";

/** What made a sent packet's bytes, as far as the ring does not know it. */
const SentFlag = {
  /** Bytes of RTP padding: two bits. */
  paddingMask: 0b11,
  /** Carried our playout-delay hint, our capture time. */
  hint: 4,
  capture: 8,
  /** Was sent again, at `resentAt`. */
  resent: 16,
} as const;

/** What a packet was, which its slot cannot tell afterwards: added up. */
export const SentMark = {
  none: 0,
  /** Padding alone, in place of a packet of a layer that was not for this viewer. */
  fill: 32,
  /** Left with the RTP marker bit. */
  marker: 64,
  /** Not from a slot (cached parameter sets), though its number lies among those of a ring. */
  apart: 128,
} as const;

/** A repair is asked for within this time: a few round trips, and a player's patience. */
const TURN_MIN_US = 2_000_000;

/** Capture times leave once a second: so many reach back further than the packets do. */
const CAPTURES_KEPT = 8;

/**
 * Three words a packet: its index (the low 32 bits: indices that share them are 2^32 packets apart),
 * when it was last sent again (us, modulo 2^32: 71 minutes), and
 *
 *   | transport-cc number (16) | payload type (8) | flags (8) |
 */
const WORDS = 3;
const RESENT = 1;
const REST = 2;
const SEQUENCE_SHIFT = 16;
const TYPE_SHIFT = 8;

/**
 * The last packets of one SSRC, by index: enough to build each again from the ring. 12 B a packet,
 * side by side: a frame's packets are two cache lines of one object (see SentPackets). It doubles
 * until it holds TURN_MIN_US, so that a viewer of 0.6 Mb/s has 3 KiB of them and one of 2.5 Mb/s 12.
 */
export class SentHistory {
  private words: Uint32Array;
  private mask: number;
  /** When the first slot was written last, us, and by which index; Infinity before the first packet. */
  private turnedAt = Number.POSITIVE_INFINITY;
  private turnedIndex = 0;
  private readonly captureIndices = new Float64Array(CAPTURES_KEPT).fill(-1);
  private readonly captureTimes = new Float64Array(CAPTURES_KEPT);
  private captures = 0;

  static of(kind: MediaKind): SentHistory {
    return kind === "video"
      ? new SentHistory(SENT_HISTORY_VIDEO_START, SENT_HISTORY_VIDEO)
      : new SentHistory(SENT_HISTORY_AUDIO);
  }

  /** `size` and `sizeMax` are powers of two. */
  constructor(
    size: number,
    private readonly sizeMax = size,
  ) {
    this.mask = size - 1;
    this.words = new Uint32Array(WORDS * size);
    // Zero stands for no packet, as index 0 belongs to the first slot only; and 1 never does.
    this.words[0] = 1;
  }

  /**
   * A packet left at `now` (us). `captureNtpUs`: the capture time of ours that it carried, or 0.
   * `marks`: of SentMark.
   */
  note(
    index: number,
    payloadType: number,
    transportSequence: number,
    padding: number,
    hint: boolean,
    captureNtpUs: number,
    marks: number,
    now: number,
  ): void {
    if ((index & this.mask) === 0 || this.turnedAt > now) this.turn(index, now);
    const at = this.at(index);
    const flags =
      padding | (hint ? SentFlag.hint : 0) | (captureNtpUs > 0 ? SentFlag.capture : 0) | marks;
    this.words[at] = index;
    this.words[at + REST] =
      (transportSequence << SEQUENCE_SHIFT) | (payloadType << TYPE_SHIFT) | flags;
    if (captureNtpUs > 0) this.keepCapture(index, captureNtpUs);
  }

  has(index: number): boolean {
    return this.words[this.at(index)] === index >>> 0;
  }

  payloadType(index: number): number {
    return (this.rest(index) >>> TYPE_SHIFT) & 0xff;
  }

  transportSequence(index: number): number {
    return this.rest(index) >>> SEQUENCE_SHIFT;
  }

  padding(index: number): number {
    return this.rest(index) & SentFlag.paddingMask;
  }

  isFill(index: number): boolean {
    return (this.rest(index) & SentMark.fill) !== 0;
  }

  marker(index: number): boolean {
    return (this.rest(index) & SentMark.marker) !== 0;
  }

  isApart(index: number): boolean {
    return (this.rest(index) & SentMark.apart) !== 0;
  }

  hint(index: number): boolean {
    return (this.rest(index) & SentFlag.hint) !== 0;
  }

  /** The capture time of ours that it carried; 0 for none, -1 when that is forgotten. */
  captureNtpUs(index: number): number {
    if ((this.rest(index) & SentFlag.capture) === 0) return 0;
    const at = this.captureIndices.indexOf(index);
    return at < 0 ? -1 : this.captureTimes[at]!;
  }

  /** Whether it was not sent again within the last `intervalUs`. */
  mayResend(index: number, now: number, intervalUs: number): boolean {
    if ((this.rest(index) & SentFlag.resent) === 0) return true;
    return (now - this.words[this.at(index) + RESENT]!) >>> 0 >= intervalUs;
  }

  noteResent(index: number, now: number): void {
    const at = this.at(index);
    this.words[at + RESENT] = now;
    this.words[at + REST]! |= SentFlag.resent;
  }

  /** Begins at the first slot again; with twice as many when all of them hold too short a time. */
  private turn(index: number, now: number): void {
    const elapsed = now - this.turnedAt;
    const packets = index - this.turnedIndex;
    this.turnedAt = now;
    this.turnedIndex = index;
    if (elapsed < 0 || this.mask + 1 >= this.sizeMax) return;
    if (elapsed * (this.mask + 1) >= TURN_MIN_US * packets) return;
    const { words } = this;
    this.mask = 2 * this.mask + 1;
    this.words = new Uint32Array(2 * words.length);
    for (let from = 0; from < words.length; from += WORDS) {
      this.words.set(words.subarray(from, from + WORDS), this.at(words[from]!));
    }
    // As at first: what is not filled must not look like index 0.
    if (this.words[0] === 0) this.words[0] = 1;
  }

  private at(index: number): number {
    return WORDS * (index & this.mask);
  }

  private rest(index: number): number {
    return this.words[this.at(index) + REST]!;
  }

  private keepCapture(index: number, ntpUs: number): void {
    this.captureIndices[this.captures] = index;
    this.captureTimes[this.captures] = ntpUs;
    this.captures = (this.captures + 1) % CAPTURES_KEPT;
  }
}
