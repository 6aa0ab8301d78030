/** Random switches among simulcast layers by a real Egress: each viewer's one stream stays clean. */
import { expect, test } from "bun:test";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import { noteLayers } from "../../src/ring/layer-totals.ts";
import { Slot } from "../../src/ring/layout.ts";
import { NO_SLOT } from "../../src/ring/writer.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import {
  extensionIds,
  H264,
  Sim,
  sourceOf,
  TRANSPORT_ID,
  Track,
  VIDEO_SSRC,
  VP8,
  videoSection,
} from "../egress/harness.ts";
import type { Sent } from "../egress/recorder.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_32 } from "../support/wrap-starts.ts";
import { judge, type SentPacket } from "./decodability.ts";
import {
  CODEC_OF,
  LayerPackets,
  PacketReader,
  type Style,
  type WrittenPacket,
} from "./layer-packets.ts";
import { LayeredStream, MODES, type Mode } from "./layered-stream.ts";
import { Timeline } from "./timeline.ts";

const RUNS = 60;
const VIEWERS = 10;
const PICTURES = 150;
const TICKS = 3000;
const FRAME_US = 33_333;
/** Layers come up to so late, and so up to two pictures behind each other. */
const DELAY_MAX_US = 60_000;
const LAG_PICTURES = 2;
const RIDS = ["q", "h", "f"];
const DESCRIPTOR_ID = 7;
const WALL_US = 3.9e15;
/** Behind the payload descriptor: which layer, and which of its packets. */
const MARK_OFFSET = 16;
const PAYLOAD_BYTES = 40;

const description = new PayloadDescription();

/** One layer of the publisher: its encoder, its uplink and its ring. */
class Layer {
  readonly track: Track;
  readonly written: WrittenPacket[] = [];
  private readonly offset: number;
  private readonly stream: LayeredStream;
  private readonly packets: LayerPackets;
  private readonly reader: PacketReader;
  private readonly uplink = new Timeline<() => void>();
  private readonly delayUs: number;
  private keyframeAt = 0;
  private asked = 0;

  constructor(
    private readonly place: number,
    mode: Mode,
    style: Style,
    private readonly pick: (limit: number) => number,
  ) {
    const codec = CODEC_OF[style];
    this.track = new Track("video", codec);
    const { writer } = this.track;
    writer.describe(codec, 90_000, "", RIDS[place]!);
    writer.setSize(320 << place, 180 << place);
    this.offset = pick(2 ** 32);
    this.delayUs = pick(DELAY_MAX_US);
    this.stream = new LayeredStream(mode, "vp8");
    const start = WRAP_STARTS_32[pick(16)]!;
    this.packets = new LayerPackets(mode, style, start, pick(0x8000), this.offset, TICKS);
    this.reader = new PacketReader(codec);
  }

  capture(now: number, picture: number): void {
    const { writer } = this.track;
    const asked = writer.keyframeRequests(1, "join") + writer.keyframeRequests(1, "failure");
    if (asked !== this.asked && this.keyframeAt < picture) {
      this.keyframeAt = picture + this.pick(5);
    }
    this.asked = asked;
    const frames = this.stream.next(this.keyframeAt === picture || this.pick(40) === 0);
    const arrival = now + this.delayUs + this.pick(5000);
    for (const packet of this.packets.write(frames, () => 1 + this.pick(3))) {
      this.uplink.add(arrival, () => this.put(packet, arrival));
    }
  }

  /** The publisher's sender report. */
  report(now: number, picture: number): void {
    const timestamp = (this.offset + picture * TICKS) >>> 0;
    this.track.writer.setTiming(timestamp, now + WALL_US, now);
  }

  arrive(now: number): void {
    this.uplink.run(now, (_at, put) => put());
  }

  private put(packet: WrittenPacket, arrival: number): void {
    const { writer, codec } = this.track;
    const { reader } = this;
    const { views } = writer;
    const flags = reader.read(packet);
    const offset = writer.reserve(packet.sequence);
    if (offset === NO_SLOT) throw new Error("the ring takes what comes in order");
    const { timestamp, payload, descriptor, sequence } = packet;
    const told = reader.description;
    writer.setDescription(offset, timestamp, PAYLOAD_BYTES, arrival, codec, flags, told);
    noteLayers(views, reader.layers, PAYLOAD_BYTES, arrival);
    reader.layers.store(views.data, offset);
    if (descriptor !== null) {
      const id = Extension.dependencyDescriptor;
      writer.addExtension(offset, id, descriptor, 0, descriptor.length);
    }
    writer.setPayload(offset, payload, 0, payload.length);
    const mark = offset + Slot.payload + MARK_OFFSET;
    views.data.setUint8(mark, this.place);
    views.data.setUint32(mark + 1, this.written.length);
    this.written.push(packet);
    writer.commit(sequence, offset);
  }
}

interface Outcome {
  readonly sent: SentPacket[];
  /** Of each picture in the order of leaving; empty where the codec has none. */
  readonly pictureIds: readonly number[];
  /** RTP indices of all packets, padding included. */
  readonly indices: readonly number[];
}

