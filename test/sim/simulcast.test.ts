/** Random switches among simulcast layers: the viewer's one stream stays clean. */
import { expect, test } from "bun:test";
import { LayerAlignment, type LayerTime } from "../../src/media/layer-alignment.ts";
import { LayerGate } from "../../src/media/layer-gate.ts";
import { LayerSwitch, Take } from "../../src/media/layer-switch.ts";
import { Verdict } from "../../src/media/svc-filter.ts";
import { Vp8Rewrite } from "../../src/media/vp8-rewrite.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
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
import { LayeredStream, MODES } from "./layered-stream.ts";

const RUNS = 1500;
const TICKS = 3000;
const FRAME_US = 33_333;

const description = new PayloadDescription();

class Viewer {
  readonly sent: SentPacket[] = [];
  readonly pictureIds: number[] = [];
  readonly which = new LayerSwitch();
  readonly alignment = new LayerAlignment();
  readonly #rewrite: Vp8Rewrite | null;
  #gate = new LayerGate();
  #start = 0;
  #next = 0;
  #from: LayerTime | null = null;
  temporal = 7;

  constructor(private readonly style: Style) {
    this.#rewrite = style === "vp8" ? new Vp8Rewrite() : null;
  }

  packet(layer: number, packet: WrittenPacket, reader: PacketReader, time: LayerTime): void {
    const flags = reader.read(packet);
    const take = this.which.take(layer, flags, packet.timestamp);
    if (take === Take.no) return;
    if (take === Take.begin) this.#begin(packet, time);
    this.#gate.filter.setTarget(3, this.temporal);
    const { sequence, timestamp, payload } = packet;
    const verdict = this.#gate.decide(sequence, timestamp, flags, reader.layers);
    const { pictureId, pictureIdBits } = reader.description;
    this.#rewrite?.note(pictureId, pictureIdBits, verdict === Verdict.forward);
    if (verdict !== Verdict.forward) return;
    if (this.#rewrite !== null) {
      if (!this.#rewrite.patch(payload, 0)) throw new Error("not patched");
      describePayload(CODEC_OF[this.style], payload, 0, payload.length, packet.marker, description);
      if (packet.part === 0) this.pictureIds.push(description.pictureId);
    }
    this.#from = time;
    this.#next = Math.max(this.#next, this.#start + this.#gate.place + 1);
    this.sent.push({
      ...{ stream: layer, frame: packet.frame, part: packet.part, parts: packet.parts },
      marker: this.#gate.filter.marker,
      timestamp: this.alignment.map(timestamp),
      sequence: this.#start + this.#gate.place,
    });
  }

  #begin(packet: WrittenPacket, time: LayerTime): void {
    if (this.#from !== null) this.alignment.switchTo(this.#from, time, 90_000);
    this.#start = this.#next;
    this.#gate = new LayerGate();
    this.#gate.begin(packet.sequence);
    this.#rewrite?.begin(packet.payload, 0);
  }
}

function run(seed: number, style: Style, temporalLayers: number, knows: number): Viewer {
  const random = seeded(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  const mode = MODES.find((one) => one.name === `L1T${temporalLayers}`)!;
  const layers = [0, 1, 2].map(() => {
    const offset = pick(2 ** 32);
    return {
      offset,
      stream: new LayeredStream(mode, "vp8"),
      writer: new LayerPackets(mode, style, WRAP_STARTS_32[pick(16)]!, pick(0x8000), offset, TICKS),
      reader: new PacketReader(CODEC_OF[style]),
      keyframeAt: -1,
      delayUs: pick(60_000),
    };
  });
  const viewer = new Viewer(style);
  viewer.which.want(pick(3));
  for (let picture = 0; picture < 60; picture += 1) {
    if (pick(6) === 0) viewer.which.want(pick(3));
    if (pick(9) === 0) viewer.temporal = pick(3);
    const asked = viewer.which.pending;
    if (asked >= 0 && layers[asked]!.keyframeAt < picture) {
      layers[asked]!.keyframeAt = picture + pick(5);
    }
    for (const [index, layer] of layers.entries()) {
      const frames = layer.stream.next(layer.keyframeAt === picture || pick(40) === 0);
      const capturedUs = picture * FRAME_US;
      const timestamp = (layer.offset + picture * TICKS) >>> 0;
      const time: LayerTime = {
        timestamp,
        arrivalUs: capturedUs + layer.delayUs + pick(5000),
        captureUs: knows === 0 ? 5e15 + capturedUs : Number.NaN,
        captureTimestamp: timestamp,
        reportNtpUs: knows === 1 ? 5e15 : Number.NaN,
        reportTimestamp: layer.offset,
      };
      for (const packet of layer.writer.write(frames, () => 1 + pick(3))) {
        viewer.packet(index, packet, layer.reader, time);
      }
    }
  }
  return viewer;
}

const CASES: readonly (readonly [Style, number])[] = [
  ["vp8", 1],
  ["vp8", 2],
  ["vp8", 3],
  ["vp8-descriptor", 3],
  ["h264", 1],
];

test(`${RUNS} random walks among three layers`, () => {
  let switches = 0;
  for (let i = 0; i < RUNS; i += 1) {
    const [style, temporalLayers] = CASES[i % CASES.length]!;
    const seed = 500_000 + i;
    const knows = i % 3;
    const { sent, pictureIds, alignment } = run(seed, style, temporalLayers, knows);
    const fail = (what: string) => {
      throw new Error(`seed ${seed}, ${style} L1T${temporalLayers}: ${what}`);
    };
    const { faults } = judge(sent);
    if (faults.length > 0) fail(faults.slice(0, 4).join("; "));
    const gap = sent.findIndex((packet, at) => packet.sequence !== at);
    if (gap !== -1) fail(`sequence ${sent[gap]!.sequence} at ${gap}`);
    const jump = pictureIds.findIndex(
      (id, at) => at > 0 && id !== ((pictureIds[at - 1]! + 1) & 0x7fff),
    );
    if (jump !== -1) fail(`picture id ${pictureIds[jump]} after ${pictureIds[jump - 1]}`);
    let hops = 0;
    for (let at = 1; at < sent.length; at += 1) {
      if (sent[at]!.stream !== sent[at - 1]!.stream) hops += 1;
    }
    switches += hops;
    // By capture time or reports the line is exact: the picture after a switch is one frame on.
    if (knows === 2) continue;
    expect(alignment.alignedBy === "arrival").toBe(hops === 0);
    const first = sent[0]!;
    for (const packet of sent) {
      const ticks = (packet.timestamp - first.timestamp) | 0;
      const pictures = packet.frame.picture - first.frame.picture;
      if (Math.abs(ticks - pictures * TICKS) > hops) fail(`time is off at ${packet.sequence}`);
    }
  }
  expect(switches).toBeGreaterThan(RUNS);
}, 20_000);

test("what was a part of a keyframe before the wish is no place to begin", () => {
  const which = new LayerSwitch();
  which.want(1);
  expect(which.pending).toBe(1);
  expect(which.take(1, 0, 900)).toBe(Take.no);
  expect(which.take(1, SlotFlag.keyframeStart, 900)).toBe(Take.no);
  expect(which.take(0, SlotFlag.keyframeStart, 950)).toBe(Take.no);
  expect(which.take(1, SlotFlag.keyframeStart, 1000)).toBe(Take.begin);
  expect(which.take(1, SlotFlag.keyframeStart, 1000)).toBe(Take.yes);
  expect(which.pending).toBe(-1);
  which.want(0);
  expect(which.take(1, 0, 1100)).toBe(Take.yes);
  which.want(1);
  expect(which.pending).toBe(-1);
  which.lose(1);
  expect(which.pending).toBe(1);
  expect(which.take(1, 0, 1200)).toBe(Take.no);
});
