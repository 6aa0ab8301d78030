/** One RTP stream of a synthetic publisher: payloads with stamps, history for NACKs, reports. */
import type { Region } from "../srtp/cipher.ts";
import type { SrtpSender } from "../srtp/sender.ts";
import { writeU16, writeU32 } from "../wire/bytes.ts";
import { NTP_EPOCH_US, setNtpUs } from "../wire/ntp.ts";
import type { SenderReport } from "../wire/rtcp/sender-report.ts";
import { writeRtpHeader } from "../wire/rtp.ts";
import {
  ABS_CAPTURE_TIME_BYTES,
  AbsCaptureTime,
  writeAbsCaptureTime,
} from "../wire/rtp-extension-values.ts";
import { type Stamp, writeStamp } from "./stamp.ts";
import type { DuePacket } from "./synthetic-source.ts";

export interface SyntheticTrackOptions {
  readonly kind: "audio" | "video";
  readonly payloadType: number;
  readonly clockRate: number;
  readonly ssrc: number;
  /** Whose picture has half the width of the one before; 0 is the largest. */
  readonly layer: number;
  /** Both or neither. */
  readonly rtx: { readonly payloadType: number; readonly ssrc: number } | null;
  /** Extension id of abs-capture-time; 0 sends none. */
  readonly captureId: number;
  readonly firstSequence: number;
  readonly firstTimestamp: number;
  /** SYNTHETIC_HISTORY_BYTES that the cipher can address. */
  readonly history: Region;
}

/** Packets kept for repair: 1 s at 2.5 Mb/s. */
const SLOTS = 256;
/** Fixed header, extension block with one element of eight bytes. */
const HEADER_BYTES_MAX = 12 + 4 + 12;
/** RFC 4588 4: two bytes of original sequence number stand before a repeated payload. */
const OSN_AT = HEADER_BYTES_MAX;
const PAYLOAD_AT = OSN_AT + 2;
export const SYNTHETIC_PAYLOAD_MAX = 1400;
const SLOT_BYTES = PAYLOAD_AT + SYNTHETIC_PAYLOAD_MAX;
export const SYNTHETIC_HISTORY_BYTES = SLOTS * SLOT_BYTES;
/** libwebrtc sends the capture time with a frame about once a second; so do we. */
const CAPTURE_EVERY_US = 1_000_000;

const NAL_IDR = 0x65;
const NAL_SLICE = 0x41;
/** ue(v) 0 in front: the first slice of a picture; 1: a later one. */
const FIRST_SLICE = 0xb8;
const LATER_SLICE = 0x58;
/** Opus: 20 ms of full-band CELT, stereo, one frame. */
const OPUS_TOC = 0xfc;
const FILL = 0x55;

/**
 * STAP-A of the parameter sets of a constrained baseline stream, level 3.1: 1280x720, 640x360 and
 * 320x180.
 */
const PARAMETER_SETS = [
  "7800096742e01fda014016e4000468ce3880",
  "78000a6742e01fda0280bfe540000468ce3880",
  "7800096742e01fda05067e74000468ce3880",
].map((text) => Uint8Array.fromHex(text));
/** Sizes of which there are parameter sets. */
export const PICTURES = PARAMETER_SETS.length;

const capture = new AbsCaptureTime();

export class SyntheticTrack {
  packets = 0;
  octets = 0;
  repeated = 0;
  readonly ssrc: number;
  readonly #options: SyntheticTrackOptions;
  #next: number;
  #nextRtx = 1;
  #captureAt = Number.NEGATIVE_INFINITY;
  readonly #headerLengths = new Uint8Array(SLOTS);
  readonly #lengths = new Uint16Array(SLOTS);
  readonly #indices = new Float64Array(SLOTS).fill(-1);

  constructor(options: SyntheticTrackOptions) {
    this.#options = options;
    this.ssrc = options.ssrc;
    this.#next = options.firstSequence;
    options.history.bytes.fill(FILL);
  }

  /** Seals the parameter sets that precede a keyframe into `out`; returns the length. */
  sendParameterSets(sender: SrtpSender, out: Region, packet: Readonly<DuePacket>): number {
    const slot = this.#slot(this.#next);
    const { history, layer } = this.#options;
    const sets = PARAMETER_SETS[layer]!;
    history.bytes.set(sets, slot + PAYLOAD_AT);
    return this.#send(sender, out, packet.timeUs, sets.length, false, 0);
  }

