/** No foreign call gets an address and a length that nobody has compared with the memory behind it. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { AssertionError } from "../../src/assert.ts";
import { DatagramSender } from "../../src/io/datagram-sender.ts";
import { addressOf, borrowedRegion, pinnedRegion, writeAddress } from "../../src/io/pinned.ts";
import { UdpSender } from "../../src/io/udp-sender.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { SEND_ARENA_BYTES } from "../../src/limits.ts";
import { copyPath } from "../../src/wire/path.ts";
import { VIA } from "../support/transport.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
/** The one file that turns a place in a region into an address. */
const HELPER = "src/io/pinned.ts";
/** Where regions come by. Elsewhere `.address` is somebody's IP address. */
const FOLDERS = /^(workers|src\/(io|srtp|peer|ring|media|ingest|egress|wire|client|load))\//;

const files = Bun.spawnSync(["git", "ls-files", "-co", "--exclude-standard", "src", "workers"], {
  cwd: ROOT,
})
  .stdout.toString()
  .split("\n")
  .filter((path) => path.endsWith(".ts") && path !== HELPER)
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));

function linesWith(pattern: RegExp, only: RegExp): string[] {
  return files
    .filter(({ path }) => only.test(path))
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
}

test("S1: addresses are made by one function alone", () => {
  expect(files.length).toBeGreaterThan(200);
  // A method of that name is called; a region's address is read.
  expect(linesWith(/\.address\b(?!\()/, FOLDERS)).toEqual([]);
  expect(linesWith(/\bptr\(/, /./)).toEqual([]);
  expect(linesWith(/import.*\bptr\b.*"bun:ffi"/, /./)).toEqual([]);
  // Numbers do not become pointers; what a library returns may be called one.
  expect(linesWith(/\bas Pointer\b(?! \|)/, /./)).toEqual([]);
});

test("S1: only src/io calls foreign code", () => {
  expect(linesWith(/"bun:ffi"/, /^(?!src\/io\/)/)).toEqual([]);
});

const OUTSIDE: readonly (readonly [offset: number, length: number])[] = [
  [0, 65],
  [1, 64],
  [64, 1],
  [65, 0],
  [-1, 4],
  [-1, 0],
  [4, -1],
  [60, -4],
  [0.5, 4],
  [4, 0.5],
  [Number.NaN, 4],
  [4, Number.NaN],
  [Number.POSITIVE_INFINITY, 0],
  [0, Number.POSITIVE_INFINITY],
  [2 ** 32, 4],
  [4, 2 ** 32],
  [-(2 ** 31), 2 ** 31 - 1],
  [Number.MAX_SAFE_INTEGER, 1],
];

test("S1: an address stands for bytes inside of its region", () => {
  const region = pinnedRegion(64);
  for (const [offset, length] of OUTSIDE) {
    expect(() => addressOf(region, offset, length)).toThrow(AssertionError);
  }
  for (const [offset, length] of [
    [0, 64],
    [63, 1],
    [64, 0],
    [0, 0],
  ] as const) {
    expect(Number(addressOf(region, offset, length))).toBe(region.address + offset);
  }
});

test("S1: a region that is a part of an array ends where the part does", () => {
  const whole = new Uint8Array(64);
  const part = borrowedRegion(whole.subarray(16, 32));
  expect(Number(addressOf(part, 0, 16))).toBe(borrowedRegion(whole).address + 16);
  expect(() => addressOf(part, 0, 17)).toThrow(AssertionError);
  expect(() => addressOf(part, -1, 2)).toThrow(AssertionError);
});

test("S1: memory that was given away, or that has no address, has none", () => {
  const buffer = new ArrayBuffer(64);
  const region = borrowedRegion(new Uint8Array(buffer));
  structuredClone(buffer, { transfer: [buffer] });
  expect(() => addressOf(region, 0, 1)).toThrow(AssertionError);
  const nowhere = { bytes: new Uint8Array(64), address: 0 };
  expect(() => addressOf(nowhere, 0, 1)).toThrow(AssertionError);
  expect(() => addressOf({ ...nowhere, address: Number.NaN }, 0, 1)).toThrow(AssertionError);
});

test("S1: a structure for the kernel holds checked addresses", () => {
  const region = pinnedRegion(64);
  const view = new DataView(new ArrayBuffer(16));
  writeAddress(view, 8, region, 16, 48);
  expect(Number(view.getBigUint64(8, true))).toBe(region.address + 16);
  for (const [offset, length] of OUTSIDE) {
    expect(() => writeAddress(view, 0, region, offset, length)).toThrow(AssertionError);
  }
  expect(view.getBigUint64(0, true)).toBe(0n);
});

/** Lengths that are none. */
const NO_LENGTHS = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 + 1];

test("S1: the batched sender takes what lies in the room that it gave", () => {
  const fd = openUdpSocket("127.0.0.1", 4, 0);
  try {
    const path = copyPath(VIA, sockaddrOf("127.0.0.1", 4, 9), 0);
    for (const gso of [true, false]) {
      const sender = new UdpSender(fd, gso);
      for (const bytes of [...NO_LENGTHS, SEND_ARENA_BYTES + 1]) {
        expect(() => sender.reserve(bytes)).toThrow(AssertionError);
      }
      expect(() => sender.commit(path, 1)).toThrow(AssertionError);
      for (const length of [...NO_LENGTHS, 101, 99.5]) {
        expect(sender.reserve(100)).toBe(0);
        expect(() => sender.commit(path, length)).toThrow(AssertionError);
      }
      sender.reserve(100);
      sender.commit(path, 100);
      // The room is used up, and a run cannot be lengthened into what was never given.
      expect(() => sender.commit(path, 100)).toThrow(AssertionError);
      // An address that is too long would reach into the next message's.
      sender.reserve(10);
      const long = { ...path, sockaddr: new Uint8Array(33) };
      expect(() => sender.commit(long, 10)).toThrow(AssertionError);
      expect(sender.flush()).toBe(true);
      expect(sender.counters).toMatchObject({ datagrams: 1, bytes: 100, errors: 0 });
      sender.reserve(100);
      sender.flush();
      // The flush took the place away.
      expect(() => sender.commit(path, 100)).toThrow(AssertionError);
    }
  } finally {
    closeUdpSocket(fd);
  }
});

test("S1: a single datagram ends in its region", () => {
  const fd = openUdpSocket("127.0.0.1", 4, 0);
  try {
    const sender = new DatagramSender();
    const name = sockaddrOf("127.0.0.1", 4, 9);
    for (const length of [...NO_LENGTHS, sender.region.bytes.length + 1]) {
      expect(() => sender.send(fd, name, length)).toThrow(AssertionError);
    }
    expect(() => sender.send(fd, new Uint8Array(33), 1)).toThrow(RangeError);
    sender.send(fd, name, 20);
    expect(sender.errors).toBe(0);
  } finally {
    closeUdpSocket(fd);
  }
});
