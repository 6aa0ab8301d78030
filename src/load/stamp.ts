/**
 * What our own publisher writes into each payload, so that a viewer can tell how long the packet was
 * on its way and which packet of which frame it is, whatever the servers between did to its header.
 *
 *   D3 A9 C5 F1 | send time, us (8) | frame (5) | index in the frame (2) | packets of the frame (2)
 *
 * Numbers are groups of seven bits under a set high bit: no zero byte, so no H.264 start code.
 */
const MAGIC = [0xd3, 0xa9, 0xc5, 0xf1] as const;
const SENT_BYTES = 8;
const FRAME_BYTES = 5;
const INDEX_BYTES = 2;

export const STAMP_BYTES = MAGIC.length + SENT_BYTES + FRAME_BYTES + 2 * INDEX_BYTES;
/** Packets of one frame that the stamp can count. */
export const STAMP_PACKETS_MAX = 2 ** 14 - 1;

export class Stamp {
  /** CLOCK_MONOTONIC, us: means something on the publisher's machine only. */
  sentUs = 0;
  frame = 0;
  index = 0;
  count = 0;
}

export function writeStamp(out: Uint8Array, offset: number, stamp: Readonly<Stamp>): void {
  for (let i = 0; i < MAGIC.length; i += 1) out[offset + i] = MAGIC[i]!;
  let at = offset + MAGIC.length;
  at = writeGroups(out, at, SENT_BYTES, Math.floor(stamp.sentUs));
  at = writeGroups(out, at, FRAME_BYTES, stamp.frame);
  at = writeGroups(out, at, INDEX_BYTES, stamp.index);
  writeGroups(out, at, INDEX_BYTES, stamp.count);
}

/** False when no stamp stands there. */
export function readStamp(bytes: Uint8Array, offset: number, length: number, out: Stamp): boolean {
  if (length < STAMP_BYTES) return false;
  for (let i = 0; i < MAGIC.length; i += 1) if (bytes[offset + i] !== MAGIC[i]) return false;
  let at = offset + MAGIC.length;
  out.sentUs = readGroups(bytes, at, SENT_BYTES);
  at += SENT_BYTES;
  out.frame = readGroups(bytes, at, FRAME_BYTES);
  at += FRAME_BYTES;
  out.index = readGroups(bytes, at, INDEX_BYTES);
  out.count = readGroups(bytes, at + INDEX_BYTES, INDEX_BYTES);
  return true;
}

function writeGroups(out: Uint8Array, offset: number, groups: number, value: number): number {
  let rest = value;
  for (let i = groups - 1; i >= 0; i -= 1) {
    out[offset + i] = 0x80 | (rest % 128);
    rest = Math.floor(rest / 128);
  }
  return offset + groups;
}

function readGroups(bytes: Uint8Array, offset: number, groups: number): number {
  let value = 0;
  for (let i = 0; i < groups; i += 1) value = value * 128 + (bytes[offset + i]! & 0x7f);
  return value;
}
