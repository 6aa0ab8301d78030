/**
 * Memory whose address leaves JavaScript. A typed array that only foreign code still knows is
 * collected and its memory reused; so everything here is kept reachable until it is released.
 */
import { ptr } from "bun:ffi";
import { assert } from "../assert.ts";
import type { Region } from "../srtp/cipher.ts";

const pinned = new Set<Uint8Array>();

/** `size` zeroed bytes at a fixed address. Lives until `unpin`; meant for the thread's life. */
export function pinnedRegion(size: number): Region {
  return regionOf(new Uint8Array(size));
}

/** The region of an existing array, also over a SharedArrayBuffer; pins it. */
export function regionOf(bytes: Uint8Array): Region {
  pinned.add(bytes);
  // A small array has no ArrayBuffer until somebody asks for it, and then its bytes move. Ask now.
  assert(bytes.buffer.byteLength >= bytes.length, "the array has its buffer");
  return { bytes, address: Number(ptr(bytes)) };
}

/** Lets go of the region's memory. No foreign call may use its address afterwards. */
export function unpin(region: Region): void {
  pinned.delete(region.bytes);
}

/** A NUL-terminated string at a fixed address. */
export function pinnedString(text: string): number {
  return regionOf(new TextEncoder().encode(`${text}\0`)).address;
}
