import { PAYLOAD_BYTES_MAX, SLOT_BYTES } from "../limits.ts";
import { EXTENSION_BYTES_MAX, LayerFlag, Slot, SlotFlag } from "../ring/layout.ts";
import { NextLayer, type PacketLayers } from "../ring/packet-layers.ts";
import { ReadResult, type RingReader } from "../ring/reader.ts";
import type { Region } from "../srtp/cipher.ts";
import { Extension } from "../wire/extensions.ts";
import { ntpUsOf } from "../wire/ntp.ts";
import { writeRtpPadding } from "../wire/rtp.ts";
import { AbsCaptureTime, readAbsCaptureTime } from "../wire/rtp-extension-values.ts";

/** Most bytes of RTP padding that a packet gets to equal its neighbours. */
const PADDING_MAX = 3;
const STRIDE = SLOT_BYTES + 8;
/** What takes more than a header and a seal. */
const SPECIAL =
  SlotFlag.skip |
  SlotFlag.keyframeStart |
  SlotFlag.needsParameterSets |
  SlotFlag.red |
  SlotFlag.discontinuity;

/** One at a time in a thread. */
const capture = new AbsCaptureTime();

/**
 * Packets copied out of a ring once for all viewers of this worker, with their description in
 * columns. Payloads lie in `region`, where the ciphers read them.
 */
export class Staging {
  count = 0;
  /**
   * Nothing is special about the packets: numbers that follow each other, of one codec, and no
   * keyframe begins among them (`look`).
   */
  plain = false;
  readonly sequences: Int32Array;
  readonly flags: Uint32Array;
  readonly timestamps: Uint32Array;
  readonly payloadLengths: Uint16Array;
  readonly extensionLengths: Uint8Array;
  readonly codecs: Uint8Array;
  /** When each reached the first node, and when it came here, us. */
  readonly arrivals: Float64Array;
  readonly receipts: Float64Array;
  /** Bytes of RTP padding that stand behind the payload and may be sealed with it. */
  readonly paddings: Uint8Array;
  /**
   * Of a packet that ends a layer's frame, but not the picture: spatial layer of the packet behind
   * it, or a NextLayer. An encoder that is short of bits leaves out upper layers.
   */
  readonly nextSpatialIds: Int8Array;
  private readonly data: DataView;

  constructor(
    readonly region: Region,
    capacity: number,
  ) {
    this.sequences = new Int32Array(capacity);
    this.flags = new Uint32Array(capacity);
    this.timestamps = new Uint32Array(capacity);
    this.payloadLengths = new Uint16Array(capacity);
    this.extensionLengths = new Uint8Array(capacity);
    this.codecs = new Uint8Array(capacity);
    this.arrivals = new Float64Array(capacity);
    this.receipts = new Float64Array(capacity);
    this.paddings = new Uint8Array(capacity);
    this.nextSpatialIds = new Int8Array(capacity);
    this.data = new DataView(region.bytes.buffer, region.bytes.byteOffset);
  }

  /** Bytes of the region that holds `capacity` packets. */
  static bytes(capacity: number): number {
    return capacity * STRIDE;
  }

  clear(): void {
    this.count = 0;
  }

  /** Appends the packet of an origin sequence; returns the reader's ReadResult. */
  load(reader: RingReader, sequence: number): number {
    const at = this.count;
    const offset = at * STRIDE;
    const result = reader.read(sequence, this.region.bytes, offset);
    if (result !== ReadResult.ok) return result;
    const data = this.data;
    const payloadLength = data.getUint16(offset + Slot.payloadLength, true);
    const extensionLength = data.getUint16(offset + Slot.extensionLength, true);
    // Cannot be from a writer of ours; a torn read that slipped through would show here. What was not
    // copied would be what stood here before: another ring's packet.
    if (Slot.payload + payloadLength > reader.copied || extensionLength > EXTENSION_BYTES_MAX) {
      return ReadResult.lapped;
    }
    this.sequences[at] = sequence;
    this.flags[at] = data.getUint32(offset + Slot.flags, true);
    this.timestamps[at] = data.getUint32(offset + Slot.timestamp, true);
    this.payloadLengths[at] = payloadLength;
    this.extensionLengths[at] = extensionLength;
    this.codecs[at] = this.region.bytes[offset + Slot.codec]!;
    const arrival = data.getFloat64(offset + Slot.arrival, true);
    this.arrivals[at] = arrival;
    this.receipts[at] = arrival + data.getUint32(offset + Slot.late, true);
    this.paddings[at] = 0;
    this.nextSpatialIds[at] = this.goesOn(at)
      ? reader.spatialAt((sequence + 1) | 0, this.timestamps[at]!)
      : NextLayer.unknown;
    this.count = at + 1;
    return ReadResult.ok;
  }

  /** Takes the last packet out again. */
  unload(): void {
    this.count -= 1;
  }

  /** Packet `i` ends a layer's frame, and whether its picture goes on is not known. */
  isOpen(i: number): boolean {
    return this.goesOn(i) && this.nextSpatialIds[i] === NextLayer.unknown;
  }

  /** Spatial layer of packet `i`. */
  spatialId(i: number): number {
    return this.region.bytes[i * STRIDE + Slot.spatialId]!;
  }

  /** Packet `i` ends a layer's frame below others. */
  private goesOn(i: number): boolean {
    if ((this.flags[i]! & SlotFlag.marker) !== 0 || !this.hasLayers(i)) return false;
    const offset = i * STRIDE;
    if ((this.region.bytes[offset + Slot.layerFlags]! & LayerFlag.end) === 0) return false;
    const spatialId = this.spatialId(i);
    // 8 points a spatial layer; of the fourth nothing lies above.
    return (
      spatialId < 3 && this.data.getUint32(offset + Slot.active, true) >>> (spatialId * 8 + 8) > 0
    );
  }

