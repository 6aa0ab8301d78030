/** Packets of H.264 frames, as a ring gives them to the packager. */
import type { Frame, Packet } from "../../src/packager/frames/frame.ts";
import { h264Assembly } from "../../src/packager/frames/h264.ts";
import { VideoFrames } from "../../src/packager/frames/video-frames.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { joinUnits } from "../../src/wire/frame-units.ts";
import { Packetizer } from "../../src/wire/packetize.ts";
import { fromHex } from "../support/hex.ts";

// As libx264 writes them: 1280x720, Constrained Baseline; and another encoder's sets of 640x360.
export const SPS = fromHex("6742c01fda014016ec0440000003004000000f03c60ca8");
export const PPS = fromHex("68ce32c8");
export const SMALL_SPS = fromHex("6742c01ed900a02ff970110000030001000003003c0f162e48");
export const IDR = fromHex("65888400");
export const DELTA = fromHex("419a2000");
/** The sets as rings keep them: a STAP-A. */
export const CACHED = fromHex(`78 0017 ${SPS.toHex()} 0004 ${PPS.toHex()}`);

/** A slice that begins a picture, `size` bytes long. */
export function slice(kind: "idr" | "delta", size: number, random: () => number): Uint8Array {
  const unit = Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
  unit.set((kind === "idr" ? IDR : DELTA).subarray(0, 3));
  return unit;
}

export function packet(payload: Uint8Array, timestamp: number, flags = 0, arrivalUs = 0): Packet {
  return { timestamp, flags, payload, arrivalUs };
}

/** The packets of one frame (of H.264 with 4-byte lengths), each in memory that is another's afterwards. */
export function packetsOf(
  frame: Uint8Array,
  timestamp: number,
  bytesMax = 1170,
  codec: CodecId = Codec.h264,
): Packet[] {
  const found: Packet[] = [];
  new Packetizer(codec, bytesMax, 0).packetize(frame, (payload, length, last) => {
    const flags = last ? SlotFlag.marker | SlotFlag.frameEnd : 0;
    found.push(packet(payload.slice(0, length), timestamp, flags, timestamp * 10 + found.length));
  });
  return found;
}

export const frameOf = (...units: Uint8Array[]) => joinUnits(units);

/** What comes out of packets, the payload's memory being overwritten behind each. */
export function pushAll(frames: VideoFrames, packets: readonly Packet[]): Frame[] {
  const found: Frame[] = [];
  const scratch = new Uint8Array(4096);
  for (const each of packets) {
    const payload = scratch.subarray(7, 7 + each.payload.length);
    payload.set(each.payload);
    frames.push({ ...each, payload }, (frame) => found.push(frame));
    scratch.fill(0xee);
  }
  return found;
}

/** With no sets but those that come with the pictures. */
export function h264Frames(cached: Uint8Array | null = null): VideoFrames {
  return new VideoFrames(h264Assembly(() => cached));
}

export const hexOf = (frames: readonly Frame[]) => frames.map(({ data }) => data.toHex());
