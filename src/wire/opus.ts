/** Opus packets (RFC 6716 3.1, RFC 7587). */
import type { PayloadDescription } from "./payload-description.ts";

/** RFC 7587 4.1: the RTP clock of Opus, whatever it codes. */
export const OPUS_CLOCK_RATE = 48_000;
/** RFC 6716 3.2.5 (R5): 120 ms. */
const DURATION_MAX = 5760;

/** Each packet is a whole frame that a decoder can start at. */
export function describeOpus(out: PayloadDescription): boolean {
  out.keyframe = true;
  out.frameStart = true;
  out.frameEnd = true;
  return true;
}

/** Samples at 48 kHz that a packet decodes to, or 0 when the packet is malformed. */
export function opusDuration(bytes: Uint8Array, offset: number, length: number): number {
  if (length < 1) return 0;
  const toc = bytes[offset]!;
  const frames = frameCount(toc, bytes, offset, length);
  const duration = frames * frameDuration(toc >> 3);
  return duration <= DURATION_MAX ? duration : 0;
}

function frameCount(toc: number, bytes: Uint8Array, offset: number, length: number): number {
  // RFC 6716 3.2: code 0 is one frame, 1 and 2 are two, 3 has a count byte.
  const code = toc & 3;
  if (code === 0) return 1;
  if (code !== 3) return 2;
  return length < 2 ? 0 : bytes[offset + 1]! & 0x3f;
}

/** RFC 6716 3.1, table 2, in samples at 48 kHz. */
function frameDuration(config: number): number {
  if (config < 12) return [480, 960, 1920, 2880][config & 3]!; // SILK: 10, 20, 40, 60 ms
  if (config < 16) return (config & 1) === 0 ? 480 : 960; // hybrid: 10, 20 ms
  return 120 << (config & 3); // CELT: 2.5, 5, 10, 20 ms
}
