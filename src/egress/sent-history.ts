import { SENT_HISTORY_AUDIO, SENT_HISTORY_VIDEO } from "../limits.ts";
import type { MediaKind } from "../wire/codecs.ts";

/** What made a sent packet's bytes, as far as the ring does not know it. */
const SentFlag = {
  /** Bytes of RTP padding: two bits. */
  paddingMask: 0b11,
  /** Carried our playout-delay hint, our capture time. */
  hint: 4,
  capture: 8,
} as const;

/** Capture times leave once a second: so many reach back further than the packets do. */
const CAPTURES_KEPT = 8;

/** The last packets of one SSRC, by index: enough to build each again from the ring. */
export class SentHistory {
  private readonly indices: Float64Array;
  private readonly transportSequences: Uint16Array;
  private readonly payloadTypes: Uint8Array;
  private readonly flags: Uint8Array;
  /** When it was last sent again, us. */
  private readonly resentAt: Float64Array;
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
    this.indices = new Float64Array(size).fill(-1);
    this.transportSequences = new Uint16Array(size);
    this.payloadTypes = new Uint8Array(size);
    this.flags = new Uint8Array(size);
    this.resentAt = new Float64Array(size);
  }

  /** A packet left. `captureNtpUs`: the capture time of ours that it carried, or 0. */
  note(
    index: number,
    payloadType: number,
    transportSequence: number,
    padding: number,
    hint: boolean,
    captureNtpUs: number,
  ): void {
    const at = index & this.mask;
    this.indices[at] = index;
    this.transportSequences[at] = transportSequence;
    this.payloadTypes[at] = payloadType;
    this.flags[at] =
      padding | (hint ? SentFlag.hint : 0) | (captureNtpUs > 0 ? SentFlag.capture : 0);
    this.resentAt[at] = Number.NEGATIVE_INFINITY;
    if (captureNtpUs > 0) this.keepCapture(index, captureNtpUs);
  }

  has(index: number): boolean {
    return this.indices[index & this.mask] === index;
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
    return now - this.resentAt[index & this.mask]! >= intervalUs;
  }

  noteResent(index: number, now: number): void {
    this.resentAt[index & this.mask] = now;
  }

  private keepCapture(index: number, ntpUs: number): void {
    this.captureIndices[this.captures] = index;
    this.captureTimes[this.captures] = ntpUs;
    this.captures = (this.captures + 1) % CAPTURES_KEPT;
  }
}
