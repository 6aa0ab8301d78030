/** A publisher session without crypto or sockets: packets in, slots and RTCP out. */

import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { MediaFormat, MediaSection } from "../../src/contract/session.ts";
import { Publisher, RTCP_BYTES_MAX } from "../../src/ingest/publisher.ts";
import { SLOT_BYTES } from "../../src/limits.ts";
import { createRing, Slot } from "../../src/ring/layout.ts";
import { ReadResult, RingReader } from "../../src/ring/reader.ts";
import { EXTENSION_TABLE_LENGTH, Extension } from "../../src/wire/extensions.ts";
import { RtcpCursor, readMediaSsrc } from "../../src/wire/rtcp/compound.ts";
import { readNack } from "../../src/wire/rtcp/nack.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";
import { ExtensionWriter } from "../../src/wire/rtp-extension-writer.ts";

export const AUDIO_TYPE = 111;
export const VP8_TYPE = 96;
export const VP8_RTX_TYPE = 97;
export const H264_TYPE = 106;
export const MID_ID = 4;
export const RID_ID = 5;
export const REPAIRED_RID_ID = 6;
export const TRANSPORT_ID = 3;
export const CAPTURE_ID = 7;

export function format(changes: Partial<MediaFormat>): MediaFormat {
  return {
    codec: "vp8",
    payloadType: VP8_TYPE,
    rtxPayloadType: VP8_RTX_TYPE,
    redPayloadType: null,
    clockRate: 90_000,
    channels: 1,
    fmtp: "",
    nack: true,
    pli: true,
    fir: true,
    remb: true,
    transportCc: true,
    ...changes,
  };
}

export const H264 = format({ codec: "h264", payloadType: H264_TYPE, rtxPayloadType: null });

export function section(changes: Partial<MediaSection>): MediaSection {
  const extensionIds = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  extensionIds[Extension.mid] = MID_ID;
  extensionIds[Extension.rid] = RID_ID;
  extensionIds[Extension.repairedRid] = REPAIRED_RID_ID;
  extensionIds[Extension.transportCc] = TRANSPORT_ID;
  extensionIds[Extension.absCaptureTime] = CAPTURE_ID;
  return {
    mid: "1",
    kind: "video",
    formats: [format({})],
    extensionIds,
    mixedExtensions: true,
    ssrcs: [],
    rtxSsrcs: [],
    rids: [],
    ...changes,
  };
}

export function audioSection(changes: Partial<MediaSection> = {}): MediaSection {
  const opus = format({
    codec: "opus",
    payloadType: AUDIO_TYPE,
    rtxPayloadType: null,
    clockRate: 48_000,
    channels: 2,
    nack: false,
    pli: false,
    fir: false,
  });
  return section({ mid: "0", kind: "audio", formats: [opus], ...changes });
}

export interface Packet {
  readonly type: number;
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp?: number;
  readonly marker?: boolean;
  readonly payload?: Uint8Array;
  readonly padding?: number;
  readonly extensions?: readonly (readonly [id: number, data: Uint8Array])[];
}

export function build(packet: Packet): Uint8Array {
  const out = new Uint8Array(2400);
  const writer = new ExtensionWriter();
  for (const [id, data] of packet.extensions ?? []) writer.add(id, data, 0, data.length);
  const padding = packet.padding ?? 0;
  let length = writeRtpHeader(
    out,
    0,
    packet.type,
    packet.marker ?? false,
    packet.sequence,
    packet.timestamp ?? 0,
    packet.ssrc,
    writer.count > 0,
    padding > 0,
  );
  length += writer.write(out, length);
  const payload = packet.payload ?? vp8(false);
  out.set(payload, length);
  length += payload.length + padding;
  if (padding > 0) out[length - 1] = padding;
  return out.slice(0, length);
}

