import { expect, test } from "bun:test";
import { type RehearsedPacket, RehearsedSource } from "../../src/rehearsal/source.ts";

function seconds(count: number): readonly RehearsedPacket[] {
  const source = new RehearsedSource();
  return Array.from({ length: 30 * count }, () => source.next()).flat();
}

test("a second has 30 frames, of which each ends, and 50 packets of sound", () => {
  const packets = seconds(1);
  const video = packets.filter(({ kind }) => kind === "video");
  expect(video.filter(({ first }) => first)).toHaveLength(30);
  expect(video.filter(({ last }) => last)).toHaveLength(30);
  expect(packets.length - video.length).toBe(50);
});

test("a keyframe comes first and every two seconds", () => {
  const keyframes = seconds(5).filter(({ keyframe, first }) => keyframe && first);
  expect(keyframes).toHaveLength(3);
});

test("timestamps are those of a sender's that soon begin anew", () => {
  const timestamps = seconds(2).map(({ timestamp }) => timestamp);
  expect(Math.max(...timestamps)).toBeGreaterThan(0x8000_0000);
  expect(Math.min(...timestamps)).toBeLessThan(0x8000_0000);
  expect(timestamps.every((each) => each === each >>> 0)).toBe(true);
});
