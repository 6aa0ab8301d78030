/** Every sequence of layer switches gives a stream whose frames have all their references. */
import { expect, test } from "bun:test";
import { LayerGate } from "../../src/media/layer-gate.ts";
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
import { LayeredStream, leftOut, MODES, type Mode } from "./layered-stream.ts";

const RUNS = 10_000;
const TICKS = 3000;

interface Outcome {
  readonly sent: SentPacket[];
  /** Places that were filled with padding. */
  readonly fills: number[];
  /** Picture id by place, where the codec has one. */
  readonly pictureIds: Map<number, number>;
  readonly points: string[];
  readonly held: number;
  /** Pictures with a layer left out of which a packet came late: what came before it may have been the
   * last for all that was known. */
  readonly open: Set<string>;
}

/** One viewer over one stream: random targets, keyframes when asked for, late packets. */
function run(seed: number, style: Style, mode: Mode, lateness: number): Outcome {
  const random = seeded(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  const start = WRAP_STARTS_32[pick(16)]!;
  const stream = new LayeredStream(mode, "vp9");
  const pictureStart = pick(0x8000);
  const writer = new LayerPackets(mode, style, start, pictureStart, pick(2 ** 32), TICKS);
  const reader = new PacketReader(CODEC_OF[style]);
  const gate = new LayerGate();
  const rewrite = style === "vp8" ? new Vp8Rewrite() : null;
  const outcome: Outcome = {
    sent: [],
    fills: [],
    pictureIds: new Map(),
    points: [],
    held: 0,
    open: new Set(),
  };
  let held = 0;
  /** By sequence: in the ring, or on its way to it at once. */
  const here = new Map<number, WrittenPacket>();
  const delayed: { readonly at: number; readonly packet: WrittenPacket }[] = [];
  let keyframeAt = -1;
  let begun = false;
  const description = new PayloadDescription();

  const take = (packet: WrittenPacket) => {
    const flags = reader.read(packet);
    if (!begun) {
      begun = true;
      gate.begin(packet.sequence);
      rewrite?.begin(packet.payload, 0, null);
    }
    const { sequence, timestamp, payload } = packet;
    const ahead = gate.numbers.undecided(sequence);
    here.set(sequence, packet);
    const next = here.get((sequence + 1) | 0);
    if (next?.timestamp === timestamp) reader.layers.nextSpatialId = next.frame.spatialId;
    const verdict = gate.decide(sequence, timestamp, flags, reader.layers);
    if (rewrite !== null && ahead) {
      const { pictureId, pictureIdBits } = reader.description;
      rewrite.note(pictureId, pictureIdBits, verdict === Verdict.forward);
    }
    if (verdict === Verdict.drop) return;
    if (verdict === Verdict.fill) {
      outcome.fills.push(gate.place);
      return;
    }
    if (rewrite !== null) {
      if (!rewrite.patch(payload, 0)) throw new Error("a picture that passes is patched");
      describePayload(CODEC_OF[style], payload, 0, payload.length, packet.marker, description);
      outcome.pictureIds.set(gate.place, description.pictureId);
    }
    const { frame, part, parts } = packet;
    const { marker } = gate.filter;
    const place = gate.place;
    outcome.sent.push({ stream: 0, frame, part, parts, marker, timestamp, sequence: place });
  };

  const pictures = 15 + pick(20);
  gate.filter.setTarget(pick(4), pick(4));
  for (let picture = 0; picture < pictures; picture += 1) {
    if (pick(5) === 0) gate.filter.setTarget(pick(4), pick(4));
    if (gate.filter.wantsKeyframe && keyframeAt < picture) keyframeAt = picture + pick(4);
    const key = picture === keyframeAt || pick(25) === 0;
    const frames = stream.next(key, leftOut(style, random));
    const packets = writer.write(frames, () => 1 + pick(3));
    const late = packets.filter((_, i) => (picture > 0 || i > 0) && random() < lateness);
    for (const packet of late) {
      held += 1;
      delayed.push({ at: picture + pick(5), packet });
      if (frames.length < mode.spatialLayers) outcome.open.add(`0/${packet.frame.picture}`);
    }
    for (const packet of packets) if (!late.includes(packet)) here.set(packet.sequence, packet);
    for (const packet of packets) if (!late.includes(packet)) take(packet);
    for (let i = delayed.length - 1; i >= 0; i -= 1) {
      if (delayed[i]!.at <= picture) take(delayed.splice(i, 1)[0]!.packet);
    }
    outcome.points.push(`${gate.filter.spatialId}/${gate.filter.temporalId}`);
  }
  for (const { packet } of delayed) take(packet);
  outcome.sent.sort((a, b) => a.sequence - b.sequence);
  return { ...outcome, held };
}

function expectContinuous(outcome: Outcome): void {
  const places = [...outcome.sent.map((packet) => packet.sequence), ...outcome.fills];
  places.sort((a, b) => a - b);
  // Numbers go on without a gap, and none is used twice.
  const wrong = places.findIndex((place, i) => place !== i);
  if (wrong !== -1) throw new Error(`place ${wrong} is ${places[wrong]}`);
}

const STYLES: readonly (readonly [Style, readonly Mode[]])[] = [
  ["vp8", MODES.filter((mode) => mode.spatialLayers === 1)],
  ["vp8-descriptor", MODES.filter((mode) => mode.spatialLayers === 1)],
  ["vp9-flexible", MODES],
  ["vp9-group", MODES],
  ["av1-descriptor", MODES],
];
const CASES = STYLES.flatMap(([style, modes]) => modes.map((mode) => [style, mode] as const));

for (const lateness of [0, 0.04]) {
  test(`${RUNS / 2} random sequences of targets, ${lateness * 100} % of packets late`, () => {
    let frames = 0;
    const points = new Set<string>();
    for (let i = 0; i < RUNS / 2; i += 1) {
      const [style, mode] = CASES[i % CASES.length]!;
      const seed = i + 1 + lateness * 1e6;
      try {
        const outcome = run(seed, style, mode, lateness);
        expectContinuous(outcome);
        const judged = judge(outcome.sent, {
          damaged: new Set(),
          pictures: outcome.open,
          cuts: false,
        });
        if (judged.faults.length > 0) throw new Error(judged.faults.slice(0, 5).join("; "));
        if (lateness === 0) {
          expect(outcome.fills.length).toBe(0);
          expectPictureIds(outcome);
        }
        frames += judged.frames;
        for (const point of outcome.points) points.add(`${style} ${mode.name} ${point}`);
      } catch (error) {
        throw new Error(`seed ${seed}, ${style} ${mode.name}: ${error}`, { cause: error });
      }
    }
    expect(frames).toBeGreaterThan(RUNS * 5);
    // Every layer point of the largest modes was reached.
    for (const style of ["vp9-flexible", "vp9-group", "av1-descriptor"]) {
      for (const mode of ["L3T3", "L3T3_KEY"]) {
        for (const point of ["0/0", "0/2", "1/1", "2/0", "2/2"]) {
          expect(points.has(`${style} ${mode} ${point}`), `${style} ${mode} ${point}`).toBe(true);
        }
      }
    }
  }, 80_000);
}

/** Without late packets a VP8 viewer sees each picture id follow the one before. */
function expectPictureIds(outcome: Outcome): void {
  let before = -1;
  for (const packet of outcome.sent) {
    const id = outcome.pictureIds.get(packet.sequence);
    if (id === undefined) return;
    if (before !== -1 && packet.part === 0 && id !== ((before + 1) & 0x7fff)) {
      throw new Error(`picture id ${id} follows ${before}`);
    }
    before = id;
  }
}

test("the model finds what is wrong", () => {
  const outcome = run(3, "av1-descriptor", MODES.find((mode) => mode.name === "L2T2")!, 0);
  expect(judge(outcome.sent).faults).toEqual([]);
  const whole = outcome.sent.filter((packet) => packet.frame.references.length > 0);
  const lost = outcome.sent.filter((packet) => packet.frame.id !== whole[0]!.frame.references[0]);
  expect(judge(lost).faults.some((fault) => fault.includes("lacks frame"))).toBe(true);
  const unmarked = outcome.sent.map((packet) => ({ ...packet, marker: false }));
  expect(judge(unmarked).faults.some((fault) => fault.includes("without marker"))).toBe(true);
});

test("flags of the ring say where a stream may begin", () => {
  const writer = new LayerPackets(MODES[0]!, "vp8", 0, 0, 0, TICKS);
  const reader = new PacketReader(CODEC_OF.vp8);
  const stream = new LayeredStream(MODES[0]!, "vp8");
  const [key] = writer.write(stream.next(false), () => 1);
  const [delta] = writer.write(stream.next(false), () => 1);
  expect(reader.read(key!) & SlotFlag.keyframeStart).not.toBe(0);
  expect(reader.read(delta!) & SlotFlag.keyframeStart).toBe(0);
});
