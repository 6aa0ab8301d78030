/** A network between nodes in virtual time: delay, loss, duplication, replay, cuts, from a seed. */
import type { Timeline } from "./timeline.ts";

/** How one direction between two nodes behaves. */
export interface Path {
  delayUs: number;
  /** Each datagram takes up to so much longer: they overtake each other. */
  jitterUs: number;
  /** Shares of datagrams. */
  loss: number;
  duplication: number;
  /** Sent once more long after. */
  replay: number;
  /** How often a burst of loss begins, a datagram, and how long it lasts. */
  bursts: number;
  burstUs: number;
  /** Nothing passes. */
  cut: boolean;
  /** Nothing longer passes, bytes of frames. */
  longest: number;
  /** Bits a second that pass: what is more waits, and is lost where that would be longer. */
  rate: number;
  queueUs: number;
}

const USUAL: Path = {
  delayUs: 5_000,
  jitterUs: 0,
  loss: 0,
  duplication: 0,
  replay: 0,
  bursts: 0,
  burstUs: 40_000,
  cut: false,
  longest: Number.POSITIVE_INFINITY,
  rate: Number.POSITIVE_INFINITY,
  queueUs: 50_000,
};
/** Of IP, UDP and what seals it. */
const DATAGRAM_OVERHEAD = 56;
const REPLAYED_MAX_US = 3_000_000;
/**
 * The collector takes each ring for the 17 MB that it may come to have, where 1 MB is in use, and lets as
 * much garbage lie as all rings together would be: after so many datagrams, of some 10 KB each, it is called.
 */
const COLLECTED_DATAGRAMS = 50_000;

/** What takes in one datagram after the other. */
interface Line extends Pick<Path, "rate" | "queueUs"> {
  freeAt: number;
}

interface Way extends Path, Line {
  burstUntil: number;
}

export class Network {
  readonly timeline: Timeline;
  readonly #random: () => number;
  readonly #ways = new Map<number, Way>();
  readonly #lines = new Map<number, Line>();
  readonly #usual: Path;
  datagrams = 0;
  bytes = 0;
  /** Sees all datagrams that are sent; those for which it is false get lost. */
  passes: (from: number, to: number, datagram: Uint8Array) => boolean = () => true;

  constructor(timeline: Timeline, random: () => number, usual: Partial<Path> = {}) {
    this.timeline = timeline;
    this.#random = random;
    this.#usual = { ...USUAL, ...usual };
  }

  /** From one node to another; each direction is its own. */
  path(from: number, to: number): Path {
    return this.#way(from, to);
  }

  /** Both directions. */
  between(a: number, b: number, change: Partial<Path>): void {
    Object.assign(this.path(a, b), change);
    Object.assign(this.path(b, a), change);
  }

  /** All that comes to a node comes by one line, bits a second. */
  limit(to: number, rate: number, queueUs = USUAL.queueUs): void {
    this.#lines.set(to, { rate, queueUs, freeAt: 0 });
  }

  send(from: number, to: number, datagram: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    this.datagrams += 1;
    if (this.datagrams % COLLECTED_DATAGRAMS === 0) Bun.gc(true);
    this.bytes += datagram.length;
    if (!this.passes(from, to, datagram)) return;
    const way = this.#way(from, to);
    const { now } = this.timeline;
    const random = this.#random;
    if (way.bursts > 0 && random() < way.bursts) way.burstUntil = now + way.burstUs;
    if (way.cut || now < way.burstUntil || datagram.length > way.longest) return;
    const copies = way.duplication > 0 && random() < way.duplication ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      if (way.loss > 0 && random() < way.loss) continue;
      const waits = this.#wait(way, datagram.length) + this.#waitAt(to, datagram.length);
      if (waits === Number.POSITIVE_INFINITY) continue;
      const delay = way.delayUs + random() * way.jitterUs + waits;
      this.timeline.at(now + delay, () => deliver(datagram));
    }
    if (way.replay === 0 || random() >= way.replay) return;
    this.timeline.at(now + way.delayUs + random() * REPLAYED_MAX_US, () => deliver(datagram));
  }

  #waitAt(to: number, bytes: number): number {
    const line = this.#lines.get(to);
    return line === undefined ? 0 : this.#wait(line, bytes);
  }

  /** Until it is through; Infinity where the queue is full. */
  #wait(line: Line, bytes: number): number {
    if (line.rate === Number.POSITIVE_INFINITY) return 0;
    const { now } = this.timeline;
    const waits = Math.max(0, line.freeAt - now);
    if (waits > line.queueUs) return Number.POSITIVE_INFINITY;
    const takes = ((bytes + DATAGRAM_OVERHEAD) * 8e6) / line.rate;
    line.freeAt = now + waits + takes;
    return waits + takes;
  }

  #way(from: number, to: number): Way {
    const key = from * 65_536 + to;
    let way = this.#ways.get(key);
    if (way === undefined) {
      way = { ...this.#usual, burstUntil: 0, freeAt: 0 };
      this.#ways.set(key, way);
    }
    return way;
  }
}
