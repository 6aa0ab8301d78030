/** Picture Loss Indication (RFC 4585 6.3.1): no body; read its target by `readMediaSsrc`. */
import {
  FEEDBACK_HEADER_BYTES,
  FeedbackFormat,
  RtcpType,
  writeFeedbackHeader,
} from "./compound.ts";

export const PLI_BYTES = FEEDBACK_HEADER_BYTES;

/** Asks `mediaSsrc` for a keyframe. Returns 12. */
export function writePli(
  out: Uint8Array,
  offset: number,
  senderSsrc: number,
  mediaSsrc: number,
): number {
  const type = RtcpType.payloadFeedback;
  writeFeedbackHeader(out, offset, FeedbackFormat.pli, type, PLI_BYTES, senderSsrc, mediaSsrc);
  return PLI_BYTES;
}
