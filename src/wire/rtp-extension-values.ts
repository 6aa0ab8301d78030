/** Values of the header extensions that we read or write ourselves. */
import { readU32, writeU24, writeU32 } from "./bytes.ts";

/** When a frame was captured, on the capturer's NTP clock (seconds since 1900, UQ32.32). */
export class AbsCaptureTime {
  ntpSeconds = 0;
  ntpFraction = 0;
  /** Capturer's clock against the sender's; only meaningful with `hasOffset`. Signed Q32.32. */
  hasOffset = false;
  offsetSeconds = 0;
  offsetFraction = 0;
}

export const ABS_CAPTURE_TIME_BYTES = 8;
const ABS_CAPTURE_TIME_BYTES_WITH_OFFSET = 16;

/** Reads an abs-capture-time element of 8 or 16 bytes. False for any other length. */
export function readAbsCaptureTime(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: AbsCaptureTime,
): boolean {
  if (length !== ABS_CAPTURE_TIME_BYTES && length !== ABS_CAPTURE_TIME_BYTES_WITH_OFFSET) {
    return false;
  }
  out.ntpSeconds = readU32(bytes, offset);
  out.ntpFraction = readU32(bytes, offset + 4);
  out.hasOffset = length === ABS_CAPTURE_TIME_BYTES_WITH_OFFSET;
  out.offsetSeconds = out.hasOffset ? readU32(bytes, offset + 8) | 0 : 0;
  out.offsetFraction = out.hasOffset ? readU32(bytes, offset + 12) : 0;
  return true;
}

/** Writes the element's data. Returns its length, 8 or 16. */
export function writeAbsCaptureTime(
  out: Uint8Array,
  offset: number,
  value: Readonly<AbsCaptureTime>,
): number {
  writeU32(out, offset, value.ntpSeconds);
  writeU32(out, offset + 4, value.ntpFraction);
  if (!value.hasOffset) return ABS_CAPTURE_TIME_BYTES;
  writeU32(out, offset + 8, value.offsetSeconds);
  writeU32(out, offset + 12, value.offsetFraction);
  return ABS_CAPTURE_TIME_BYTES_WITH_OFFSET;
}

export const PLAYOUT_DELAY_BYTES = 3;
/** Highest value of either bound: 12 bits of 10 ms. */
const PLAYOUT_DELAY_MAX = 0xfff;

/** Writes min and max delay in units of 10 ms, clamped to 12 bits. Returns 3. */
export function writePlayoutDelay(
  out: Uint8Array,
  offset: number,
  min: number,
  max: number,
): number {
  const low = Math.max(0, Math.min(PLAYOUT_DELAY_MAX, min));
  const high = Math.max(low, Math.min(PLAYOUT_DELAY_MAX, max));
  writeU24(out, offset, (low << 12) | high);
  return PLAYOUT_DELAY_BYTES;
}

export const ABS_SEND_TIME_BYTES = 3;

/** Writes `microseconds` as seconds in 6.18 fixed point, which wraps every 64 s. Returns 3. */
export function writeAbsSendTime(out: Uint8Array, offset: number, microseconds: number): number {
  writeU24(out, offset, Math.floor((microseconds % 64_000_000) * 0.262144) & 0xffffff);
  return ABS_SEND_TIME_BYTES;
}
