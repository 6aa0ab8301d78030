import type { RateTrace } from "./rate-trace.ts";

export interface LinkOptions {
  /** Absent: no limit. */
  readonly rate?: RateTrace;
  /** Bytes that wait at most; what comes on top is dropped. */
  readonly queueBytes?: number;
  readonly delayUs?: number;
  /** Up to so much more, in order. */
  readonly jitterUs?: number;
  /** Random loss, 0 to 1. */
  readonly loss?: number;
  /** Gilbert-Elliott: chance a packet of entering and of leaving the bad state, and loss in it. */
  readonly burst?: { readonly enter: number; readonly leave: number; readonly loss: number };
  /** Share of packets that come late by up to so much, behind their successors. */
  readonly reorder?: { readonly share: number; readonly byUs: number };
  readonly duplicate?: number;
  /** Longer packets are lost, and nobody is told. */
  readonly mtu?: number;
}

/**
 * One direction of a path in virtual time: a drop-tail queue in front of a serial line, then delay,
 * jitter, loss, reordering. Calls must not go back in time. Carries no payload: `send` says when a
 * packet of so many bytes arrives.
 */
export class Link {
  /** Arrival times of the packet last sent; `copies` of them count. */
  readonly arrivals = new Float64Array(2);
  dropped = 0;
  lost = 0;
  private busyUntil = 0;
  private segment = 0;
  private bad = false;
  private lastArrival = 0;
  private queuedBytes = 0;
  /** Departures and sizes of what waits. */
  private readonly departures: number[] = [];
  private readonly sizes: number[] = [];
  private head = 0;

  constructor(
    private readonly random: () => number,
    private readonly options: LinkOptions,
  ) {
    const last = options.rate?.bps.at(-1) ?? 1;
    if (last <= 0)
      throw new Error("the last step of a rate trace holds for ever and must not be 0");
  }

  /** us that a packet sent now would wait. */
  queueUs(now: number): number {
    return Math.max(0, this.busyUntil - now);
  }

  /** Number of copies that arrive (0: lost), at `arrivals`. */
  send(now: number, bytes: number): number {
    const { options } = this;
    this.drain(now);
    if (options.queueBytes !== undefined && this.queuedBytes + bytes > options.queueBytes) {
      this.dropped += 1;
      return 0;
    }
    const departure = this.serialise(now, bytes);
    if (bytes > (options.mtu ?? Number.POSITIVE_INFINITY) || this.loses()) {
      this.lost += 1;
      return 0;
    }
    const jitter = (options.jitterUs ?? 0) * this.random();
    let arrival = departure + (options.delayUs ?? 0) + jitter;
    if (arrival < this.lastArrival) arrival = this.lastArrival;
    if (options.reorder !== undefined && this.random() < options.reorder.share) {
      arrival += options.reorder.byUs * this.random();
    } else {
      this.lastArrival = arrival;
    }
    this.arrivals[0] = arrival;
    if (options.duplicate === undefined || this.random() >= options.duplicate) return 1;
    this.arrivals[1] = arrival + 1000 * this.random();
    return 2;
  }

  private serialise(now: number, bytes: number): number {
    const { rate } = this.options;
    if (rate === undefined) return now;
    let at = Math.max(now, this.busyUntil);
    let bits = bytes * 8;
    for (;;) {
      while (at >= (rate.times[this.segment + 1] ?? Number.POSITIVE_INFINITY)) this.segment += 1;
      const bps = rate.bps[this.segment]!;
      const end = rate.times[this.segment + 1] ?? Number.POSITIVE_INFINITY;
      const room = (bps * (end - at)) / 1e6;
      if (bits <= room) {
        at += (bits / bps) * 1e6;
        break;
      }
      bits -= room;
      at = end;
    }
    this.busyUntil = at;
    this.departures.push(at);
    this.sizes.push(bytes);
    this.queuedBytes += bytes;
    return at;
  }

  private drain(now: number): void {
    while (this.head < this.departures.length && this.departures[this.head]! <= now) {
      this.queuedBytes -= this.sizes[this.head]!;
      this.head += 1;
    }
    if (this.head > 4096) {
      this.departures.splice(0, this.head);
      this.sizes.splice(0, this.head);
      this.head = 0;
    }
  }

  private loses(): boolean {
    const { loss, burst } = this.options;
    if (burst !== undefined) {
      this.bad = this.bad ? this.random() >= burst.leave : this.random() < burst.enter;
      if (this.bad && this.random() < burst.loss) return true;
    }
    return loss !== undefined && this.random() < loss;
  }
}
