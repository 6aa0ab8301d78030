import { readU16, writeU16 } from "./bytes.ts";

/** Datagrams on a stream, each behind its length (RFC 4571 2). */
export const FRAME_HEADER_BYTES = 2;

/** In place of a frame's length: its header has not come whole. */
export const NO_FRAME = -1;

/** How long the frame is whose header begins at `at`, of the bytes before `end`. */
export function frameLength(bytes: Uint8Array, at: number, end: number): number {
  return end - at < FRAME_HEADER_BYTES ? NO_FRAME : readU16(bytes, at);
}

/** Writes the header of a frame of `length` bytes, which stand behind it. */
export function writeFrameHeader(out: Uint8Array, at: number, length: number): void {
  writeU16(out, at, length);
}

/**
 * Calls `take` for each whole frame between `at` and `end` that is no longer than `lengthMax`, until it
 * says no. Returns where the first one stands that is not whole, or was not taken; -1 when one is too
 * long: then nothing behind it can be read.
 */
export function cutFrames(
  bytes: Uint8Array,
  at: number,
  end: number,
  lengthMax: number,
  take: (offset: number, length: number) => boolean,
): number {
  let next = at;
  for (;;) {
    const length = frameLength(bytes, next, end);
    if (length === NO_FRAME) return next;
    if (length > lengthMax) return -1;
    const offset = next + FRAME_HEADER_BYTES;
    if (offset + length > end || !take(offset, length)) return next;
    next = offset + length;
  }
}
