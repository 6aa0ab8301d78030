/** Boxes of ISO/IEC 14496-12 4.2: | size (32) | type (4 characters) | [size (64)] | content |. */
import { readU32 } from "../../wire/bytes.ts";

export interface Box {
  readonly type: string;
  /** A view of what follows the header. */
  readonly content: Uint8Array;
}

/** Header of the box at `offset`: where its content begins and how long the box is; null for none. */
export function readBoxHeader(
  bytes: Uint8Array,
  offset: number,
): { readonly type: string; readonly header: number; readonly size: number } | null {
  if (offset + 8 > bytes.length) return null;
  const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
  const size = readU32(bytes, offset);
  if (size !== 1) return { type, header: 8, size };
  if (offset + 16 > bytes.length) return null;
  return { type, header: 16, size: readU64(bytes, offset + 8) };
}

/** The boxes that fill `bytes`, up to the first that does not fit. */
export function boxesOf(bytes: Uint8Array): readonly Box[] {
  const boxes: Box[] = [];
  let position = 0;
  for (;;) {
    const found = readBoxHeader(bytes, position);
    if (found === null) return boxes;
    // Size 0: up to the end of what holds it.
    const size = found.size === 0 ? bytes.length - position : found.size;
    if (size < found.header || position + size > bytes.length) return boxes;
    const content = bytes.subarray(position + found.header, position + size);
    boxes.push({ type: found.type, content });
    position += size;
  }
}

/** Content of the first box of each type along `path`; null when one is missing. */
export function boxAt(bytes: Uint8Array, ...path: readonly string[]): Uint8Array | null {
  let content = bytes;
  for (const type of path) {
    const box = boxesOf(content).find((each) => each.type === type);
    if (box === undefined) return null;
    content = box.content;
  }
  return content;
}

function readU64(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset) * 2 ** 32 + readU32(bytes, offset + 4);
}
