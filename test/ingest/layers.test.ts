/** Layers as ingest writes them into slots, from what Chromium was recorded to send. */
import { expect, test } from "bun:test";
import { DecodeTargets } from "../../src/ring/decode-targets.ts";
import { gridBit, SlotFlag } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { EXTENSION_TABLE_LENGTH, Extension } from "../../src/wire/extensions.ts";
import { layerVector } from "../support/layer-vectors.ts";
import { build, format, Session, section } from "./harness.ts";

const DESCRIPTOR_ID = 13;
const SSRC = 0x1234;

function publish(name: string, codec: "av1" | "vp9" | "vp8"): Session {
  const extensionIds = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  extensionIds[Extension.dependencyDescriptor] = DESCRIPTOR_ID;
  const session = new Session([
    section({ formats: [format({ codec })], extensionIds, ssrcs: [SSRC] }),
  ]);
  layerVector(name).packets.forEach((packet, i) => {
    // Only beginnings were recorded: of AV1, one whole element instead; N as it was (AV1 RTP 4.4).
    const whole = Uint8Array.of(0x10 | (packet.head[0]! & 0x08), 0x30, 9);
    const payload = codec === "av1" ? whole : packet.head;
    session.rtp(
      1000 + i * 10_000,
      build({
        ...{ type: 96, ssrc: SSRC, sequence: packet.sequence, timestamp: packet.timestamp },
        ...{ marker: packet.marker, payload },
        extensions: [[DESCRIPTOR_ID, packet.descriptor]],
      }),
    );
  });
  return session;
}

for (const [name, codec] of [
  ["av1-l3t3-key", "av1"],
  ["vp9-l3t3", "vp9"],
  ["vp8-l1t3", "vp8"],
] as const) {
  test(`${name}: slots tell each packet's frame and layer`, () => {
    const session = publish(name, codec);
    const { packets, frames } = layerVector(name);
    const reader = session.readers[0]![0]!;
    const copy = new Uint8Array(2048);
    const view = new DataView(copy.buffer);
    const layers = new PacketLayers();
    const first = reader.head - packets.length;
    let keyframes = 0;
    packets.forEach((packet, i) => {
      expect(reader.read((first + i) | 0, copy, 0)).toBe(0);
      layers.load(view, 0);
      expect(layers.frameNumberBits).toBe(16);
      const frame = frames.get(layers.frameNumber);
      if (frame === undefined) return;
      expect(frame.rtpTimestamp).toBe(packet.timestamp);
      expect(layers.spatialId).toBe(frame.spatialIndex);
      expect(layers.temporalId).toBe(frame.temporalIndex);
      if ((session.read((first + i) | 0)!.flags & SlotFlag.keyframeStart) !== 0) keyframes += 1;
    });
    expect(keyframes).toBe(1);
  });
}

test("the ring's header names the decode targets for the readers", () => {
  const session = publish("av1-l3t3-key", "av1");
  const reader = session.readers[0]![0]!;
  const targets = new DecodeTargets();
  expect(targets.load(reader.views)).toBe(true);
  expect(targets.count).toBe(9);
  expect(targets.version).toBe(1);
  const all = 0xffffffff;
  expect(targets.within(2, 2, all)).toBe(0x1ff);
  expect(targets.within(1, 2, all)).toBe(0b111_111);
  expect(targets.within(1, 0, all)).toBe(0b001_001);
  expect(targets.within(1, 2, gridBit(0, 0) | gridBit(1, 0))).toBe(0b001_001);
});

test("a ring without descriptors names no decode targets", () => {
  const session = new Session([section({ ssrcs: [SSRC] })]);
  expect(new DecodeTargets().load(session.readers[0]![0]!.views)).toBe(false);
});

test("a keyframe's descriptor has its place before all other extensions", () => {
  const extensionIds = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  extensionIds[Extension.dependencyDescriptor] = DESCRIPTOR_ID;
  extensionIds[Extension.colorSpace] = 12;
  extensionIds[Extension.absCaptureTime] = 7;
  const session = new Session([
    section({ formats: [format({ codec: "vp9" })], extensionIds, ssrcs: [SSRC] }),
  ]);
  const [key] = layerVector("vp9-l3t3").packets;
  const { sequence, timestamp, head, descriptor } = key!;
  session.rtp(
    1000,
    build({
      ...{ type: 96, ssrc: SSRC, sequence, timestamp, payload: head },
      extensions: [
        [12, new Uint8Array(28)],
        [7, new Uint8Array(16)],
        [DESCRIPTOR_ID, descriptor],
      ],
    }),
  );
  const slot = session.read((session.readers[0]![0]!.head - 1) | 0)!;
  expect(slot.extensions[0]).toBe(Extension.dependencyDescriptor);
  expect([...slot.extensions.subarray(2, 2 + descriptor.length)]).toEqual([...descriptor]);
});