  /** Seals one packet into `out`; `captureWallUs` is the frame's time since 1970. */
  send(
    sender: SrtpSender,
    out: Region,
    packet: Readonly<DuePacket>,
    stamp: Readonly<Stamp>,
    captureWallUs: number,
  ): number {
    const { history, kind } = this.#options;
    const at = this.#slot(this.#next) + PAYLOAD_AT;
    const bytes = history.bytes;
    if (kind === "audio") {
      bytes[at] = OPUS_TOC;
      writeStamp(bytes, at + 1, stamp);
    } else {
      bytes[at] = packet.keyframe ? NAL_IDR : NAL_SLICE;
      bytes[at + 1] = packet.index === 0 ? FIRST_SLICE : LATER_SLICE;
      writeStamp(bytes, at + 2, stamp);
    }
    const marker = kind === "video" && packet.last;
    return this.#send(sender, out, packet.timeUs, packet.bytes, marker, captureWallUs);
  }

  /** Answers one sequence number of a NACK; 0 when the packet is no longer kept. */
  resend(sender: SrtpSender, out: Region, sequence: number): number {
    const behind = (this.#next - sequence) & 0xffff;
    const index = this.#next - behind;
    const slot = index % SLOTS;
    if (behind === 0 || behind > SLOTS || this.#indices[slot] !== index) return 0;
    this.repeated += 1;
    const { history, rtx } = this.#options;
    const start = this.#slot(index);
    const headerLength = this.#headerLengths[slot]!;
    const length = this.#lengths[slot]!;
    out.bytes.set(history.bytes.subarray(start, start + headerLength), 0);
    if (rtx === null) {
      const stream = sender.stream(this.ssrc);
      const from = start + PAYLOAD_AT;
      return sender.sealRtp(stream, out, 0, headerLength, history, from, length, index, true);
    }
    // RFC 4588 4: own SSRC, payload type and sequence; timestamp and marker of the original.
    out.bytes[1] = (out.bytes[1]! & 0x80) | rtx.payloadType;
    writeU16(out.bytes, 2, this.#nextRtx & 0xffff);
    writeU32(out.bytes, 8, rtx.ssrc);
    writeU16(history.bytes, start + OSN_AT, index & 0xffff);
    const stream = sender.stream(rtx.ssrc);
    this.#nextRtx += 1;
    const number = this.#nextRtx - 1;
    return sender.sealRtp(
      stream,
      out,
      0,
      headerLength,
      history,
      start + OSN_AT,
      length + 2,
      number,
    );
  }

  /** The sender report of a moment: `wallUs` since 1970 and `timeUs` of the media are the same. */
  report(wallUs: number, timeUs: number, out: SenderReport): void {
    out.ssrc = this.ssrc;
    setNtpUs(out, wallUs + NTP_EPOCH_US);
    out.rtpTimestamp = this.#timestamp(timeUs);
    out.packetCount = this.packets;
    out.octetCount = this.octets % 2 ** 32;
  }

  #send(
    sender: SrtpSender,
    out: Region,
    timeUs: number,
    length: number,
    marker: boolean,
    captureWallUs: number,
  ): number {
    const { history, payloadType, ssrc, captureId } = this.#options;
    const index = this.#next;
    this.#next += 1;
    const withCapture = captureId !== 0 && captureWallUs >= this.#captureAt + CAPTURE_EVERY_US;
    const timestamp = this.#timestamp(timeUs);
    const sequence = index & 0xffff;
    writeRtpHeader(
      out.bytes,
      0,
      payloadType,
      marker,
      sequence,
      timestamp,
      ssrc,
      withCapture,
      false,
    );
    const headerLength = withCapture ? this.#writeCapture(out.bytes, captureWallUs) : 12;
    const slot = index % SLOTS;
    const start = this.#slot(index);
    history.bytes.set(out.bytes.subarray(0, headerLength), start);
    this.#headerLengths[slot] = headerLength;
    this.#lengths[slot] = length;
    this.#indices[slot] = index;
    this.packets += 1;
    this.octets += length;
    const stream = sender.stream(ssrc);
    return sender.sealRtp(stream, out, 0, headerLength, history, start + PAYLOAD_AT, length, index);
  }

  /** RFC 8285 4.2: one element; three bytes of padding fill the word. */
  #writeCapture(out: Uint8Array, wallUs: number): number {
    this.#captureAt = wallUs;
    const { captureId } = this.#options;
    writeU32(out, 12, 0xbede0003);
    out[16] = (captureId << 4) | (ABS_CAPTURE_TIME_BYTES - 1);
    setNtpUs(capture, wallUs + NTP_EPOCH_US);
    writeAbsCaptureTime(out, 17, capture);
    out.fill(0, 25, HEADER_BYTES_MAX);
    return HEADER_BYTES_MAX;
  }

  #timestamp(timeUs: number): number {
    const { clockRate, firstTimestamp } = this.#options;
    return (firstTimestamp + Math.round((timeUs * clockRate) / 1e6)) % 2 ** 32;
  }

  #slot(index: number): number {
    return (index % SLOTS) * SLOT_BYTES;
  }
}
