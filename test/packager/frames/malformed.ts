/** What malformed packets cost: their frame, and those up to the next keyframe. */
import { expect } from "bun:test";
import type { Frame, Packet } from "../../../src/packager/frames/frame.ts";
import type { VideoFrames } from "../../../src/packager/frames/video-frames.ts";
import { fromHex } from "../../support/hex.ts";
import { packet, pushAll } from "../h264-packets.ts";

/** True frames of a codec as payloads; the last one is marked. */
export interface TrueFrames {
  readonly key: readonly string[];
  readonly delta: readonly string[];
}

export const MARK = 16 | 8;

/** The payloads of one frame at a time, as packets. */
export function frameAt(timestamp: number, payloads: readonly string[]): Packet[] {
  return payloads.map((hex, n) =>
    packet(fromHex(hex), timestamp, n === payloads.length - 1 ? MARK : 0),
  );
}

/** `bad`: payloads with a `|` between them, in front of a true frame's at the same time. */
export function expectRecovery(frames: VideoFrames, { key, delta }: TrueFrames, bad: string): void {
  const push = (time: number, payloads: readonly string[]): Frame[] =>
    pushAll(frames, frameAt(time * 3000, payloads));
  expect(push(0, key)).toHaveLength(1);
  expect(push(1, delta)).toHaveLength(1);
  const payloads = bad.split("|").map((part) => packet(fromHex(part), 6000));
  expect(pushAll(frames, payloads)).toEqual([]);
  expect([...push(2, delta), ...push(3, delta)]).toEqual([]);
  expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, true]);
  expect(push(4, key)).toHaveLength(1);
  expect(push(5, delta)).toHaveLength(1);
  expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, false]);
}
