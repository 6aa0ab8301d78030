import { expect } from "bun:test";
import {
  decodeElements,
  type Elements,
  encodeElements,
} from "../../../src/wire/cascade/elements.ts";

export const NODE = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
export const OTHER = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);

type Read<Value> = (elements: Elements) => Value | null;

/** What `read` makes of a frame that went over the wire. */
export function overWire<Value>(written: readonly unknown[], read: Read<Value>): Value | null {
  const elements = decodeElements(encodeElements(written))!;
  elements.uint(255);
  return read(elements);
}

/**
 * A frame comes back as it was written, also when a later version says more; cut off anywhere, or with
 * any element of another shape, it is none. The last `added` elements are not there in older versions.
 */
export function checkFrame<Value>(
  written: readonly unknown[],
  read: Read<Value>,
  value: Value,
  added = 0,
): void {
  expect(overWire(written, read)).toEqual(value);
  expect(overWire([...written, "later", [1, [2]]], read)).toEqual(value);
  for (let length = 1; length < written.length - added; length += 1) {
    expect(overWire(written.slice(0, length), read)).toBeNull();
  }
  for (let i = 1; i < written.length; i += 1) {
    for (const wrong of wrongFor(written[i])) {
      const changed = [...written];
      changed[i] = wrong;
      expect([i, wrong, overWire(changed, read)]).toEqual([i, wrong, null]);
    }
  }
}

/** Values that no element takes where `right` stands. */
function wrongFor(right: unknown): unknown[] {
  const long = [new Uint8Array(4000), "x".repeat(4000), new Array(100).fill(new Uint8Array(3))];
  if (typeof right === "number") return [-1, 0.5, 2 ** 53, "1", null, true, [], ...long];
  if (typeof right === "string") return [7, null, false, [], ...long];
  if (typeof right === "boolean") return [0, 1, null, "true", [], ...long];
  if (right instanceof Uint8Array) return [7, null, true, [], ...long];
  return [7, null, true, "", [["x"]], [{ length: 1 }.length, "x"], ...long];
}
