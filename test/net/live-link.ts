import { Link, type LinkOptions } from "../sim/link.ts";
import type { DirectionFigures, RateSteps } from "./emulator-messages.ts";
import { percentiles, Samples } from "./samples.ts";

/** Without a rate a packet takes no time on the line; the model wants one that can be changed. */
const UNLIMITED_BPS = 1e12;

/** One direction of the emulated path: the link of the simulations, with a rate that can be changed. */
export class LiveLink {
  /** A cut: all that comes is lost. */
  blocked = false;
  private readonly link: Link;
  private readonly options: { -readonly [key in keyof LinkOptions]: LinkOptions[key] };
  private readonly loss: number;
  private readonly burst: LinkOptions["burst"];
  private readonly times: number[] = [0];
  private readonly bps: number[] = [UNLIMITED_BPS];
  private readonly queue = new Samples();
  private packets = 0;
  private bytes = 0;
  private largest = 0;
  private cut = 0;
  private droppedBefore = 0;
  private lostBefore = 0;

  constructor(random: () => number, options: Omit<LinkOptions, "rate">) {
    this.options = { ...options, rate: { times: this.times, bps: this.bps } };
    this.link = new Link(random, this.options);
    this.loss = options.loss ?? 0;
    this.burst = options.burst;
  }

  /** In a calm nothing is lost by chance. */
  setCalm(on: boolean): void {
    this.options.loss = on ? 0 : this.loss;
    if (on) delete this.options.burst;
    else if (this.burst !== undefined) this.options.burst = this.burst;
  }

  /** From now on longer packets are lost. */
  setMtu(bytes: number): void {
    this.options.mtu = bytes;
  }

  /** Arrival times of a packet that is sent now; none when it is lost. */
  pass(now: number, bytes: number): readonly number[] {
    this.packets += 1;
    this.bytes += bytes;
    this.largest = Math.max(this.largest, bytes);
    if (this.blocked) {
      this.cut += 1;
      return [];
    }
    const copies = this.link.send(now, bytes);
    return Array.from(this.link.arrivals.subarray(0, copies));
  }

  /**
   * The rates that hold from now on. What waits already has its time on the line: the steps begin
   * behind it.
   */
  setRate(now: number, steps: RateSteps): void {
    const start = now + this.link.queueUs(now);
    while (this.times.length > 1 && this.times.at(-1)! >= start) {
      this.times.pop();
      this.bps.pop();
    }
    for (const [seconds, bps] of steps) {
      this.times.push(start + seconds * 1e6);
      this.bps.push(bps);
    }
  }

  sample(now: number): void {
    this.queue.add(this.link.queueUs(now));
  }

  /** Since the last call. */
  figures(): DirectionFigures {
    const { packets, bytes, largest, cut, link } = this;
    const { p50, p95, max } = percentiles(this.queue.take());
    const dropped = link.dropped - this.droppedBefore;
    const lost = link.lost - this.lostBefore;
    this.droppedBefore = link.dropped;
    this.lostBefore = link.lost;
    this.packets = 0;
    this.bytes = 0;
    this.largest = 0;
    this.cut = 0;
    return { packets, bytes, largest, dropped, lost, cut, queueMs: { p50, p95, max } };
  }
}
