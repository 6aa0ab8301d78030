import { constants, crc32, deflateRawSync } from "node:zlib";

/** A piece of a text that is zipped by itself, once: it may stand in many gzip files. */
export class ZipPiece {
  readonly #bytes: Uint8Array;
  #zipped: Uint8Array | null = null;

  constructor(text: string) {
    this.#bytes = new TextEncoder().encode(text);
  }

  /** Made again: most who ask take it zipped. */
  get text(): string {
    return new TextDecoder().decode(this.#bytes);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** It ends on a whole byte, and nothing behind it refers to it (RFC 1951 3.2.4). */
  get zipped(): Uint8Array {
    this.#zipped ??= deflateRawSync(this.#bytes, { finishFlush: constants.Z_FULL_FLUSH });
    return this.#zipped;
  }

  /** CRC-32 of what stands before it, and of it. */
  crc(before: number): number {
    return crc32(this.#bytes, before);
  }
}

/** All of them one after the other, as one gzip file (RFC 1952). */
export function gzipOf(pieces: readonly ZipPiece[]): Uint8Array<ArrayBuffer> {
  const length = pieces.reduce((sum, { zipped }) => sum + zipped.length, 0);
  const file = new Uint8Array(HEAD.length + length + END.length + 8);
  file.set(HEAD);
  let at = HEAD.length;
  let crc = 0;
  let size = 0;
  for (const piece of pieces) {
    file.set(piece.zipped, at);
    at += piece.zipped.length;
    crc = piece.crc(crc);
    size += piece.length;
  }
  file.set(END, at);
  const view = new DataView(file.buffer);
  view.setUint32(file.length - 8, crc, true);
  view.setUint32(file.length - 4, size, true);
  return file;
}

/** Deflate, no name, no time, any system. */
const HEAD = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** A last block with nothing in it. */
const END = Uint8Array.of(3, 0);
