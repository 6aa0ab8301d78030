/** Opus packets (RFC 6716 3.1, RFC 7587). */
import type { PayloadDescription } from "./payload-description.ts";

/** Each packet is a whole frame that a decoder can start at. */
export function describeOpus(out: PayloadDescription): boolean {
  out.keyframe = true;
  out.frameStart = true;
  out.frameEnd = true;
  return true;
}
