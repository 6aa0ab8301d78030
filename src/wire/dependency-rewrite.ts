/** Changes a Dependency Descriptor on its way to one viewer (AV1 RTP specification, A.4, A.8). */
import { MANDATORY_BYTES } from "./dependency-descriptor.ts";

const ACTIVE_FLAG_BIT = 25;
const FLAGS = 5;

/** What `rewriteDescriptor` is to change; `maskBit` and `targets` are the slot's. */
export interface DescriptorChange {
  /** Added to the frame number, modulo 2^16: one line over switches between encodings. */
  frameNumberOffset: number;
  /** Bit offset of the active decode targets (DependencyDescriptorReader.maskBit). */
  maskBit: number;
  /** Decode targets of the structure, 1..32; 0 leaves the active targets as they are. */
  targets: number;
  /** One bit a decode target. */
  activeTargets: number;
}

/** A descriptor grows by the flags and one bit a decode target at most. */
export const DESCRIPTOR_GROWTH_MAX = 5;

/**
 * Copies the descriptor of `length` bytes at `bytes[offset]` to `out[outOffset]` with another frame
 * number and set of active decode targets. Returns its new length, at most `length` +
 * DESCRIPTOR_GROWTH_MAX; -1 when `maskBit` lies outside it.
 */
export function rewriteDescriptor(
  bytes: Uint8Array,
  offset: number,
  length: number,
  change: Readonly<DescriptorChange>,
  out: Uint8Array,
  outOffset: number,
): number {
  const { maskBit, targets } = change;
  const extended = length > MANDATORY_BYTES;
  const number = ((bytes[offset + 1]! << 8) | bytes[offset + 2]!) + change.frameNumberOffset;
  if (targets === 0) {
    for (let i = 0; i < length; i += 1) out[outOffset + i] = bytes[offset + i]!;
    writeNumber(out, outOffset, number);
    return length;
  }
  const first = 8 * MANDATORY_BYTES + FLAGS;
  if (maskBit < first || maskBit > (extended ? length * 8 : first)) return -1;
  const had = extended && bitAt(bytes, offset, ACTIVE_FLAG_BIT) === 1;
  const tailFrom = maskBit + (had ? targets : 0);
  const tail = extended ? Math.max(0, length * 8 - tailFrom) : 0;
  const total = maskBit + targets + tail;
  const newLength = (total + 7) >> 3;
  for (let i = 0; i < newLength; i += 1) out[outOffset + i] = 0;
  copyBits(bytes, offset, 0, out, outOffset, 0, extended ? maskBit : 8 * MANDATORY_BYTES);
  writeNumber(out, outOffset, number);
  setBit(out, outOffset, ACTIVE_FLAG_BIT);
  // f(n) is written from its highest bit on: the last one stands for decode target 0.
  for (let i = 0; i < targets; i += 1) {
    if (((change.activeTargets >>> (targets - 1 - i)) & 1) === 1)
      setBit(out, outOffset, maskBit + i);
  }
  copyBits(bytes, offset, tailFrom, out, outOffset, maskBit + targets, tail);
  return newLength;
}

function writeNumber(out: Uint8Array, offset: number, number: number): void {
  out[offset + 1] = number >> 8;
  out[offset + 2] = number;
}

function bitAt(bytes: Uint8Array, offset: number, bit: number): number {
  return (bytes[offset + (bit >> 3)]! >> (7 - (bit & 7))) & 1;
}

function setBit(out: Uint8Array, offset: number, bit: number): void {
  const at = offset + (bit >> 3);
  out[at] = out[at]! | (0x80 >> (bit & 7));
}

/** Into zeroed bytes. */
function copyBits(
  bytes: Uint8Array,
  offset: number,
  from: number,
  out: Uint8Array,
  outOffset: number,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i += 1) {
    if (bitAt(bytes, offset, from + i) === 1) setBit(out, outOffset, to + i);
  }
}
