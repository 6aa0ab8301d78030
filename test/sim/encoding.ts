/** One encoder of a simulated publisher and the ring that it fills. */
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { noteLayers, storeLayerSize } from "../../src/ring/layer-totals.ts";
import { createRing, Slot } from "../../src/ring/layout.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { CODEC_OF, LayerPackets, PacketReader, type Style } from "./layer-packets.ts";
import { type Frame, LayeredStream, type Mode } from "./layered-stream.ts";
import { MARKED_BYTES_MIN, PAYLOAD_BYTES, PICTURES_PER_SECOND, writeMark } from "./packet.ts";

/** Publishers answer a PLI so late: uplink, encoder. */
const KEYFRAME_ANSWER_US = 50_000;
/** A keyframe is so many times an average frame, and the next ones are smaller to make up. */
const KEYFRAME_FACTOR = 5;
const AFTER_KEYFRAMES = 10;
const CLOCK_RATE = 90_000;
const TICKS = CLOCK_RATE / PICTURES_PER_SECOND;
const TIMING_US = 1_000_000;
const WALL_OFFSET_US = 3.9e15;
/** A frame's size against the average one, by temporal layer (libwebrtc: 40, 60, 100 % of the rate). */
const TEMPORAL_WEIGHTS: Readonly<Record<number, readonly number[]>> = {
  1: [1],
  2: [1.2, 0.8],
  3: [1.6, 0.8, 0.8],
};

/** Share of the rate up to a temporal layer. */
export function temporalShare(mode: Mode, temporalId: number): number {
  const weights = TEMPORAL_WEIGHTS[mode.temporalLayers]!;
  const counts = { 1: [1], 2: [0.5, 0.5], 3: [0.25, 0.25, 0.5] }[mode.temporalLayers]!;
  let share = 0;
  for (let t = 0; t <= temporalId; t += 1) share += weights[t]! * counts[t]!;
  return share;
}

let ringIndex = 0;

export class Encoding {
  readonly grant;
  private readonly writer: RingWriter;
  private readonly stream: LayeredStream;
  private readonly packets: LayerPackets;
  private readonly reader: PacketReader;
  private readonly requests = new KeyframeRequests();
  private readonly asked = { join: 0, failure: 0 };
  /** Of each spatial layer: frames that are still smaller to make up for a keyframe. */
  private readonly makingUp: number[];
  private keyframeAt = 0;
  private timingAt = 0;
  private readonly timestampStart: number;
  private picture = 0;
  /** Packets of a picture that have not come yet. */
  private readonly coming: { readonly at: number; readonly put: (now: number) => void }[] = [];

  constructor(
    private readonly random: () => number,
    private readonly mode: Mode,
    style: Style,
    /** Bits a second of each spatial layer by itself. */
    private readonly rates: readonly number[],
    rid: string,
    width: number,
    /** A picture's packets come within so long, us; 0: all at once. */
    private readonly spreadUs = 0,
  ) {
    ringIndex = (ringIndex + 1) % 4096;
    this.grant = { index: ringIndex, buffer: createRing("video"), writer: 0 };
    this.writer = new RingWriter(this.grant.buffer);
    this.writer.describe(CODEC_OF[style], CLOCK_RATE, "", rid);
    this.writer.setSize(width, (width * 9) / 16);
    for (let s = 0; s < mode.spatialLayers; s += 1) {
      const own = width >> (mode.spatialLayers - 1 - s);
      storeLayerSize(this.writer.views, s, own, (own * 9) / 16);
    }
    const start = Math.floor(random() * 60_000);
    this.timestampStart = Math.floor(random() * 2 ** 32);
    this.stream = new LayeredStream(mode, style.startsWith("vp9") ? "vp9" : "vp8");
    this.packets = new LayerPackets(mode, style, start, start >> 2, this.timestampStart, TICKS);
    this.reader = new PacketReader(CODEC_OF[style]);
    this.makingUp = rates.map(() => 0);
  }

  /** Hears the readers' wishes for a keyframe. True when packets have come. */
  tick(now: number): boolean {
    for (const why of ["join", "failure"] as const) {
      const count = this.writer.keyframeRequests(1, why);
      if (count !== this.asked[why]) this.requests.want(why);
      this.asked[why] = count;
    }
    if (this.requests.take(now)) {
      this.keyframeAt = Math.min(this.keyframeAt, now + KEYFRAME_ANSWER_US);
    }
    return this.arrive(now);
  }

  /** Encodes the picture captured at `now` and puts its packets into the ring. */
  encode(now: number): void {
    const key = now >= this.keyframeAt;
    if (key) {
      this.keyframeAt = Number.POSITIVE_INFINITY;
      this.requests.keyframe(now);
    }
    const timestamp = (this.timestampStart + this.picture * TICKS) >>> 0;
    if (now >= this.timingAt) {
      this.timingAt = now + TIMING_US;
      this.writer.setTiming(timestamp, now + WALL_OFFSET_US, now);
    }
    const frames = this.stream.next(key);
    const sizes = new Map(frames.map((frame) => [frame, this.sizeOf(frame)]));
    const parts = (frame: Frame) => Math.ceil(sizes.get(frame)! / PAYLOAD_BYTES);
    const packets = [...this.packets.write(frames, parts)];
    for (const [i, packet] of packets.entries()) {
      const bytes = Math.max(MARKED_BYTES_MIN, Math.ceil(sizes.get(packet.frame)! / packet.parts));
      const put = (at: number): void => this.put(packet, bytes, now, at);
      this.coming.push({ at: now + (this.spreadUs * i) / packets.length, put });
    }
    this.arrive(now);
    this.picture += 1;
  }

  private arrive(now: number): boolean {
    let came = false;
    for (; (this.coming[0]?.at ?? Number.POSITIVE_INFINITY) <= now; came = true) {
      this.coming.shift()!.put(now);
    }
    return came;
  }

  private put(
    packet: ReturnType<LayerPackets["write"]>[number],
    bytes: number,
    capturedAt: number,
    now: number,
  ): void {
    const { writer, reader } = this;
    const { views } = writer;
    const flags = reader.read(packet);
    const offset = writer.reserve(packet.sequence);
    const codec = CODEC_OF[this.packets.style];
    const { timestamp, payload, frame, part } = packet;
    writer.setDescription(offset, timestamp, bytes, now, codec, flags, reader.description);
    noteLayers(views, reader.layers, bytes, now);
    reader.layers.store(views.data, offset);
    writer.setPayload(offset, payload, 0, payload.length);
    const keyframe = frame.keyframe && frame.spatialId === 0 && part === 0;
    writeMark(views.data, offset + Slot.payload, { keyframe, capturedAt });
    writer.commit(packet.sequence, offset);
  }

  private sizeOf({ spatialId, temporalId, keyframe }: Frame): number {
    const average = this.rates[spatialId]! / PICTURES_PER_SECOND / 8;
    const noise = 0.75 + 0.5 * ((this.random() + this.random()) / 2);
    if (keyframe) {
      this.makingUp[spatialId] = AFTER_KEYFRAMES;
      return Math.ceil(average * KEYFRAME_FACTOR * noise);
    }
    const making = this.makingUp[spatialId]! > 0;
    if (making) this.makingUp[spatialId]! -= 1;
    const share = making ? 1 - (KEYFRAME_FACTOR - 1) / AFTER_KEYFRAMES : 1;
    const weight = TEMPORAL_WEIGHTS[this.mode.temporalLayers]![temporalId]!;
    return Math.ceil(average * share * noise * weight);
  }
}