/** A VP8 payload that begins a frame (RFC 7741 4.2), with some bytes to recognise it by. */
export function vp8(keyframe: boolean, tag = 0, length = 24): Uint8Array {
  const payload = new Uint8Array(length).fill(tag);
  payload[0] = 0x10;
  payload[1] = keyframe ? 0 : 1;
  if (keyframe) payload.set([0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01], 1);
  return payload;
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One RTCP packet that the publisher was sent. */
export interface Sent {
  readonly at: number;
  readonly type: number;
  readonly format: number;
  readonly mediaSsrc: number;
  readonly nacked: number[];
  readonly bytes: Uint8Array;
}

export class Session {
  readonly counters = new Float64Array(COUNTER_NAMES.length);
  readonly publisher: Publisher;
  readonly readers: RingReader[][];
  readonly sent: Sent[] = [];
  /** Indices of rings whose reader has rung for a wish. */
  readonly rung: number[] = [];
  /** Calls per ring index of drainTouched. */
  readonly touched = new Map<number, number>();
  private readonly slot = new Uint8Array(SLOT_BYTES);
  private readonly region = { bytes: new Uint8Array(4096), address: 0 };
  private readonly out = new Uint8Array(RTCP_BYTES_MAX);

  constructor(media: readonly MediaSection[], now = 0) {
    let index = 0;
    const rings = media.map((part) =>
      Array.from({ length: Math.max(1, part.rids.length) }, () => {
        index += 1;
        return { index, buffer: createRing(part.kind), writer: 0 };
      }),
    );
    this.publisher = new Publisher({
      command: {
        type: "publisher-open",
        session: 7,
        stream: 3,
        peer: {
          localUfrag: "a",
          localPwd: "b",
          remoteUfrag: "c",
          remotePwd: "d",
          dtlsRole: "server",
          fingerprints: [],
        },
        media,
        rings,
        bitrateMax: 4_000_000,
      },
      peer: { state: "connected", path: null, reportsAllowed: true, srtpProfile: "X" },
      now,
      ssrc: 0xcafe,
      cname: "spillway",
      readers: 2,
      counters: this.counters,
    });
    const bell = (index: number) => () => this.rung.push(index);
    this.readers = rings.map((layers) =>
      layers.map(({ buffer, index }) => new RingReader(buffer, 0, bell(index))),
    );
  }

  rtp(now: number, packet: Uint8Array): void {
    this.region.bytes.set(packet, 100);
    this.publisher.handleRtp(now, this.region, 100, packet.length, now);
  }

  rtcp(now: number, packet: Uint8Array): void {
    this.region.bytes.set(packet, 100);
    this.publisher.handleRtcp(now, this.region, 100, packet.length, now);
  }

  /** Runs timers and takes the RTCP that is due. Returns what is new. */
  turn(now: number): Sent[] {
    const before = this.sent.length;
    this.publisher.handleTimeout(now);
    for (let tries = 0; ; tries += 1) {
      if (tries > 50) throw new Error("pollRtcp does not come to an end");
      const length = this.publisher.pollRtcp(now, this.out);
      if (length === 0) break;
      this.record(now, length);
    }
    this.publisher.drainTouched((index) => {
      this.touched.set(index, (this.touched.get(index) ?? 0) + 1);
    });
    return this.sent.slice(before);
  }

  /** Runs timers as they fall due until `end`. */
  runTo(start: number, end: number): void {
    for (let now = start; now <= end; now = Math.max(now + 1, this.publisher.nextTimeout())) {
      this.turn(now);
    }
  }

  /** The slot of an origin sequence: flags, payload, extensions; null when it is not there. */
  read(sequence: number, part = 0, layer = 0) {
    const reader = this.readers[part]![layer]!;
    if (reader.read(sequence, this.slot, 0) !== ReadResult.ok) return null;
    const view = new DataView(this.slot.buffer);
    const length = view.getUint16(Slot.payloadLength, true);
    const extensionLength = view.getUint16(Slot.extensionLength, true);
    return {
      flags: view.getUint32(Slot.flags, true),
      timestamp: view.getUint32(Slot.timestamp, true),
      codec: this.slot[Slot.codec]!,
      payload: this.slot.slice(Slot.payload, Slot.payload + length),
      extensions: this.slot.slice(Slot.extensions, Slot.extensions + extensionLength),
    };
  }

  private record(at: number, length: number): void {
    const cursor = new RtcpCursor();
    const bytes = this.out.slice(0, length);
    cursor.reset(bytes, 0, length);
    const sequences = new Uint16Array(512);
    let first = true;
    while (cursor.next()) {
      // RFC 3550 6.1: a compound begins with a report.
      if (first && cursor.type !== 201) throw new Error("no report in front");
      first = false;
      const nack = cursor.type === 205 && cursor.count === 1;
      const count = nack ? readNack(bytes, cursor.offset, cursor.length, sequences) : 0;
      this.sent.push({
        at,
        type: cursor.type,
        format: cursor.count,
        mediaSsrc: readMediaSsrc(bytes, cursor.offset, cursor.length),
        nacked: [...sequences.subarray(0, count)],
        bytes: bytes.slice(cursor.offset, cursor.offset + cursor.length),
      });
    }
    if (cursor.malformed) throw new Error("malformed compound packet");
  }
}

export const isPli = (sent: Sent) => sent.type === 206 && sent.format === 1;
export const isFir = (sent: Sent) => sent.type === 206 && sent.format === 4;
export const isRemb = (sent: Sent) => sent.type === 206 && sent.format === 15;
export const isNack = (sent: Sent) => sent.type === 205 && sent.format === 1;
export const isTransport = (sent: Sent) => sent.type === 205 && sent.format === 15;
