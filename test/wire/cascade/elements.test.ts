import { expect, test } from "bun:test";
import { ExtData, encode } from "@msgpack/msgpack";
import {
  decodeElements,
  Elements,
  elementsOf,
  encodeElements,
} from "../../../src/wire/cascade/elements.ts";

test("elements are read from the front, each as what it was written", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const written = [
    7,
    -5,
    0xffff_fffb,
    null,
    -1,
    1.5,
    true,
    "name",
    null,
    "rid",
    bytes,
    [1, 2],
    [9],
  ];
  const elements = decodeElements(encodeElements(written))!;
  expect(elements.peekUint()).toBe(7);
  expect(elements.uint()).toBe(7);
  expect(elements.peekUint()).toBe(-1);
  expect(elements.int32()).toBe(-5);
  expect(elements.uint()).toBe(0xffff_fffb);
  expect(elements.optionalInt32()).toBeNull();
  expect(elements.optionalInt32()).toBe(-1);
  expect(elements.number()).toBe(1.5);
  expect(elements.boolean()).toBeTrue();
  expect(elements.text(4)).toBe("name");
  expect(elements.optionalText(3)).toBeNull();
  expect(elements.optionalText(3)).toBe("rid");
  expect(elements.bytes(3)).toEqual(bytes);
  expect(elements.list(2, (each) => each.uint())).toEqual([1, 2]);
  expect(elements.nested((each) => each.uint())).toBe(9);
  expect(elements.ok).toBeTrue();
});

test("what is not as asked for reads as something empty, and is never ok again", () => {
  const reads: [unknown, (elements: Elements) => unknown, unknown][] = [
    [256, (elements) => elements.uint(255), 0],
    [-1, (elements) => elements.uint(), 0],
    [0.5, (elements) => elements.uint(), 0],
    [2 ** 31, (elements) => elements.int32(), 0],
    [undefined, (elements) => elements.optionalInt32(), 0],
    [Number.NaN, (elements) => elements.number(), 0],
    [Number.POSITIVE_INFINITY, (elements) => elements.number(), 0],
    [1, (elements) => elements.boolean(), false],
    ["12345", (elements) => elements.text(4), ""],
    [undefined, (elements) => elements.optionalText(4), ""],
    [new Uint8Array(3), (elements) => elements.bytes(4), new Uint8Array(0)],
    [new Uint8Array(5), (elements) => elements.bytes(0, 4), new Uint8Array(0)],
    [[1, 2, 3], (elements) => elements.list(2, (each) => each.uint()), []],
    [[1, "2"], (elements) => elements.list(2, (each) => each.uint()), []],
    ["list", (elements) => elements.list(2, (each) => each.uint()), []],
    ["list", (elements) => elements.nested((each) => each.uint()), 0],
  ];
  for (const [value, read, empty] of reads) {
    const elements = new Elements([value, 7]);
    expect(read(elements)).toEqual(empty);
    expect(elements.ok).toBeFalse();
    expect(elements.uint()).toBe(7);
    expect(elements.ok).toBeFalse();
  }
});

test("what a nested list has beyond its elements is of a later version", () => {
  const elements = new Elements([[1, "later"], 2]);
  expect(elements.nested((each) => each.uint())).toBe(1);
  expect(elements.uint()).toBe(2);
  expect(elements.ok).toBeTrue();
});

test("maps, extension types, other values than lists and what breaks off are no elements", () => {
  const none = [
    encode({ a: 1 }),
    encode([{ a: 1 }]),
    encode([new Date(0)]),
    encode([new ExtData(5, new Uint8Array(4))]),
    encode(7),
    encode("list"),
    encode(null),
    new Uint8Array(0),
    Uint8Array.of(0xc1),
    encode([1, 2, 3]).subarray(0, 3),
    encode(["x".repeat(20_000)]),
    encode([new Uint8Array(20_000)]),
    encode(new Array(20_000).fill(0)),
    // Lengths that the bytes behind them do not hold.
    Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xdb, 0x7f, 0xff, 0xff, 0xff, 0x41),
    Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff, 0),
  ];
  for (const bytes of none) expect(decodeElements(bytes)).toBeNull();
  for (const value of [7, "list", null, undefined, {}]) expect(elementsOf(value)).toBeNull();
});

test("lists within lists cost no more than what is in them", () => {
  // 5,000 lists within each other, each of which says that it is as long as a list may be and longer.
  for (const length of [128, 16_384, 65_535]) {
    const bytes = new Uint8Array(15_000);
    for (let at = 0; at < bytes.length; at += 3) bytes.set([0xdc, length >> 8, length & 255], at);
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 10; i += 1) expect(decodeElements(bytes)).toBeNull();
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  }
  expect(decodeElements(new Uint8Array(16_000).fill(0x91))).toBeNull();
  const deep = new Uint8Array(16_000).fill(0x91);
  deep[deep.length - 1] = 7;
  expect(decodeElements(deep)?.uint()).toBe(0);
});
