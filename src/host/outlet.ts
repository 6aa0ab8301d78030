import type { UdpSender } from "../io/udp-sender.ts";

export type Sender = Pick<
  UdpSender,
  "region" | "counters" | "stalled" | "backlog" | "reserve" | "commit" | "send" | "flush"
>;

/**
 * So long those who could go on wait for a full socket: the kernel's buffer of some MB drains into a
 * fast wire in a few milliseconds, and what has waited then leaves by batches that all viewers share.
 */
const PATIENCE_US = 10_000;
/** A socket that they have waited for in vain has to be well for so long to be waited for again. */
const DISTRUST_US = 1_000_000;

/** One socket's way out: whether it takes something, and whether its worker waits until it does. */
export class Outlet {
  /** Its kernel buffer took no more at the last `flush`. */
  full = false;
  /** Something has left by it lately: there may be viewers behind it. */
  used = false;
  /** Until when the others wait for it, us; Infinity while they do not. */
  waitedUntil = Number.POSITIVE_INFINITY;
  #sent = 0;
  #distrustedUntil = 0;

  constructor(readonly sender: Sender) {}

  /** The kernel's buffer has become full, or has taken everything again. */
  turn(full: boolean, now: number): void {
    this.full = full;
    this.waitedUntil = Number.POSITIVE_INFINITY;
    if (!this.sender.stalled) return;
    this.sender.stalled = false;
    this.#distrustedUntil = now + DISTRUST_US;
  }

  /** Others could go on: whether they wait for it. When they have long enough, it is stalled. */
  holdsUp(now: number): boolean {
    const { sender } = this;
    if (!this.full || sender.stalled) return false;
    const patience = now < this.#distrustedUntil ? 0 : PATIENCE_US;
    this.waitedUntil = Math.min(this.waitedUntil, now + patience);
    sender.stalled = now >= this.waitedUntil;
    return !sender.stalled;
  }

  /** A few times a second. `blocked`: that nothing has left says nothing, since nothing could. */
  noteUse(blocked: boolean): void {
    const { datagrams } = this.sender.counters;
    if (datagrams !== this.#sent) this.used = true;
    else if (!this.full && !blocked) this.used = false;
    this.#sent = datagrams;
  }
}
