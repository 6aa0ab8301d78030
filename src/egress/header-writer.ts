import type { MediaSection } from "../contract/session.ts";
import { EXTENSION_BYTES_MAX } from "../ring/layout.ts";
import { writeU16, writeU32 } from "../wire/bytes.ts";
import {
  DESCRIPTOR_GROWTH_MAX,
  type DescriptorChange,
  rewriteDescriptor,
} from "../wire/dependency-rewrite.ts";
import { EXTENSION_STORED_MAX, Extension } from "../wire/extensions.ts";
import { setNtpUs } from "../wire/ntp.ts";
import {
  ABS_CAPTURE_TIME_BYTES,
  ABS_SEND_TIME_BYTES,
  AbsCaptureTime,
  PLAYOUT_DELAY_BYTES,
  writeAbsCaptureTime,
  writeAbsSendTime,
  writePlayoutDelay,
} from "../wire/rtp-extension-values.ts";
import { ExtensionWriter } from "../wire/rtp-extension-writer.ts";
import type { Outgoing } from "./outgoing.ts";

/** Fixed header plus the largest block: 13 elements, of which stored ones take 126 bytes. */
export const HEADER_BYTES_MAX = 12 + 4 + 126 + DESCRIPTOR_GROWTH_MAX + 13 * 2 + 32;

/** Behind the other values in the scratch. */
const SEND_TIME_AT = 2 + PLAYOUT_DELAY_BYTES + ABS_CAPTURE_TIME_BYTES;
/** RFC 8285 4.2. */
export const ONE_BYTE_ID_MAX = 14;
const ONE_BYTE_LENGTH_MAX = 16;

/**
 * Writes the RTP headers of one worker: the fixed part, and the extensions under each viewer's own
 * ids (RFC 8285). Scratch is shared by all viewers of the thread; nothing is allocated.
 */
export class HeaderWriter {
  private readonly writer = new ExtensionWriter();
  private readonly capture = new AbsCaptureTime();
  /** Changes the frame number alone. */
  private readonly renumbering: DescriptorChange = {
    frameNumberOffset: 0,
    maskBit: 0,
    targets: 0,
    activeTargets: 0,
  };
  private readonly descriptor = new Uint8Array(EXTENSION_BYTES_MAX + DESCRIPTOR_GROWTH_MAX);
  private readonly scratch = new Uint8Array(SEND_TIME_AT + ABS_SEND_TIME_BYTES);
  /** Two-byte elements are allowed. */
  private mixed = false;
  /** Internal ids that the packet brought itself, as bits. */
  private brought = 0;

