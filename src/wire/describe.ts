import { describeAv1 } from "./av1.ts";
import { Codec, type CodecId } from "./codecs.ts";
import { describeH264 } from "./h264.ts";
import { describeH265 } from "./h265.ts";
import { describeOpus } from "./opus.ts";
import type { PayloadDescription } from "./payload-description.ts";
import { isPictureSize } from "./picture-size.ts";
import { describeVp8 } from "./vp8.ts";
import { describeVp9 } from "./vp9.ts";

/**
 * Describes one RTP payload (opened, without padding) of `length` bytes at `offset`. `marker` is
 * the RTP marker bit. False when the payload breaks its format or is empty; `out` then says nothing.
 */
export function describePayload(
  codec: CodecId,
  bytes: Uint8Array,
  offset: number,
  length: number,
  marker: boolean,
  out: PayloadDescription,
): boolean {
  out.reset();
  if (length <= 0) return false;
  out.frameEnd = marker;
  if (!describeAs(codec, bytes, offset, length, out)) return false;
  if ((out.width | out.height) !== 0 && !isPictureSize(out.width, out.height)) {
    out.width = 0;
    out.height = 0;
  }
  return true;
}

function describeAs(
  codec: CodecId,
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  switch (codec) {
    case Codec.opus:
      return describeOpus(out);
    case Codec.h264:
      return describeH264(bytes, offset, length, out);
    case Codec.h265:
      return describeH265(bytes, offset, length, out);
    case Codec.vp8:
      return describeVp8(bytes, offset, length, out);
    case Codec.vp9:
      return describeVp9(bytes, offset, length, out);
    case Codec.av1:
      return describeAv1(bytes, offset, length, out);
    default:
      return false;
  }
}
