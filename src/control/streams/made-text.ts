import type { TailText } from "../../contract/tail.ts";
import { gzipOf, type ZipPiece } from "./zip-piece.ts";

/** A text that is zipped once somebody asks for that, for all who ask. */
export class MadeText implements TailText {
  #gzip: Uint8Array<ArrayBuffer> | null = null;

  constructor(readonly text: string) {}

  get gzip(): Uint8Array<ArrayBuffer> {
    this.#gzip ??= Bun.gzipSync(this.text);
    return this.#gzip;
  }
}

/** The same of pieces, of which most have been zipped for others. */
export class PiecedText implements TailText {
  #text: string | null = null;
  #gzip: Uint8Array<ArrayBuffer> | null = null;

  constructor(private readonly pieces: readonly ZipPiece[]) {}

  get text(): string {
    this.#text ??= this.pieces.map(({ text }) => text).join("");
    return this.#text;
  }

  get gzip(): Uint8Array<ArrayBuffer> {
    this.#gzip ??= gzipOf(this.pieces);
    return this.#gzip;
  }
}
