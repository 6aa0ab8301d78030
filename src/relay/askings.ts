import type { Link } from "../cascade/link.ts";
import type { MissingPackets } from "../media/missing.ts";
import { FILL_NUMBER_MAX, FILL_RANGES_MAX, type Stretch, writeFill } from "../wire/cascade/wish.ts";

/** Packets asked for again at once, of one ring. */
const ASK_MAX = 256;

/** Scratch of the one thread that runs this module. */
const asked = new Int32Array(ASK_MAX);

/** A parent that has what is missing. */
interface Source {
  readonly link: Link;
  readonly alias: number;
}

/** What was asked of somebody. */
interface Asking {
  readonly link: Link;
  readonly ring: number;
  readonly fill: unknown[];
}

/**
 * What the parents of one stream are asked for. Of ten datagrams one may get lost: each asking leaves twice,
 * which costs little and is answered once, and what did not come is asked of two parents.
 */
export class Askings {
  /** Which parent is asked next, by ring: with one count, two rings ask one parent each for ever. */
  readonly #turns: number[];
  /** Those that have left once. */
  #once: Asking[] = [];
  #number = 0;

  constructor(rings: number) {
    this.#turns = new Array<number>(rings).fill(0);
  }

  /** Those of the last look leave once more, in datagrams of their own; `flows`: of rings that are to come. */
  repeat(flows: (ring: number) => boolean): void {
    for (const { link, ring, fill } of this.#once.splice(0)) if (flows(ring)) link.sendLoose(fill);
  }

  /** Asks for what is missing of a ring, and gives up what is too old. */
  look(ring: number, missing: MissingPackets, parents: readonly Source[], now: number): void {
    // In turn: a standby has what the other end of a dead link cannot send any more.
    const turn = this.#turns[ring]!;
    const from = parents[turn % Math.max(1, parents.length)];
    const out = from === undefined ? asked.subarray(0, 0) : asked;
    const { repeatUs } = from?.link.time ?? { repeatUs: 0 };
    const count = missing.collect(now, repeatUs, out, from?.link.session);
    if (count === 0 || from === undefined) return;
    this.#turns[ring] = turn + 1;
    this.#ask(from, ring, count);
    // What has not come in time is had from one of two.
    const other = parents[(turn + 1) % parents.length]!;
    const again = other === from ? 0 : missing.collectedAgain(now, asked);
    if (again > 0) this.#ask(other, ring, again);
  }

  /** For the first so many of what is collected. */
  #ask({ link, alias }: Source, ring: number, count: number): void {
    for (const stretches of stretchesOf(asked, count)) {
      this.#number = (this.#number + 1) & FILL_NUMBER_MAX;
      const fill = writeFill({ alias, ring, stretches, number: this.#number });
      link.sendLoose(fill);
      this.#once.push({ link, ring, fill });
    }
  }
}

/** Runs of numbers, as many in a list as one FILL takes. */
function stretchesOf(sequences: Int32Array, count: number): Stretch[][] {
  const lists: Stretch[][] = [[]];
  let from = sequences[0]!;
  let length = 1;
  const add = (): void => {
    if (lists.at(-1)!.length === FILL_RANGES_MAX) lists.push([]);
    lists.at(-1)!.push({ from, count: length });
  };
  for (let i = 1; i < count; i += 1) {
    if (sequences[i] === ((from + length) | 0)) {
      length += 1;
      continue;
    }
    add();
    from = sequences[i]!;
    length = 1;
  }
  add();
  return lists;
}