function run(seed: number, style: Style, temporalLayers: number, reports: boolean): Outcome[] {
  const random = seeded(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  const mode = MODES.find((one) => one.name === `L1T${temporalLayers}`)!;
  const layers = RIDS.map((_rid, place) => new Layer(place, mode, style, pick));
  const sim = new Sim(seed);
  const source = sourceOf({ video: layers.map(({ track }) => track) });
  const section = videoSection({
    formats: [style === "h264" ? H264 : VP8],
    extensionIds: extensionIds([
      [Extension.transportCc, TRANSPORT_ID],
      [Extension.dependencyDescriptor, DESCRIPTOR_ID],
    ]),
  });
  const viewers: ReturnType<Sim["open"]>[] = [];
  for (let picture = 0; picture < PICTURES; picture += 1) {
    // The first is there before the stream's layers are known.
    if (viewers.length < VIEWERS) viewers.push(sim.open(source, { media: [section] }));
    for (const { session } of viewers) {
      if (pick(12) !== 0) continue;
      const limits = { ...NO_LIMITS, rid: RIDS[pick(3)]!, temporalMax: pick(3) };
      sim.egress.limit(session, limits, sim.now);
    }
    for (const layer of layers) {
      layer.capture(sim.now, picture);
      if (reports && picture % 10 === 0) layer.report(sim.now, picture);
    }
    for (const until = sim.now + FRAME_US; sim.now + 1000 < until; ) {
      for (const layer of layers) layer.arrive(sim.now);
      sim.forward(...layers.map(({ track }) => track));
      sim.pass(1000);
    }
  }
  return viewers.map((viewer) => outcomeOf(viewer.of(VIDEO_SSRC), layers, style));
}

function outcomeOf(packets: readonly Sent[], layers: readonly Layer[], style: Style): Outcome {
  const ordered = [...packets].sort((left, right) => left.index - right.index);
  const indices = ordered.map(({ index }) => index);
  const sent: SentPacket[] = [];
  const pictureIds: number[] = [];
  for (const { payload, index, marker, timestamp } of ordered) {
    if (payload.length < PAYLOAD_BYTES) continue;
    const data = new DataView(payload.buffer, payload.byteOffset + MARK_OFFSET);
    const stream = data.getUint8(0);
    const { frame, part, parts } = layers[stream]!.written[data.getUint32(1)]!;
    sent.push({ stream, frame, part, parts, marker, timestamp, sequence: index });
    if (style !== "vp8" || part > 0) continue;
    describePayload(CODEC_OF[style], payload, 0, payload.length, marker, description);
    pictureIds.push(description.pictureId);
  }
  return { sent, pictureIds, indices };
}

/** Switches in a stream; throws when it is not clean. */
function check({ sent, pictureIds, indices }: Outcome, reports: boolean): number {
  const { faults } = judge(sent);
  if (faults.length > 0) throw new Error(faults.slice(0, 4).join("; "));
  const gap = indices.findIndex((index, at) => index !== indices[0]! + at);
  if (gap !== -1) throw new Error(`index ${indices[gap]} at ${gap}`);
  const jump = pictureIds.findIndex(
    (id, at) => at > 0 && id !== ((pictureIds[at - 1]! + 1) & 0x7fff),
  );
  if (jump !== -1) throw new Error(`picture id ${pictureIds[jump]} after ${pictureIds[jump - 1]}`);
  let hops = 0;
  for (let at = 1; at < sent.length; at += 1) {
    if (sent[at]!.stream !== sent[at - 1]!.stream) hops += 1;
  }
  // By reports the line is exact: a picture stands where it was captured, whatever its layer, but
  // behind what has left already of a layer that comes sooner.
  const first = sent[0]!;
  for (const packet of reports ? sent : []) {
    const ticks = (packet.timestamp - first.timestamp) | 0;
    const pictures = packet.frame.picture - first.frame.picture;
    const off = ticks - pictures * TICKS;
    if (off < -hops || off > LAG_PICTURES * TICKS + hops)
      throw new Error(`time is off by ${off} at ${packet.sequence}`);
  }
  return hops;
}

const CASES: readonly (readonly [Style, number])[] = [
  ["vp8", 1],
  ["vp8", 2],
  ["vp8", 3],
  ["vp8-descriptor", 3],
  ["h264", 1],
];

test(`${RUNS * VIEWERS} random walks among three layers`, () => {
  let switches = 0;
  for (let i = 0; i < RUNS; i += 1) {
    const [style, temporalLayers] = CASES[i % CASES.length]!;
    const seed = 500_000 + i;
    const reports = i % 2 === 0;
    for (const outcome of run(seed, style, temporalLayers, reports)) {
      try {
        expect(outcome.sent.length).toBeGreaterThan(50);
        switches += check(outcome, reports);
      } catch (error) {
        throw new Error(`seed ${seed}, ${style} L1T${temporalLayers}: ${error}`);
      }
    }
  }
  expect(switches).toBeGreaterThan(RUNS * VIEWERS);
}, 120_000);
