/**
 * Memory whose address leaves JavaScript, and the only way to an address: `addressOf`, which asserts
 * that what is to be read or written lies inside. A typed array that only foreign code still knows is
 * collected and its memory reused; so what has a fixed address is kept reachable until it is released.
 */
import { type Pointer, ptr } from "bun:ffi";
import { assert } from "../assert.ts";
import { isInside, outside, type Region } from "../srtp/cipher.ts";

const pinned = new Set<Uint8Array>();

/** `size` zeroed bytes at a fixed address. Lives until `unpin`; meant for the thread's life. */
export function pinnedRegion(size: number): Region {
  return regionOf(new Uint8Array(size));
}

/** The region of an existing array, also over a SharedArrayBuffer; pins it. */
export function regionOf(bytes: Uint8Array): Region {
  pinned.add(bytes);
  return borrowedRegion(bytes);
}

/** As `regionOf`, of an array that the caller keeps in use for as long as the address is. */
export function borrowedRegion(bytes: Uint8Array): Region {
  // A small array has no ArrayBuffer until somebody asks for it, and then its bytes move. Ask now.
  assert(bytes.buffer.byteLength >= bytes.length, "the array has its buffer");
  return { bytes, address: Number(ptr(bytes)) };
}

/** Lets go of the region's memory. No foreign call may use its address afterwards. */
export function unpin(region: Region): void {
  pinned.delete(region.bytes);
}

/** A NUL-terminated string at a fixed address. */
export function pinnedString(text: string): Pointer {
  const bytes = new TextEncoder().encode(`${text}\0`);
  return addressOf(regionOf(bytes), 0, bytes.length);
}

/**
 * Where foreign code finds the `length` bytes from `offset` on. Asserts that they lie inside the region,
 * so the length given here must be the one that the call may read or write.
 */
export function addressOf(region: Region, offset: number, length: number): Pointer {
  // A region without an address stays in JavaScript.
  if (!isInside(region, offset, length) || !(region.address > 0)) {
    throw outside(region, offset, length);
  }
  return (region.address + offset) as Pointer;
}

/** Writes the address of such bytes into a structure for the kernel: 64 bits, little-endian. */
export function writeAddress(
  view: DataView,
  at: number,
  region: Region,
  offset: number,
  length: number,
): void {
  writeWord(view, at, addressOf(region, offset, length));
}

/**
 * Writes a size_t: 64 bits, little-endian. `setUint32` takes the low half by itself: `%` of doubles is a
 * call of fmod, for each packet.
 */
export function writeWord(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
