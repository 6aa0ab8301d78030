import { assert } from "../assert.ts";
import type { Staging } from "../feed/staging.ts";
import type { Region } from "../srtp/cipher.ts";
import { writeU16 } from "../wire/bytes.ts";
import type { DescriptorChange } from "../wire/dependency-rewrite.ts";
import { writeRtpPadding } from "../wire/rtp.ts";

/** RFC 3550 5.1: one octet counts the padding. */
export const PADDING_MAX = 255;
/** An RTX payload begins with the original sequence number (RFC 4588 4). */
export const RTX_PREFIX_BYTES = 2;

/** Everything that makes one outgoing packet's bytes. One of them a thread, filled anew each time. */
export class Outgoing {
  payloadType = 0;
  /** 48-bit SRTP index; its low 16 bits are the sequence number. */
  index = 0;
  timestamp = 0;
  marker = false;
  /** Bytes of RTP padding that stand behind the payload. */
  padding = 0;
  payloadOffset = 0;
  payloadLength = 0;
  /** Where in the region the bytes begin and end that are this packet's to read and to write. */
  private start = 0;
  private end = 0;
  /** The packet's own elements: [internal id][length][data] ... */
  extensionOffset = 0;
  extensionLength = 0;
  /** transport-cc number, or -1. */
  transportSequence = -1;
  /** Adds abs-send-time (us of any clock) when >= 0. */
  sendTimeUs = -1;
  /** Adds playout-delay (10 ms units) when >= 0. */
  playoutMin = -1;
  playoutMax = -1;
  /** Adds abs-capture-time (us since 1900) when > 0. */
  captureNtpUs = 0;
  /** How its dependency descriptor changes; null leaves it as it came. */
  descriptor: Readonly<DescriptorChange> | null = null;

  constructor(
    /** Where payload and elements stand. */
    public region: Region,
  ) {}

  /** Payload and elements of a staged packet; nothing of ours. */
  take(batch: Staging, i: number): void {
    this.region = batch.region;
    this.payloadOffset = batch.payloadOffset(i);
    this.payloadLength = batch.payloadLengths[i]!;
    this.start = this.payloadOffset - RTX_PREFIX_BYTES;
    this.end = batch.payloadEnd(i);
    this.extensionOffset = batch.extensionOffset(i);
    this.extensionLength = batch.extensionLengths[i]!;
    this.marker = batch.marker(i);
    this.clearOwn();
  }

  /** A payload without elements: a region of its own, which begins with room for RTX's number. */
  takePayload(region: Region, length: number): void {
    this.region = region;
    this.payloadOffset = RTX_PREFIX_BYTES;
    this.payloadLength = length;
    this.start = 0;
    this.end = region.bytes.length;
    this.extensionOffset = 0;
    this.extensionLength = 0;
    this.marker = false;
    this.clearOwn();
  }

  /** Writes RTP padding behind the payload. */
  pad(padding: number): void {
    this.padding = padding;
    if (padding === 0) return;
    const counted = (padding & PADDING_MAX) === padding;
    assert(counted, "one octet counts the padding");
    this.assertOwn();
    writeRtpPadding(this.region.bytes, this.payloadOffset + this.payloadLength, padding);
  }

  /** Writes an RTX payload's original sequence number in front of the payload (RFC 4588 4). */
  wrapRtx(sequence: number): void {
    this.payloadOffset -= RTX_PREFIX_BYTES;
    this.payloadLength += RTX_PREFIX_BYTES;
    this.assertOwn();
    writeU16(this.region.bytes, this.payloadOffset, sequence);
  }

  /** Asserts that payload and padding are this packet's: what lies beside them is another's. */
  assertOwn(): void {
    const { payloadOffset, payloadLength, padding } = this;
    const own = payloadOffset >= this.start && payloadLength >= 0 && padding >= 0;
    assert(
      own && payloadOffset + payloadLength + padding <= this.end,
      "a packet keeps to its bytes",
    );
  }

  private clearOwn(): void {
    this.padding = 0;
    this.transportSequence = -1;
    this.sendTimeUs = -1;
    this.playoutMin = -1;
    this.playoutMax = -1;
    this.captureNtpUs = 0;
    this.descriptor = null;
  }
}
