import { ptr } from "bun:ffi";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { releasePages } from "../../src/io/memory.ts";
import { createRing } from "../../src/ring/layout.ts";

const MIB = 1024 * 1024;

/** Bytes of the mapping round `address` that are in memory. */
function residentAt(address: number): number {
  let found = false;
  for (const line of readFileSync("/proc/self/smaps", "latin1").split("\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) {
      found = Number.parseInt(range[1]!, 16) <= address && address < Number.parseInt(range[2]!, 16);
    } else if (found && line.startsWith("Rss:")) {
      return Number(/\d+/.exec(line)![0]) * 1024;
    }
  }
  throw new Error("the address is not mapped");
}

test("a released buffer reads as zeros, also where its ends are no whole pages", () => {
  for (const size of [1, 4095, 4096, 4097, 100_000, MIB + 1]) {
    const buffer = new SharedArrayBuffer(size);
    const bytes = new Uint8Array(buffer).fill(0xa5);
    releasePages(buffer);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    bytes.fill(0x5a);
    expect(bytes.every((byte) => byte === 0x5a)).toBe(true);
  }
});

test("its neighbours keep their bytes", () => {
  const buffers = Array.from({ length: 9 }, () => new SharedArrayBuffer(5_000));
  for (const buffer of buffers) new Uint8Array(buffer).fill(7);
  buffers.forEach((buffer, i) => {
    if (i % 2 === 0) releasePages(buffer);
  });
  buffers.forEach((buffer, i) => {
    expect(new Uint8Array(buffer).every((byte) => byte === (i % 2 === 0 ? 0 : 7))).toBe(true);
  });
});

test("a ring costs what it uses, and gives it back", () => {
  const ring = createRing("video");
  const bytes = new Uint8Array(ring);
  const address = Number(ptr(bytes));
  const size = ring.byteLength;
  // Other buffers may lie in the same mapping.
  const empty = residentAt(address);
  bytes.fill(1);
  expect(residentAt(address) - empty).toBeGreaterThan(size - MIB);
  releasePages(ring);
  expect(residentAt(address) - empty).toBeLessThan(MIB);
});
