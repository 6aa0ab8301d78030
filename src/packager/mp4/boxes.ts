/** Boxes of ISO/IEC 14496-12 4.2: | size (32) | type (4 characters) | content |. */
import { assert } from "../../assert.ts";
import { writeU16, writeU32 } from "../../wire/bytes.ts";

/** Bytes of a box without content, and of a full box: | version (8) | flags (24) | besides. */
export const BOX_BYTES = 8;
export const FULL_BOX_BYTES = 12;

/** Writes boxes, and boxes in boxes, into memory whose size is known beforehand. */
export class BoxWriter {
  readonly bytes: Uint8Array;
  /** How much is written. */
  length = 0;
  /** Where the boxes begin that are not closed yet. */
  readonly #open: number[] = [];

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** One box; `content` writes what is in it. */
  box(type: string, content: () => void): void {
    this.open(type);
    content();
    this.close();
  }

  /** A full box. */
  full(type: string, version: number, flags: number, content: () => void): void {
    this.box(type, () => {
      this.u32(version * 2 ** 24 + flags);
      content();
    });
  }

  open(type: string): void {
    this.#open.push(this.length);
    this.u32(0);
    this.text(type);
  }

  close(): void {
    const start = this.#open.pop();
    assert(start !== undefined, "a box is closed that was opened");
    writeU32(this.bytes, start, this.length - start);
  }

  u8(value: number): void {
    this.bytes[this.length] = value;
    this.length += 1;
  }

  u16(value: number): void {
    writeU16(this.bytes, this.length, value);
    this.length += 2;
  }

  /** Takes negative numbers, too. */
  u32(value: number): void {
    writeU32(this.bytes, this.length, value);
    this.length += 4;
  }

  /** Up to 2^53. */
  u64(value: number): void {
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
  }

  /** ASCII. */
  text(text: string): void {
    for (let i = 0; i < text.length; i += 1) this.u8(text.charCodeAt(i));
  }

  zeros(count: number): void {
    this.length += count;
  }

  put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}
