import { SENT_HISTORY_AUDIO, SENT_HISTORY_VIDEO } from "../limits.ts";
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

/** Capture times leave once a second: so many reach back further than the packets do. */
const CAPTURES_KEPT = 8;

/**
 * The last packets of one SSRC, by index: enough to build each again from the ring. 12 B a packet,
 * since each viewer has 1,024 of them.
 */
export class SentHistory {
  /** Low 32 bits: indices that share them are 2^32 packets apart. */
  private readonly indices: Uint32Array;
  private readonly transportSequences: Uint16Array;
  private readonly payloadTypes: Uint8Array;
  private readonly flags: Uint8Array;
  /** When it was last sent again, us, modulo 2^32 (71 minutes). */
  private readonly resentAt: Uint32Array;
  private readonly mask: number;
  private readonly captureIndices = new Float64Array(CAPTURES_KEPT).fill(-1);
  private readonly captureTimes = new Float64Array(CAPTURES_KEPT);
  private captures = 0;

  static of(kind: MediaKind): SentHistory {
    return new SentHistory(kind === "video" ? SENT_HISTORY_VIDEO : SENT_HISTORY_AUDIO);
  }

  /** `size` is a power of two. */
  constructor(size: number) {
    this.mask = size - 1;
    this.indices = new Uint32Array(size);
    // Zero stands for no packet, as index 0 belongs to the first slot only; and 1 never does.
    this.indices[0] = 1;
    this.transportSequences = new Uint16Array(size);
    this.payloadTypes = new Uint8Array(size);
    this.flags = new Uint8Array(size);
    this.resentAt = new Uint32Array(size);
  }

  /**
   * A packet left. `captureNtpUs`: the capture time of ours that it carried, or 0. `marks`: of
   * SentMark.
   */
  note(
    index: number,
    payloadType: number,
    transportSequence: number,
    padding: number,
    hint: boolean,
    captureNtpUs: number,
    marks: number,
  ): void {
    const at = index & this.mask;
    this.indices[at] = index;
    this.transportSequences[at] = transportSequence;
    this.payloadTypes[at] = payloadType;
    this.flags[at] =
      padding | (hint ? SentFlag.hint : 0) | (captureNtpUs > 0 ? SentFlag.capture : 0) | marks;
    if (captureNtpUs > 0) this.keepCapture(index, captureNtpUs);
  }

  has(index: number): boolean {
    return this.indices[index & this.mask] === index >>> 0;
  }

  payloadType(index: number): number {
    return this.payloadTypes[index & this.mask]!;
  }

  transportSequence(index: number): number {
    return this.transportSequences[index & this.mask]!;
  }

  padding(index: number): number {
    return this.flags[index & this.mask]! & SentFlag.paddingMask;
  }

  isFill(index: number): boolean {
    return (this.flags[index & this.mask]! & SentMark.fill) !== 0;
  }

  marker(index: number): boolean {
    return (this.flags[index & this.mask]! & SentMark.marker) !== 0;
  }

  isApart(index: number): boolean {
    return (this.flags[index & this.mask]! & SentMark.apart) !== 0;
  }

  hint(index: number): boolean {
    return (this.flags[index & this.mask]! & SentFlag.hint) !== 0;
  }

  /** The capture time of ours that it carried; 0 for none, -1 when that is forgotten. */
  captureNtpUs(index: number): number {
    if ((this.flags[index & this.mask]! & SentFlag.capture) === 0) return 0;
    const at = this.captureIndices.indexOf(index);
    return at < 0 ? -1 : this.captureTimes[at]!;
  }

  /** Whether it was not sent again within the last `intervalUs`. */
  mayResend(index: number, now: number, intervalUs: number): boolean {
    const at = index & this.mask;
    if ((this.flags[at]! & SentFlag.resent) === 0) return true;
    return (now - this.resentAt[at]!) >>> 0 >= intervalUs;
  }

  noteResent(index: number, now: number): void {
    const at = index & this.mask;
    this.flags[at] = this.flags[at]! | SentFlag.resent;
    this.resentAt[at] = now;
  }

  private keepCapture(index: number, ntpUs: number): void {
    this.captureIndices[this.captures] = index;
    this.captureTimes[this.captures] = ntpUs;
    this.captures = (this.captures + 1) % CAPTURES_KEPT;
  }
}
