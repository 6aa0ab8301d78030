/** Opus packets (RFC 6716 3.1, RFC 7587). */
import type { PayloadDescription } from "./payload-description.ts";

/** Each packet is a whole frame that a decoder can start at. */
export function describeOpus(out: PayloadDescription): boolean {
  out.keyframe = true;
  out.frameStart = true;
  out.frameEnd = true;
  return true;
}

/** How long each frame of a packet with this first byte plays, us (RFC 6716 3.1, table 2). */
export function opusFrameUs(toc: number): number {
  const configuration = toc >> 3;
  if (configuration < 12) return [10_000, 20_000, 40_000, 60_000][configuration & 3]!;
  if (configuration < 16) return [10_000, 20_000][configuration & 1]!;
  return [2_500, 5_000, 10_000, 20_000][configuration & 3]!;
}

/** The compressed frames of a packet (3.2), as views; null when their lengths do not fit. */
export function splitOpus(packet: Uint8Array): Uint8Array[] | null {
  const code = packet[0]! & 3;
  if (code === 0) return [packet.subarray(1)];
  if (code === 1) return cut(packet, 1, packet.length, 2, []);
  if (code === 2) {
    const first = readLength(packet, 1);
    return first === null ? null : cut(packet, first.end, packet.length, 2, [first.length]);
  }
  return splitMany(packet);
}

/** 3.2.5: | v p count (6) | [padding lengths] [lengths of all but the last] frames [padding]. */
function splitMany(packet: Uint8Array): Uint8Array[] | null {
  const head = packet[1] ?? 0;
  const count = head & 0x3f;
  let position = 2;
  let padding = 0;
  if ((head & 0x40) !== 0) {
    let byte = 255;
    while (byte === 255) {
      if (position >= packet.length) return null;
      byte = packet[position]!;
      position += 1;
      padding += Math.min(byte, 254);
    }
  }
  const lengths: number[] = [];
  for (let i = 1; (head & 0x80) !== 0 && i < count; i += 1) {
    const next = readLength(packet, position);
    if (next === null) return null;
    lengths.push(next.length);
    position = next.end;
  }
  return cut(packet, position, packet.length - padding, count, lengths);
}

/** Cuts `count` frames: of the given lengths and the rest, or all of one length without any. */
function cut(
  packet: Uint8Array,
  start: number,
  end: number,
  count: number,
  lengths: readonly number[],
): Uint8Array[] | null {
  if (count === 0 || end < start) return null;
  const even = lengths.length === 0;
  if (even && (end - start) % count !== 0) return null;
  const frames: Uint8Array[] = [];
  let position = start;
  for (let i = 0; i < count; i += 1) {
    const length = even ? (end - start) / count : (lengths[i] ?? end - position);
    if (length < 0 || position + length > end) return null;
    frames.push(packet.subarray(position, position + length));
    position += length;
  }
  return frames;
}

/** 3.2.1: up to 251 in one byte, else two. */
function readLength(
  packet: Uint8Array,
  offset: number,
): { readonly length: number; readonly end: number } | null {
  if (offset >= packet.length) return null;
  const first = packet[offset]!;
  if (first < 252) return { length: first, end: offset + 1 };
  if (offset + 1 >= packet.length) return null;
  return { length: first + 4 * packet[offset + 1]!, end: offset + 2 };
}
