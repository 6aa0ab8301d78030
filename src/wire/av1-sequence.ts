import { BitReader } from "./bits.ts";
import type { PayloadDescription } from "./payload-description.ts";

const bits = new BitReader();

/**
 * Reads the largest picture size of a sequence header OBU's payload (AV1 specification 5.5.1).
 * Leaves the size alone when the header is truncated.
 */
export function readSequenceSize(
  bytes: Uint8Array,
  offset: number,
  end: number,
  out: PayloadDescription,
): void {
  bits.reset(bytes, offset, end - offset, false);
  bits.skip(4); // seq_profile, still_picture
  if (bits.bit() === 1) {
    bits.skip(5); // reduced_still_picture_header: seq_level_idx
  } else {
    skipOperatingPoints();
  }
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  if (bits.overrun) return;
  out.width = width;
  out.height = height;
}

function skipOperatingPoints(): void {
  let delayLength = 0;
  if (bits.bit() === 1) {
    // timing_info: two numbers, equal_picture_interval and then num_ticks_per_picture_minus_1.
    bits.skip(64);
    if (bits.bit() === 1) bits.ue();
    if (bits.bit() === 1) {
      delayLength = bits.bits(5) + 1;
      bits.skip(32 + 5 + 5);
    }
  }
  const displayDelay = bits.bit() === 1;
  const count = bits.bits(5) + 1;
  for (let i = 0; i < count; i += 1) {
    bits.skip(12);
    if (bits.bits(5) > 7) bits.skip(1);
    if (delayLength > 0 && bits.bit() === 1) bits.skip(2 * delayLength + 1);
    if (displayDelay && bits.bit() === 1) bits.skip(4);
  }
}
