import { Header, Inactive } from "../ring/layout.ts";
import type { RingWriter } from "../ring/writer.ts";

/** Why nothing of a pulled ring is to be had, as its readers are told. */
export class Absence {
  readonly #writer: RingWriter;
  #left = false;
  #withheld = false;

  constructor(writer: RingWriter) {
    this.#writer = writer;
  }

  /** Readers are to do without it though it is sent. */
  get withheld(): boolean {
    return this.#withheld;
  }

  /** Whether its publisher has said BYE and has sent nothing since. */
  setLeft(left: boolean): void {
    this.#left = left;
    this.#tell();
  }

  /** Whether readers are to do without it though it is sent. */
  setWithheld(withheld: boolean): void {
    if (withheld === this.#withheld) return;
    this.#withheld = withheld;
    this.#tell();
  }

  #tell(): void {
    const inactive = this.#withheld ? Inactive.withheld : Inactive.no;
    this.#writer.setWord(Header.inactive, this.#left ? Inactive.left : inactive);
  }
}
