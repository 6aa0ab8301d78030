/** RTP padding is written into memory that is the packet's own, and nowhere else. */
import { expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import type { EgressContext } from "../../src/egress/context.ts";
import { Outgoing } from "../../src/egress/outgoing.ts";
import { sendProbe } from "../../src/egress/repair.ts";
import type { ViewerTrack } from "../../src/egress/viewer-track.ts";
import { Staging } from "../../src/feed/staging.ts";
import { PAYLOAD_BYTES_MAX } from "../../src/limits.ts";
import { Guarded, SlotFlag } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { Codec } from "../../src/wire/codecs.ts";
import {
  H264,
  KEY,
  RTX_SSRC,
  Sim,
  sourceOf,
  Track,
  VIDEO_SSRC,
  videoSection,
  withoutRtx,
} from "./harness.ts";
import type { Sent } from "./recorder.ts";
import { SECTION, type Session, type Stage, svc } from "./stage.ts";

const contextOf = (track: ViewerTrack) => (track as unknown as { context: EgressContext }).context;

/** A packet that ends in `padding` bytes, all as RFC 3550 5.1 has them. */
function expectPadding(packet: Sent, padding: number): void {
  expect(packet.padding).toBe(padding);
  const bytes = packet.bytes.subarray(packet.bytes.length - padding);
  expect([...bytes]).toEqual([...new Array<number>(padding - 1).fill(0), padding]);
}

/** Sends a packet, forgets its size, then sends numbers without media that were reserved before it. */
function fillers(stage: Stage, viewer: Session, count: number): Sent[] {
  const { sim } = stage;
  const encoding = stage.encodings[0]!;
  stage.run(5);
  const held = Array.from({ length: count }, () => encoding.capture()[0]!);
  const [head] = encoding.capture();
  encoding.arrive(head!, sim.now);
  sim.forward(encoding);
  for (let i = 0; i < 320; i += 1) {
    sim.pass(25_000);
    sim.egress.viewers.get(viewer.session)!.link.budget.earn(1000, 0);
    stage.nack(viewer, viewer.of(VIDEO_SSRC)[i % 5]!.index);
  }
  const before = viewer.of(VIDEO_SSRC).length;
  for (const { sequence, timestamp } of held) {
    encoding.put(sequence, timestamp, sim.now, { flags: SlotFlag.skip });
    sim.forward(encoding);
  }
  return viewer.of(VIDEO_SSRC).slice(before);
}

test.each([SECTION, withoutRtx(SECTION)])(
  "S1: a probe never reads beyond its region",
  (section) => {
    const stage = svc("L1T2", "vp8");
    const { sim } = stage;
    const viewer = stage.open(section);
    const fills = fillers(stage, viewer, 40);
    expect(fills.length).toBeGreaterThan(20);
    for (const fill of fills) expectPadding(fill, 1);
    const track = stage.track(viewer);
    const before = viewer.rtp.length;
    for (const bytes of [1200, 3, 2, 1, 0, 257, 258]) {
      expect(sendProbe(contextOf(track), track, bytes, sim.now)).toBe(section === SECTION);
      if (section !== SECTION) continue;
      const probe = viewer.rtp.at(-1)!;
      expect([probe.ssrc, probe.payload.length]).toEqual([RTX_SSRC, 2]);
      if (bytes > 2) expectPadding(probe, Math.min(255, bytes - 2));
      else expect(probe.padding).toBe(0);
    }
    if (section === SECTION) expect(viewer.rtp.length).toBe(before + 7);
    sim.memory.check();
    // What all viewers share is as it was.
    const other = stage.open(section);
    stage.run(3, () => true);
    const later = fillers(stage, viewer, 10);
    for (const fill of later) expectPadding(fill, 1);
    expect(other.rtp.length).toBeGreaterThan(0);
  },
);

test("S1: parameter sets that a probe pads stay parameter sets", () => {
  const sim = new Sim();
  const video = new Track("video", Codec.h264);
  const sets = Uint8Array.from({ length: Guarded.parameterSets.bytes }, (_, i) => i & 0x7f);
  video.writer.setParameterSets(sets);
  const viewer = sim.open(sourceOf({ video: [video] }), {
    media: [videoSection({ formats: [H264] })],
  });
  video.put(0, 0, sim.now, { flags: KEY | SlotFlag.needsParameterSets, length: 30 });
  sim.forward(video);
  const track = sim.egress.viewers.get(viewer.session)!.tracks[0]!;
  for (const bytes of [1200, 1281, 1027, 1026]) {
    expect(sendProbe(contextOf(track), track, bytes, sim.now)).toBe(true);
    const probe = viewer.of(RTX_SSRC).at(-1)!;
    expect([...probe.payload.subarray(2)]).toEqual([...sets]);
    if (bytes > 1026) expectPadding(probe, bytes - 1026);
    sim.pass(10_000);
  }
  sim.memory.check();
});

test("S1: a packet of the largest size is padded no further than its slot", () => {
  const sim = new Sim();
  const video = new Track("video");
  for (const [sequence, length] of [
    [0, PAYLOAD_BYTES_MAX],
    [1, PAYLOAD_BYTES_MAX - 1],
    [2, 100],
  ] as const) {
    video.put(sequence, 0, sim.now, { flags: KEY, length });
  }
  const region = sim.memory.allocate(Staging.bytes(3));
  const batch = new Staging(region, 3);
  const reader = new RingReader(video.grant.buffer, 0);
  const packet = new Outgoing(region);
  for (const sequence of [0, 1, 2]) batch.load(reader, sequence);
  const neighbour = region.bytes.slice(batch.payloadOffset(1) - 192, batch.payloadEnd(1));
  packet.take(batch, 0);
  expect(() => packet.pad(1)).toThrow(AssertionError);
  packet.take(batch, 1);
  packet.pad(1);
  expect(() => packet.pad(2)).toThrow(AssertionError);
  packet.take(batch, 2);
  for (const bad of [256, -1, 0.5, Number.NaN]) {
    expect(() => packet.pad(bad)).toThrow(AssertionError);
  }
  // One octet in front is another packet's, even after a prefix that is this one's.
  packet.take(batch, 2);
  packet.wrapRtx(7);
  expect(() => packet.wrapRtx(7)).toThrow(AssertionError);
  const unchanged = region.bytes.slice(batch.payloadOffset(1) - 192, batch.payloadEnd(1) - 1);
  expect(unchanged).toEqual(neighbour.slice(0, -1));
  sim.memory.check();
});
