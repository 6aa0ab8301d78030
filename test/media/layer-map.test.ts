import { expect, test } from "bun:test";
import { LayerMap } from "../../src/media/layer-map.ts";
import { SvcFilter, type Verdict } from "../../src/media/svc-filter.ts";
import { gridBit, LayerFlag, SlotFlag } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { DependencyDescriptorReader } from "../../src/wire/dependency-descriptor.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import { LAYER_VECTORS, layerVector, type VectorPacket } from "../support/layer-vectors.ts";

const CODECS: Readonly<Record<string, CodecId>> = {
  AV1: Codec.av1,
  VP8: Codec.vp8,
  VP9: Codec.vp9,
};

/** Describes a recorded packet by its descriptor or by its payload alone. */
class Reader {
  readonly layers = new PacketLayers();
  readonly description = new PayloadDescription();
  readonly #descriptors = new DependencyDescriptorReader();
  readonly #map = new LayerMap();

  constructor(
    private readonly codec: CodecId,
    private readonly by: "descriptor" | "payload",
  ) {}

  read(packet: VectorPacket): number {
    const { head, marker, descriptor } = packet;
    describePayload(this.codec, head, 0, head.length, marker, this.description);
    if (this.by === "payload") {
      this.#map.fromPayload(this.codec, this.description, head, 0, this.layers);
    } else {
      expect(this.#descriptors.read(descriptor, 0, descriptor.length)).toBe(true);
      this.#map.fromDescriptor(this.#descriptors, this.layers);
    }
    const key = this.by === "payload" ? this.description.keyframe : this.#descriptors.keyframe;
    return (marker ? SlotFlag.marker : 0) | (key ? SlotFlag.keyframeStart : 0);
  }
}

function verdicts(name: string, by: "descriptor" | "payload", spatial: number, temporal: number) {
  const { packets, codec } = layerVector(name);
  const reader = new Reader(CODECS[codec]!, by);
  const filter = new SvcFilter();
  filter.setTarget(spatial, temporal);
  const out: [Verdict, boolean][] = [];
  for (const packet of packets) {
    const flags = reader.read(packet);
    const verdict = filter.decide(packet.sequence, packet.timestamp, flags, reader.layers);
    out.push([verdict, verdict === 0 && filter.marker]);
  }
  return out;
}

for (const name of ["vp9-l1t3", "vp9-l3t3", "vp9-l3t3-key"]) {
  test(`${name} of Chromium: the payload descriptor and the dependency descriptor agree`, () => {
    for (let spatial = 0; spatial < 3; spatial += 1) {
      for (let temporal = 0; temporal < 3; temporal += 1) {
        const by = verdicts(name, "descriptor", spatial, temporal);
        expect(verdicts(name, "payload", spatial, temporal)).toEqual(by);
      }
    }
  });
}

for (const name of LAYER_VECTORS) {
  test(`${name} of Chromium: each target gets exactly the frames it depends on`, () => {
    const { packets, frames } = layerVector(name);
    const top = Math.max(...[...frames.values()].map((frame) => frame.spatialIndex));
    for (let spatial = 0; spatial <= top; spatial += 1) {
      for (let temporal = 0; temporal < 3; temporal += 1) {
        const passed = verdicts(name, "descriptor", spatial, temporal);
        const numbers = new DependencyDescriptorReader();
        const sent = new Set<number>();
        packets.forEach((packet, i) => {
          numbers.read(packet.descriptor, 0, packet.descriptor.length);
          if (passed[i]![0] === 0) sent.add(numbers.frameNumber);
        });
        // What the encoder says the target's own frames need, and nothing else.
        const wanted = new Set<number>();
        for (const frame of [...frames.values()].reverse()) {
          const own = frame.spatialIndex === spatial && frame.temporalIndex <= temporal;
          if (own || wanted.has(frame.frameId)) {
            wanted.add(frame.frameId);
            for (const id of frame.dependencies) wanted.add(id);
          }
        }
        const known = [...sent].filter((id) => frames.has(id));
        // Frames at the end of the recording may be needed by ones after it.
        const last = Math.max(...frames.keys()) - 12;
        expect(known.filter((id) => id < last).sort((a, b) => a - b)).toEqual(
          [...wanted].filter((id) => id < last).sort((a, b) => a - b),
        );
      }
    }
  });
}

test("the two layers that a publisher sends of three are known to be the highest", () => {
  const { packets } = layerVector("av1-l3t3-key");
  const reader = new Reader(Codec.av1, "descriptor");
  for (const packet of packets) reader.read(packet);
  expect(reader.layers.active & gridBit(1, 2)).not.toBe(0);
  expect(reader.layers.active & gridBit(2, 0)).toBe(0);
  // A viewer that wants the third gets the second, with its marker bit where it is the top.
  const all = verdicts("av1-l3t3", "descriptor", 2, 2);
  expect(all.every(([verdict]) => verdict === 0)).toBe(true);
  expect(all).toEqual(verdicts("av1-l3t3", "descriptor", 1, 2));
});

test("a slot holds what was described, and gives it back", () => {
  const { packets } = layerVector("vp9-l3t3");
  const reader = new Reader(Codec.vp9, "descriptor");
  const view = new DataView(new ArrayBuffer(256));
  for (const packet of packets) {
    reader.read(packet);
    reader.layers.store(view, 40);
    const copy = new PacketLayers();
    copy.load(view, 40);
    expect(copy).toEqual(reader.layers);
    expect(copy.flags & LayerFlag.descriptor).not.toBe(0);
  }
});

test("H.264 has no layers to speak of", () => {
  const layers = new PacketLayers();
  const description = new PayloadDescription();
  const payload = Uint8Array.of(0x65, 1, 2);
  describePayload(Codec.h264, payload, 0, 3, true, description);
  new LayerMap().fromPayload(Codec.h264, description, payload, 0, layers);
  expect(layers.frameNumberBits).toBe(0);
});
