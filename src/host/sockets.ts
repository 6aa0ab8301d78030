import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerSetup } from "../contract/setup.ts";
import type { Poller } from "../io/poller.ts";
import { UdpReceiver } from "../io/udp-receiver.ts";
import { UdpSender } from "../io/udp-sender.ts";
import { Outlet, type Sender } from "./outlet.ts";

export type Receiver = Pick<
  UdpReceiver,
  "receive" | "region" | "offset" | "length" | "names" | "nameOffset" | "arrivals"
>;

/**
 * A worker's sockets, one a local address: one receiver for all of them, a sender for each. A full one
 * is waited for, for a few milliseconds or as long as no other one takes anything: nothing is
 * forwarded then. Beyond that it is stalled, and stops those alone who send by it.
 */
export class Sockets {
  readonly fds: readonly number[];
  readonly receiver: Receiver;
  readonly senders: readonly Sender[];
  /** A full socket is waited for: media stays in the rings meanwhile. */
  blocked = false;
  /** When that ends at the latest, us; Infinity when it may last. */
  nextTimeout = Number.POSITIVE_INFINITY;
  readonly #outlets: readonly Outlet[];
  readonly #poller: Pick<Poller, "wantWritable">;
  readonly #counters: Float64Array;

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
    this.#outlets = senders.map((sender) => new Outlet(sender));
  }

  static open(setup: WorkerSetup, poller: Poller, counters: Float64Array): Sockets {
    const { segmentation, batching } = setup.features;
    const senders = setup.sockets.map((fd) => new UdpSender(fd, segmentation, batching));
    return new Sockets(setup.sockets, new UdpReceiver(batching), senders, poller, counters);
  }

  /** The end of a turn: what was queued leaves. `clock`: monotonic, us; asked when one is full. */
  flush(clock: () => number): void {
    let full = false;
    for (let i = 0; i < this.#outlets.length; i += 1) {
      const outlet = this.#outlets[i]!;
      const fills = !outlet.sender.flush();
      if (fills !== outlet.full) this.#turn(outlet, i, fills, clock());
      full ||= fills;
    }
    this.nextTimeout = Number.POSITIVE_INFINITY;
    this.blocked = full && this.#someoneWaits(clock());
  }

  /** What the senders count goes into the block. */
  copyCounters(): void {
    let datagrams = 0;
    let bytes = 0;
    let errors = 0;
    let dropped = 0;
    for (const outlet of this.#outlets) outlet.noteUse(this.blocked);
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

  #turn(outlet: Outlet, i: number, full: boolean, now: number): void {
    outlet.turn(full, now);
    this.#poller.wantWritable(this.fds[i]!, i, full);
    if (full) countUp(this.#counters, Counter.sendBufferFull);
  }

  /** Some socket is full: whether that is waited for. */
  #someoneWaits(now: number): boolean {
    // While nobody can go on nobody waits in vain, and all go on from the same batches.
    if (!this.#outlets.some(({ used, full }) => used && !full)) {
      for (const outlet of this.#outlets) outlet.waitedUntil = Number.POSITIVE_INFINITY;
      return this.#outlets.some(({ full, sender }) => full && !sender.stalled);
    }
    let waits = false;
    for (const outlet of this.#outlets) {
      if (!outlet.holdsUp(now)) continue;
      waits = true;
      this.nextTimeout = Math.min(this.nextTimeout, outlet.waitedUntil);
    }
    return waits;
  }
}
