/** What the first keyframe says of the pictures: their SDP parameters, and what viewers cannot show. */
import { ObuType } from "../wire/av1.ts";
import { readSequenceFormat } from "../wire/av1-sequence.ts";
import type { CodecName } from "../wire/codecs.ts";
import { splitUnits } from "../wire/frame-units.ts";
import { H264_LAYOUT, H264Nal } from "../wire/h264.ts";
import { readH264Format, type SampleFormat } from "../wire/h264-sps.ts";
import { H265_LAYOUT, H265Nal } from "../wire/h265.ts";
import { readH265Format } from "../wire/h265-sps.ts";
import { nalType } from "../wire/nal-units.ts";
import { splitObus } from "../wire/obus.ts";

export interface PictureFormat {
  /** The a=fmtp parameters that describe the stream. */
  readonly fmtp: string;
  /** Why browsers cannot show it; null when they can. */
  readonly fault: string | null;
  readonly interlaced: boolean;
}

/** Reads a formed keyframe (H.264 and H.265 with 4-byte lengths). */
export function readPictureFormat(codec: CodecName, key: Uint8Array): PictureFormat {
  if (codec === "h264") return h264Format(key);
  if (codec === "h265") return h265Format(key);
  if (codec === "av1") return av1Format(key);
  if (codec === "vp9") return vp9Format(key);
  return { fmtp: "", fault: null, interlaced: false };
}

const UNREADABLE = "its configuration cannot be read";

function h264Format(key: Uint8Array): PictureFormat {
  const sps = splitUnits(key, 4)?.find((unit) => nalType(H264_LAYOUT, unit[0]!) === H264Nal.sps);
  const format = sps === undefined ? null : readH264Format(sps);
  if (sps === undefined || format === null) return broken();
  const fmtp = `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${sps.subarray(1, 4).toHex()}`;
  return { fmtp, ...faultOf(format) };
}

function h265Format(key: Uint8Array): PictureFormat {
  const sps = splitUnits(key, 4)?.find((unit) => nalType(H265_LAYOUT, unit[0]!) === H265Nal.sps);
  const format = sps === undefined ? null : readH265Format(sps);
  if (format === null) return broken();
  const { level, profile, tier } = format;
  return {
    fmtp: `level-id=${level};profile-id=${profile};tier-flag=${tier};tx-mode=SRST`,
    ...faultOf(format),
  };
}

function faultOf({ chroma, bitDepth, interlaced }: SampleFormat): Omit<PictureFormat, "fmtp"> {
  const fault = interlaced ? "it is interlaced" : sampleFault(chroma, bitDepth);
  return { fault, interlaced };
}

/** Browsers' decoders of WebRTC take 8 bits and 4:2:0. */
function sampleFault(chroma: number, bitDepth: number): string | null {
  if (bitDepth !== 8) return `it has ${bitDepth} bits a sample instead of 8`;
  const name = ["monochrome", "4:2:0", "4:2:2", "4:4:4"][chroma] ?? "of an unknown sampling";
  return chroma === 1 ? null : `its pictures are ${name} instead of 4:2:0`;
}

function vp9Format(key: Uint8Array): PictureFormat {
  // VP9 6.2 and 7.2: profile_low_bit stands in front of profile_high_bit.
  const profile = ((key[0]! >> 5) & 1) + 2 * ((key[0]! >> 4) & 1);
  const fault = profile === 0 ? null : `it is of profile ${profile} (4:4:4 or over 8 bits)`;
  return { fmtp: `profile-id=${profile}`, fault, interlaced: false };
}

function av1Format(key: Uint8Array): PictureFormat {
  const header = splitObus(key)?.find(({ type }) => type === ObuType.sequenceHeader);
  const format = header === undefined ? null : readSequenceFormat(header.payload);
  if (format === null) return broken();
  const { level, profile, tier, bitDepth, monochrome } = format;
  const chroma = monochrome ? 0 : [1, 3, 2][profile]!;
  return {
    fmtp: `level-idx=${level};profile=${profile};tier=${tier}`,
    fault: sampleFault(chroma, bitDepth),
    interlaced: false,
  };
}

function broken(): PictureFormat {
  return { fmtp: "", fault: UNREADABLE, interlaced: false };
}
