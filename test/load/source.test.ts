import { describe, expect, test } from "bun:test";
import type { SourcePlan } from "../../src/load/options.ts";
import { readStamp, STAMP_BYTES, Stamp, writeStamp } from "../../src/load/stamp.ts";
import { DuePacket, SyntheticSource } from "../../src/load/synthetic-source.ts";

const PLAN: SourcePlan = {
  audio: false,
  video: true,
  bitrate: 2.5e6,
  fps: 30,
  spreadUs: 0,
  packetBytes: 1100,
  gopSeconds: 2,
  keyframeRatio: 4,
  layers: 1,
};

function packetsUntil(source: SyntheticSource, us: number): DuePacket[] {
  const packets: DuePacket[] = [];
  while (source.nextDueUs < us) {
    const packet = new DuePacket();
    source.take(packet);
    packets.push(packet);
  }
  return packets;
}

describe("SyntheticSource", () => {
  test("keeps the bit rate, the frame rate and the keyframe interval", () => {
    const packets = packetsUntil(new SyntheticSource(PLAN, 0), 10e6 - 1);
    const bits = packets.reduce((sum, packet) => sum + packet.bytes * 8, 0);
    expect(Math.abs(bits / 10 - 2.5e6) / 2.5e6).toBeLessThan(0.01);
    const ends = packets.filter((packet) => packet.last);
    expect(ends.length).toBe(300);
    expect(ends.filter((packet) => packet.keyframe).map((packet) => packet.frame)).toEqual([
      0, 60, 120, 180, 240,
    ]);
    expect(Math.max(...packets.map((packet) => packet.bytes))).toBeLessThanOrEqual(1100);
  });

  test("a burst leaves at once, a spread frame evenly over its time", () => {
    const burst = packetsUntil(new SyntheticSource(PLAN, 0), 1e6);
    for (const packet of burst) expect(packet.dueUs).toBe(packet.timeUs);
    const spread = packetsUntil(new SyntheticSource({ ...PLAN, spreadUs: 15_000 }, 0), 1e6);
    for (const { dueUs, timeUs, index, count } of spread) {
      expect(dueUs - timeUs).toBeCloseTo((15_000 * index) / count, 6);
    }
  });

  test("a PLI makes the next frame a keyframe, and the interval begins anew", () => {
    const source = new SyntheticSource(PLAN, 0);
    packetsUntil(source, 0.49e6);
    source.requestKeyframe();
    const keyframes = packetsUntil(source, 3e6).filter((p) => p.keyframe && p.index === 0);
    expect(keyframes.map((packet) => packet.frame)).toEqual([16, 76]);
  });

  test("audio has its own clock, and packets come in the order of their times", () => {
    const source = new SyntheticSource({ ...PLAN, audio: true, spreadUs: 15_000 }, 1000);
    const packets = packetsUntil(source, 1e6);
    expect(packets.filter((packet) => packet.kind === "audio").length).toBe(50);
    for (let i = 1; i < packets.length; i += 1) {
      expect(packets[i]!.dueUs).toBeGreaterThanOrEqual(packets[i - 1]!.dueUs);
    }
  });

  test("after a suspension it goes on from the present", () => {
    const source = new SyntheticSource(PLAN, 0);
    packetsUntil(source, 1e6);
    source.skipTo(9e6);
    expect(source.nextDueUs).toBe(9e6);
  });
});

test("a stamp comes back, and holds nothing that looks like a start code", () => {
  const bytes = new Uint8Array(STAMP_BYTES + 6);
  const written = { sentUs: 123_456_789_012, frame: 70_000, index: 300, count: 301 };
  writeStamp(bytes, 3, written);
  const read = new Stamp();
  expect(readStamp(bytes, 3, STAMP_BYTES, read)).toBe(true);
  expect({ ...read }).toEqual(written);
  for (const byte of bytes.subarray(3, 3 + STAMP_BYTES)) expect(byte).toBeGreaterThan(0x7f);
  expect(readStamp(bytes, 2, STAMP_BYTES, read)).toBe(false);
  expect(readStamp(bytes, 3, STAMP_BYTES - 1, read)).toBe(false);
});
