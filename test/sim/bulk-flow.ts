import type { Link } from "./link.ts";
import { Timeline } from "./timeline.ts";

const SEGMENT_BYTES = 1500;
/** RFC 9438: beta and C. */
const BETA = 0.7;
const C = 0.4;

/** A bulk transfer that competes for the link: CUBIC (RFC 9438) with slow start, no pacing. */
export class BulkFlow {
  delivered = 0;
  private window = 10;
  private slowStartUntil = Number.POSITIVE_INFINITY;
  private windowMax = 0;
  private epochAt = 0;
  private inFlight = 0;
  private recoveryUntil = 0;
  private readonly acknowledgements = new Timeline<boolean>();

  constructor(
    private readonly link: Link,
    private readonly startAt: number,
    private readonly stopAt: number,
    /** us from the receiver back to the sender. */
    private readonly returnUs: number,
  ) {}

  tick(now: number): void {
    this.acknowledgements.run(now, (_at, received) => {
      this.inFlight -= 1;
      if (received) this.grow(now);
      else this.shrink(now);
    });
    if (now < this.startAt || now >= this.stopAt) return;
    while (this.inFlight < Math.floor(this.window)) this.send(now);
  }

  private send(now: number): void {
    this.inFlight += 1;
    const copies = this.link.send(now, SEGMENT_BYTES);
    if (copies > 0) this.acknowledgements.add(this.link.arrivals[0]! + this.returnUs, true);
    // Three duplicates tell of the loss about when the queue has passed.
    else this.acknowledgements.add(now + this.link.queueUs(now) + 2 * this.returnUs, false);
  }

  private grow(now: number): void {
    this.delivered += SEGMENT_BYTES;
    if (this.window < this.slowStartUntil) {
      this.window += 1;
      return;
    }
    // RFC 9438 4.2: W_cubic(t) = C (t - K)^3 + W_max
    const k = Math.cbrt((this.windowMax * (1 - BETA)) / C);
    const t = (now - this.epochAt) / 1e6;
    const target = Math.min(this.window * 1.5, C * (t - k) ** 3 + this.windowMax);
    this.window += Math.max(0.01, target - this.window) / this.window;
  }

  private shrink(now: number): void {
    if (now < this.recoveryUntil) return;
    this.windowMax = this.window;
    this.window = Math.max(2, this.window * BETA);
    this.slowStartUntil = this.window;
    this.epochAt = now;
    this.recoveryUntil = now + 2 * this.returnUs + this.link.queueUs(now);
  }
}