  /** Writes the header of a packet at `out[at]` and returns its length. */
  write(
    out: Uint8Array,
    at: number,
    section: Pick<MediaSection, "extensionIds" | "mixedExtensions">,
    ssrc: number,
    packet: Outgoing,
  ): number {
    const blockLength = this.writeBlock(out, at + 12, section, packet);
    out[at] = 0x80 | (packet.padding > 0 ? 0x20 : 0) | (blockLength > 0 ? 0x10 : 0);
    out[at + 1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
    writeU16(out, at + 2, packet.index & 0xffff);
    writeU32(out, at + 4, packet.timestamp);
    writeU32(out, at + 8, ssrc);
    return 12 + blockLength;
  }

  private writeBlock(
    out: Uint8Array,
    at: number,
    section: Pick<MediaSection, "extensionIds" | "mixedExtensions">,
    packet: Outgoing,
  ): number {
    const ids = section.extensionIds;
    const transportId = packet.transportSequence >= 0 ? ids[Extension.transportCc]! : 0;
    const bare = packet.extensionLength === 0 && packet.sendTimeUs < 0;
    if (bare && packet.playoutMin < 0 && packet.captureNtpUs === 0) {
      if (transportId === 0) return 0;
      if (transportId <= ONE_BYTE_ID_MAX) {
        // The common case by hand: one element of two bytes.
        writeU32(out, at, 0xbede0001);
        out[at + 4] = (transportId << 4) | 1;
        out[at + 5] = packet.transportSequence >> 8;
        out[at + 6] = packet.transportSequence & 255;
        out[at + 7] = 0;
        return 8;
      }
    }
    this.writer.reset();
    this.mixed = section.mixedExtensions;
    this.brought = 0;
    if (transportId !== 0) {
      writeU16(this.scratch, 0, packet.transportSequence);
      this.add(transportId, this.scratch, 0, 2);
    }
    if (packet.sendTimeUs >= 0) {
      const written = writeAbsSendTime(this.scratch, SEND_TIME_AT, packet.sendTimeUs);
      this.add(ids[Extension.absSendTime]!, this.scratch, SEND_TIME_AT, written);
    }
    this.addStored(ids, packet);
    this.addOwn(ids, packet);
    return this.writer.count === 0 ? 0 : this.writer.write(out, at);
  }

  /** The elements that came with the packet through the ring. */
  private addStored(ids: readonly number[], packet: Outgoing): void {
    const source = packet.region.bytes;
    const end = packet.extensionOffset + packet.extensionLength;
    let at = packet.extensionOffset;
    while (at + 2 <= end) {
      const internal = source[at]!;
      const length = source[at + 1]!;
      const known = internal <= EXTENSION_STORED_MAX && (this.brought & (1 << internal)) === 0;
      const id = known ? (ids[internal] ?? 0) : 0;
      if (id !== 0 && at + 2 + length <= end) {
        if (internal === Extension.dependencyDescriptor && packet.descriptor !== null) {
          this.addDescriptor(id, source, at + 2, length, packet.descriptor);
        } else {
          this.add(id, source, at + 2, length);
        }
        this.brought |= 1 << internal;
      }
      at += 2 + length;
    }
  }

  /** The dependency descriptor with another frame number and other active decode targets. */
  private addDescriptor(
    id: number,
    source: Uint8Array,
    offset: number,
    length: number,
    change: Readonly<DescriptorChange>,
  ): void {
    let written = rewriteDescriptor(source, offset, length, change, this.descriptor, 0);
    // A receiver can do without the active targets, but not without the frame's number.
    if (written < 0 || !this.fits(id, written)) {
      this.renumbering.frameNumberOffset = change.frameNumberOffset;
      written = rewriteDescriptor(source, offset, length, this.renumbering, this.descriptor, 0);
    }
    this.add(id, this.descriptor, 0, written);
  }

  /** Ours, unless the packet brought the same. */
  private addOwn(ids: readonly number[], packet: Outgoing): void {
    const playoutId = ids[Extension.playoutDelay]!;
    if (packet.playoutMin >= 0 && this.wants(playoutId, Extension.playoutDelay)) {
      writePlayoutDelay(this.scratch, 2, packet.playoutMin, packet.playoutMax);
      this.add(playoutId, this.scratch, 2, PLAYOUT_DELAY_BYTES);
    }
    const captureId = ids[Extension.absCaptureTime]!;
    if (packet.captureNtpUs > 0 && this.wants(captureId, Extension.absCaptureTime)) {
      const capture = this.capture;
      setNtpUs(capture, packet.captureNtpUs);
      writeAbsCaptureTime(this.scratch, 2 + PLAYOUT_DELAY_BYTES, capture);
      this.add(captureId, this.scratch, 2 + PLAYOUT_DELAY_BYTES, ABS_CAPTURE_TIME_BYTES);
    }
  }

  private wants(id: number, internal: number): boolean {
    return id !== 0 && (this.brought & (1 << internal)) === 0;
  }

  /** RFC 8285 6: the two-byte form only where a=extmap-allow-mixed was negotiated. */
  private add(id: number, source: Uint8Array, offset: number, length: number): void {
    if (this.fits(id, length)) this.writer.add(id, source, offset, length);
  }

  private fits(id: number, length: number): boolean {
    const oneByte = id <= ONE_BYTE_ID_MAX && length >= 1 && length <= ONE_BYTE_LENGTH_MAX;
    return oneByte || this.mixed;
  }
}
