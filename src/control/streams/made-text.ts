import type { TailText } from "../../contract/tail.ts";

/** A text that is made once somebody asks for it, for all who ask. */
export class MadeText implements TailText {
  #text: string | null = null;
  #gzip: Uint8Array<ArrayBuffer> | null = null;

  constructor(private readonly make: () => string) {}

  get text(): string {
    this.#text ??= this.make();
    return this.#text;
  }

  get gzip(): Uint8Array<ArrayBuffer> {
    this.#gzip ??= Bun.gzipSync(this.text);
    return this.#gzip;
  }
}
