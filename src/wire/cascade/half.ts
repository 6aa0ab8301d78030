/** HALF: a DATA frame that is longer than a datagram of the path, in two pieces. */
import { type DataFrame, readData } from "./data.ts";
import type { Elements } from "./elements.ts";
import { Frame } from "./kinds.ts";

const NUMBER_MAX = 0xffff;
const BYTES_MAX = 1500;
/** First halves that wait for their second. */
const WAITING_MAX = 32;

export interface Half {
  /** Both halves of a frame have the same. */
  readonly number: number;
  readonly second: boolean;
  readonly bytes: Uint8Array;
}

export function writeHalf({ number, second, bytes }: Half): unknown[] {
  return [Frame.half, number, second, bytes];
}

export function readHalf(elements: Elements): Half | null {
  const half: Half = {
    number: elements.uint(NUMBER_MAX),
    second: elements.boolean(),
    bytes: elements.bytes(1, BYTES_MAX),
  };
  return elements.ok ? half : null;
}

/** Puts halves together again; whichever comes first waits, the longest waiting is given up. */
export class Halves {
  readonly #waiting = new Map<number, Half>();

  /** The whole frame, laid out by `frame`; null while its other half is not there, or it is none. */
  join(half: Half, frame: DataFrame): Uint8Array | null {
    const other = this.#waiting.get(half.number);
    if (other === undefined || other.second === half.second) {
      this.#waiting.set(half.number, { ...half, bytes: half.bytes.slice() });
      if (this.#waiting.size > WAITING_MAX) this.#giveUpOldest();
      return null;
    }
    this.#waiting.delete(half.number);
    const [first, second] = half.second ? [other, half] : [half, other];
    const bytes = new Uint8Array(first.bytes.length + second.bytes.length);
    bytes.set(first.bytes);
    bytes.set(second.bytes, first.bytes.length);
    return readData(bytes, 0, bytes.length, frame) === bytes.length ? bytes : null;
  }

  #giveUpOldest(): void {
    for (const number of this.#waiting.keys()) {
      this.#waiting.delete(number);
      return;
    }
  }
}
