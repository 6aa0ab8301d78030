import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerSetup } from "../contract/setup.ts";
import type { Poller } from "../io/poller.ts";
import { UdpReceiver } from "../io/udp-receiver.ts";
import { UdpSender } from "../io/udp-sender.ts";

export type Receiver = Pick<
  UdpReceiver,
  "receive" | "region" | "offset" | "length" | "names" | "nameOffset" | "arrivals"
>;

export type Sender = Pick<
  UdpSender,
  "region" | "counters" | "reserve" | "commit" | "send" | "flush"
>;

/** A worker's sockets, one a local address: one receiver for all of them, a sender for each. */
export class Sockets {
  readonly fds: readonly number[];
  readonly receiver: Receiver;
  readonly senders: readonly Sender[];
  readonly #poller: Pick<Poller, "wantWritable">;
  readonly #counters: Float64Array;
  /** Whose kernel buffer took no more at the last `flush`. */
  readonly #full: boolean[];

  /** `poller` wakes the worker for them; `counters` are its block's. */
  constructor(
    fds: readonly number[],
    receiver: Receiver,
    senders: readonly Sender[],
    poller: Pick<Poller, "wantWritable">,
    counters: Float64Array,
  ) {
    this.fds = fds;
    this.receiver = receiver;
    this.senders = senders;
    this.#poller = poller;
    this.#counters = counters;
    this.#full = fds.map(() => false);
  }

  static open(setup: WorkerSetup, poller: Poller, counters: Float64Array): Sockets {
    const { segmentation, batching } = setup.features;
    const senders = setup.sockets.map((fd) => new UdpSender(fd, segmentation, batching));
    return new Sockets(setup.sockets, new UdpReceiver(batching), senders, poller, counters);
  }

  /** Some socket's kernel buffer is full: media stays in the rings until it drains. */
  get blocked(): boolean {
    return this.#full.includes(true);
  }

  flush(): void {
    for (let i = 0; i < this.senders.length; i += 1) {
      const full = !this.senders[i]!.flush();
      if (full === this.#full[i]) continue;
      this.#full[i] = full;
      this.#poller.wantWritable(this.fds[i]!, i, full);
      if (full) countUp(this.#counters, Counter.sendBufferFull);
    }
  }

  /** What the senders count goes into the block. */
  copyCounters(): void {
    let datagrams = 0;
    let bytes = 0;
    let errors = 0;
    let dropped = 0;
    for (const { counters } of this.senders) {
      datagrams += counters.datagrams;
      bytes += counters.bytes;
      errors += counters.errors;
      dropped += counters.dropped;
    }
    this.#counters[Counter.datagramsOut] = datagrams;
    this.#counters[Counter.bytesOut] = bytes;
    this.#counters[Counter.sendErrors] = errors;
    this.#counters[Counter.sendsDropped] = dropped;
  }
}
