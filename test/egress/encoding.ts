/** One encoding of a publisher with layers, written into a ring as ingest does. */
import { LayerDescriber } from "../../src/intake/layer-describer.ts";
import { noteLayers } from "../../src/ring/layer-totals.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { NO_SLOT } from "../../src/ring/writer.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import { parseRtp, RtpHeader } from "../../src/wire/rtp.ts";
import {
  ABS_CAPTURE_TIME_BYTES,
  AbsCaptureTime,
  writeAbsCaptureTime,
} from "../../src/wire/rtp-extension-values.ts";
import { ExtensionWriter } from "../../src/wire/rtp-extension-writer.ts";
import { CODEC_OF, LayerPackets, type Style, type WrittenPacket } from "../sim/layer-packets.ts";
import { LayeredStream, MODES, type Mode } from "../sim/layered-stream.ts";
import { Track } from "./harness.ts";

/** Ticks of a frame at 30 a second. */
export const TICKS = 3000;
export const FRAME_US = 33_333;
/** Header extension id of the dependency descriptor, from the publisher. */
const DESCRIPTOR_ID = 1;
/** At a payload's end: which encoding, and the origin sequence. */
const MARK_BYTES = 5;

export function modeOf(name: string): Mode {
  return MODES.find((mode) => mode.name === name)!;
}

export interface EncodingOptions {
  readonly mode: string;
  readonly style: Style;
  /** First origin sequence, picture id and RTP timestamp. */
  readonly start?: number;
  readonly pictureStart?: number;
  readonly timestampStart?: number;
  /** Which simulcast encoding; -1 for the only one. */
  readonly place?: number;
  readonly payloadBytes?: number;
}

const description = new PayloadDescription();
const header = new RtpHeader();
const elements = new ExtensionWriter();

export class Encoding extends Track {
  /** Everything that was sent by the publisher, by origin sequence. */
  readonly written = new Map<number, WrittenPacket>();
  readonly place: number;
  picture = 0;
  private readonly stream: LayeredStream;
  private readonly packets: LayerPackets;
  private readonly layers: LayerDescriber;
  private readonly payloadBytes: number;
  readonly timestampStart: number;

  constructor(options: EncodingOptions) {
    const { style, start = 0, pictureStart = 0, timestampStart = 0, place = -1 } = options;
    super("video", CODEC_OF[style]);
    const mode = modeOf(options.mode);
    this.place = place;
    this.payloadBytes = options.payloadBytes ?? 24;
    this.timestampStart = timestampStart;
    if (place >= 0) this.writer.describe(this.codec, 90_000, "", `r${place}`);
    this.writer.setSize(320 << Math.max(0, place), 180 << Math.max(0, place));
    this.stream = new LayeredStream(mode, "vp9");
    this.packets = new LayerPackets(mode, style, start, pictureStart, timestampStart, TICKS);
    const ids = new Uint8Array(256);
    ids[DESCRIPTOR_ID] = Extension.dependencyDescriptor;
    this.layers = new LayerDescriber(this.writer, ids);
  }

  /** Keyframe requests of viewers so far. */
  get asked(): number {
    return this.joins + this.failures;
  }

  /** The packets of the next picture. */
  capture(
    keyframe = false,
    parts: () => number = () => 2,
    leavesOut?: (spatialId: number) => boolean,
  ): WrittenPacket[] {
    const written = this.packets.write(this.stream.next(keyframe, leavesOut), parts);
    for (const packet of written) this.written.set(packet.sequence | 0, packet);
    this.picture += 1;
    return written;
  }

  /** The next picture, all of it into the ring. */
  frame(now: number, keyframe = false): void {
    for (const packet of this.capture(keyframe)) this.arrive(packet, now);
  }

  /** Each packet tells when its picture was captured, on a clock that showed this at the first one. */
  captureNtpUs = 0;

  /** The publisher's sender report: its clock shows `ntpUs` at the picture that comes next. */
  report(ntpUs: number, now: number): void {
    this.writer.setTiming((this.timestampStart + this.picture * TICKS) >>> 0, ntpUs, now);
  }

  /** A packet reaches the ring. */
  arrive(packet: WrittenPacket, now: number): void {
    const { writer, codec, layers } = this;
    const bytes = this.datagram(packet);
    const { timestamp, sequence, marker } = packet;
    if (!parseRtp(bytes, 0, bytes.length, header)) throw new Error("not RTP");
    const { payloadOffset, payloadLength } = header;
    if (!describePayload(codec, bytes, payloadOffset, payloadLength, marker, description)) {
      throw new Error("payload cannot be read");
    }
    const offset = writer.reserve(sequence | 0);
    if (offset === NO_SLOT) throw new Error("the ring has no place");
    const flags =
      (marker ? SlotFlag.marker : 0) |
      (description.keyframe ? SlotFlag.keyframeStart : 0) |
      (description.frameStart ? SlotFlag.frameStart : 0) |
      (description.frameEnd ? SlotFlag.frameEnd : 0);
    writer.setDescription(offset, timestamp, payloadLength, now, codec, flags, description);
    layers.describe(bytes, header, codec, description);
    noteLayers(writer.views, layers.packet, payloadLength, now);
    layers.packet.store(writer.views.data, offset);
    const { descriptor } = packet;
    const id = Extension.dependencyDescriptor;
    if (descriptor !== null) writer.addExtension(offset, id, descriptor, 0, descriptor.length);
    if (this.captureNtpUs > 0) writer.addExtension(offset, ...this.captureTime(timestamp));
    writer.setPayload(offset, bytes.subarray(payloadOffset), 0, payloadLength);
    writer.commit(sequence | 0, offset);
  }

  private captureTime(timestamp: number): [id: number, data: Uint8Array, from: number, to: number] {
    const us = this.captureNtpUs + (((timestamp - this.timestampStart) >>> 0) * 1e6) / 90_000;
    const time = new AbsCaptureTime();
    time.ntpSeconds = Math.floor(us / 1e6);
    time.ntpFraction = Math.floor(((us % 1e6) / 1e6) * 2 ** 32);
    const data = new Uint8Array(ABS_CAPTURE_TIME_BYTES);
    return [Extension.absCaptureTime, data, 0, writeAbsCaptureTime(data, 0, time)];
  }

  /** As the publisher sent it. */
  private datagram({ payload, descriptor, sequence }: WrittenPacket): Uint8Array {
    const length = Math.max(this.payloadBytes, payload.length + MARK_BYTES);
    const bytes = new Uint8Array(256 + length);
    let at = 12;
    bytes[0] = 0x80;
    if (descriptor !== null) {
      bytes[0] = 0x90;
      elements.reset();
      elements.add(DESCRIPTOR_ID, descriptor, 0, descriptor.length);
      at += elements.write(bytes, at);
    }
    bytes.set(payload, at);
    const mark = new DataView(bytes.buffer, at + length - MARK_BYTES);
    mark.setInt8(0, this.place);
    mark.setInt32(1, sequence | 0);
    return bytes.subarray(0, at + length);
  }
}

/** Which packet of which encoding a payload is. */
export function markOf(payload: Uint8Array): { readonly place: number; readonly origin: number } {
  const at = payload.byteOffset + payload.length - MARK_BYTES;
  const mark = new DataView(payload.buffer, at);
  return { place: mark.getInt8(0), origin: mark.getInt32(1) };
}
