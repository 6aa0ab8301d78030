/** The elements of one frame or message, read one after the other with their limits. */
import { decode, encode } from "@msgpack/msgpack";

/**
 * What is in one datagram, or put together from 16 pieces, is 16 KiB at most. The longest list of a
 * frame has 96 elements: a decoder makes room for as many as a list says that it has, and lists of
 * which each stands within another and says that it is long would cost some 100 KB each. Maps and
 * extension types belong to no frame.
 */
export const LIMITS = {
  maxArrayLength: 128,
  maxBinLength: 16_384,
  maxStrLength: 16_384,
  maxMapLength: 0,
  maxExtLength: 0,
};

/** Null for what is no msgpack, or more than a frame may be. */
export function decodeElements(bytes: Uint8Array): Elements | null {
  try {
    return elementsOf(decode(bytes, LIMITS));
  } catch {
    return null;
  }
}

export function encodeElements(values: readonly unknown[]): Uint8Array {
  return encode(values, { forceFloat32: false });
}

/** Null for what is no list. */
export function elementsOf(value: unknown): Elements | null {
  return Array.isArray(value) ? new Elements(value) : null;
}

/**
 * Reads a list from its front. Whatever is not as asked for makes `ok` false for good and reads as
 * something empty. What stands behind the last element that is asked for is of a later version.
 */
export class Elements {
  ok = true;
  readonly #values: readonly unknown[];
  #next = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  /** The next element, which stays the next, as a whole number; -1 when it is none. */
  peekUint(): number {
    const value = this.#values[this.#next];
    return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : -1;
  }

  /** Something stands behind what was read: an older version ends here. */
  get more(): boolean {
    return this.#next < this.#values.length;
  }

  /** A whole number from 0 to `max`. */
  uint(max = 0xffff_ffff): number {
    const value = this.#take();
    return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max
      ? (value as number)
      : this.#fail(0);
  }

  /** A whole number of either sign, up to 2^53. */
  integer(): number {
    const value = this.#take();
    return Number.isSafeInteger(value) ? (value as number) : this.#fail(0);
  }

  /** Two's complement, 32 bits. */
  int32(): number {
    const value = this.#take();
    return typeof value === "number" && (value | 0) === value ? value : this.#fail(0);
  }

  /** The same, or null. */
  optionalInt32(): number | null {
    if (this.#values[this.#next] !== null) return this.int32();
    this.#next += 1;
    return null;
  }

  /** A whole number of 32 bits, or null. */
  optionalUint(): number | null {
    if (this.#values[this.#next] !== null) return this.uint();
    this.#next += 1;
    return null;
  }

  /** Any finite number. */
  number(): number {
    const value = this.#take();
    return typeof value === "number" && Number.isFinite(value) ? value : this.#fail(0);
  }

  boolean(): boolean {
    const value = this.#take();
    return typeof value === "boolean" ? value : this.#fail(false);
  }

  /** At most `max` UTF-16 units. */
  text(max: number): string {
    const value = this.#take();
    return typeof value === "string" && value.length <= max ? value : this.#fail("");
  }

  /** The same, or null. */
  optionalText(max: number): string | null {
    if (this.#values[this.#next] !== null) return this.text(max);
    this.#next += 1;
    return null;
  }

  /** `min` to `max` bytes. A view of what was decoded. */
  bytes(min: number, max = min): Uint8Array {
    const value = this.#take();
    const fits = value instanceof Uint8Array && value.length >= min && value.length <= max;
    return fits ? value : this.#fail(new Uint8Array(0));
  }

  /** A list of at most `max` elements, each read by `read`. */
  list<Item>(max: number, read: (elements: Elements) => Item): Item[] {
    const value = this.#take();
    if (!Array.isArray(value) || value.length > max) return this.#fail([]);
    const inner = new Elements(value);
    const items: Item[] = [];
    while (inner.ok && inner.#next < value.length) items.push(read(inner));
    if (!inner.ok) return this.#fail([]);
    return items;
  }

  /** A list within this one, read by `read`; what it has beyond that is skipped. */
  nested<Item>(read: (elements: Elements) => Item): Item {
    const value = this.#take();
    const inner = new Elements(Array.isArray(value) ? value : []);
    if (!Array.isArray(value)) inner.ok = false;
    const item = read(inner);
    if (!inner.ok) this.ok = false;
    return item;
  }

  #take(): unknown {
    const value = this.#values[this.#next];
    this.#next += 1;
    return value;
  }

  #fail<Value>(empty: Value): Value {
    this.ok = false;
    return empty;
  }
}
