/** The writing thread of ring.ts: lives in a worker's loop, and notes when wishes reach it. */
import { type Guest, Loop } from "../../src/host/loop.ts";
import { monotonicUs } from "../../src/io/clock.ts";
import { createPollFd } from "../../src/io/epoll.ts";
import { Poller } from "../../src/io/poller.ts";
import { Histogram } from "../../src/load/histogram.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";

declare const self: Worker;

/** So often it has something else to do: an ingest of 1,000 batches a second. */
const WORK_EVERY_US = 1_000;

export interface RingWriterStart {
  readonly block: SharedArrayBuffer;
  readonly doorbellFd: number;
  /** Share of its time that other work takes, 0 to 1. */
  readonly busy: number;
  /** Float64: when the wish was made, us. */
  readonly wish: SharedArrayBuffer;
  /** [0]: 1 to end; [1]: 1 once it runs; [2]: wishes that have come. */
  readonly control: SharedArrayBuffer;
}

class Writer implements Guest {
  readonly blocked = false;
  readonly #busyUs: number;
  readonly #wish: Float64Array;
  readonly #control: Int32Array;
  readonly #latency = new Histogram();
  #workAt = 0;
  #heard = false;
  #told = false;

  constructor({ busy, wish, control }: RingWriterStart) {
    this.#busyUs = busy * WORK_EVERY_US;
    this.#wish = new Float64Array(wish);
    this.#control = new Int32Array(control);
    Atomics.store(this.#control, 1, 1);
  }

  nextTimeout(): number {
    return this.#busyUs === 0 ? Number.POSITIVE_INFINITY : this.#workAt;
  }

  receive(): void {}

  mark(): void {
    this.#heard = true;
  }

  workAt(): number {
    return Number.POSITIVE_INFINITY;
  }

  work(): boolean {
    return false;
  }

  handleTimeout(now: number): void {
    if (this.#busyUs === 0 || now < this.#workAt) return;
    this.#workAt = now + WORK_EVERY_US;
    while (monotonicUs() < now + this.#busyUs);
  }

  /** What a wish asks of the publisher leaves here. */
  flush(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#latency.record(monotonicUs() - this.#wish[0]!);
      Atomics.add(this.#control, 2, 1);
    }
    if (this.#told || Atomics.load(this.#control, 0) === 0) return;
    this.#told = true;
    postMessage(this.#latency.toData());
  }

  copyCounters(): void {}
}

self.onmessage = ({ data }: MessageEvent<RingWriterStart>) => {
  const poller = new Poller(createPollFd(), [], data.doorbellFd);
  const block = new WorkerBlock(data.block);
  const ground = { block, poller, clock: monotonicUs, pause: setImmediate };
  new Loop(ground, new Writer(data)).run();
};