  /** Where the whole slot of packet `i` stands. */
  slotOffset(i: number): number {
    return i * STRIDE;
  }

  payloadOffset(i: number): number {
    return i * STRIDE + Slot.payload;
  }

  /** One past the last byte that may belong to packet `i`, with padding. */
  payloadEnd(i: number): number {
    return i * STRIDE + SLOT_BYTES;
  }

  extensionOffset(i: number): number {
    return i * STRIDE + Slot.extensions;
  }

  marker(i: number): boolean {
    return (this.flags[i]! & SlotFlag.marker) !== 0;
  }

  /** A reserved number without media. */
  skips(i: number): boolean {
    return (this.flags[i]! & SlotFlag.skip) !== 0;
  }

  /** Whether a decoder can start at packet `i`. */
  startsAt(i: number, video: boolean): boolean {
    return video ? (this.flags[i]! & SlotFlag.keyframeStart) !== 0 : !this.skips(i);
  }

  /** Redundant audio (RFC 2198). */
  isRed(i: number): boolean {
    return (this.flags[i]! & SlotFlag.red) !== 0;
  }

  /** A reserved number leaves as one octet of padding, so that it is no hole. Returns its length. */
  fillSkip(i: number): number {
    this.region.bytes[this.payloadOffset(i)] = 1;
    return 1;
  }

  /** Whether anything is known of the layers of packet `i`. */
  hasLayers(i: number): boolean {
    return this.region.bytes[i * STRIDE + Slot.frameNumberBits] !== 0;
  }

  layersOf(i: number, out: PacketLayers): void {
    out.load(this.data, i * STRIDE);
    out.nextSpatialId = this.nextSpatialIds[i]!;
  }

  /** VP8 and VP9; -1 when absent. */
  pictureId(i: number): number {
    return this.data.getInt32(i * STRIDE + Slot.pictureId, true);
  }

  /** Offset in the payload + 1; 0 when absent. */
  pictureIdOffset(i: number): number {
    return this.region.bytes[i * STRIDE + Slot.pictureIdOffset]!;
  }

  /** 7 or 15, by the picture id's first bit (RFC 7741 4.2, RFC 9628 4.2: M). */
  pictureIdBits(i: number): number {
    const at = this.payloadOffset(i) + this.pictureIdOffset(i) - 1;
    return (this.region.bytes[at]! & 0x80) !== 0 ? 15 : 7;
  }

  tl0PicIdx(i: number): number {
    return this.data.getInt16(i * STRIDE + Slot.tl0PicIdx, true);
  }

  tl0PicIdxOffset(i: number): number {
    return this.region.bytes[i * STRIDE + Slot.tl0PicIdxOffset]!;
  }

  /**
   * When the frame of packet `i` was captured, us since 1900 on the capturer's clock, if it brought an
   * abs-capture-time; else 0.
   */
  captureNtpUs(i: number): number {
    const { bytes } = this.region;
    const end = this.extensionOffset(i) + this.extensionLengths[i]!;
    for (let at = this.extensionOffset(i); at < end; at += 2 + bytes[at + 1]!) {
      if (bytes[at] !== Extension.absCaptureTime) continue;
      if (!readAbsCaptureTime(bytes, at + 2, bytes[at + 1]!, capture)) return 0;
      return ntpUsOf(capture);
    }
    return 0;
  }

  /**
   * Gives packets of one frame that are up to three bytes short RTP padding, so that they are equal
   * and leave as one UDP_SEGMENT message; never the frame's last packet. Chromium's packets differ
   * by one byte within a frame, ascending: 1.9 messages a frame become 1, and it does not mind.
   */
  planPadding(): void {
    let start = 0;
    while (start < this.count) {
      let end = start + 1;
      let low = this.size(start);
      let high = low;
      while (end < this.count && this.sameFrame(start, end)) {
        const size = this.size(end);
        const newLow = Math.min(low, size);
        const newHigh = Math.max(high, size);
        if (newHigh - newLow > PADDING_MAX) break;
        low = newLow;
        high = newHigh;
        end += 1;
      }
      if (high > low) for (let i = start; i < end; i += 1) this.pad(i, high - this.size(i));
      start = end;
    }
  }

  /** Finds out whether the batch is plain. */
  look(): void {
    this.plain = this.count > 0;
    for (let i = 0; i < this.count; i += 1) if (!this.isPlain(i)) this.plain = false;
  }

  private isPlain(i: number): boolean {
    if ((this.flags[i]! & SPECIAL) !== 0) return false;
    if (i === 0) return true;
    return (
      this.sequences[i] === ((this.sequences[i - 1]! + 1) | 0) &&
      this.codecs[i] === this.codecs[i - 1]
    );
  }

  private size(i: number): number {
    return this.payloadLengths[i]! + this.extensionLengths[i]!;
  }

  private sameFrame(a: number, b: number): boolean {
    return (
      this.timestamps[a] === this.timestamps[b] &&
      this.sequences[b] === ((this.sequences[b - 1]! + 1) | 0) &&
      ((this.flags[a]! | this.flags[b]!) & SlotFlag.skip) === 0
    );
  }

  private pad(i: number, bytes: number): void {
    if (bytes === 0 || (this.flags[i]! & (SlotFlag.marker | SlotFlag.frameEnd)) !== 0) return;
    if (this.payloadLengths[i]! + bytes > PAYLOAD_BYTES_MAX) return;
    writeRtpPadding(this.region.bytes, this.payloadOffset(i) + this.payloadLengths[i]!, bytes);
    this.paddings[i] = bytes;
  }
}
