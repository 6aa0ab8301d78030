import type { LeaseAnswer, LeaseCall } from "./calls.ts";

/** Three tries before a lease of ten seconds ends. */
const RENEW_US = 3_000_000;
/** Etcd that did not answer is asked again so soon. */
const AGAIN_US = 1_000_000;

/** Why etcd cannot be asked, and since when. */
export interface Trouble {
  readonly cause: string;
  readonly sinceUs: number;
}

/** The lease that all claims of this process hang on; its renewal tells whether etcd is there at all. */
export class Lease {
  /** Null when there is none (any more). */
  id: string | null = null;
  trouble: Trouble | null = null;
  #dueAt = 0;
  #busy = false;

  /** Whether claims can be made. */
  get isGood(): boolean {
    return this.id !== null && this.trouble === null;
  }

  poll(now: number): LeaseCall | null {
    if (this.#busy || now < this.#dueAt) return null;
    this.#busy = true;
    return this.id === null ? { type: "grant" } : { type: "renew", lease: this.id };
  }

  /** True when it is another lease than before. */
  answered({ lease }: LeaseAnswer, now: number): boolean {
    const isOther = lease !== this.id;
    this.#busy = false;
    this.trouble = null;
    this.id = lease;
    this.#dueAt = lease === null ? now : now + RENEW_US;
    return isOther;
  }

  /** Its renewal, or its grant, came to nothing. */
  failed(cause: string, now: number): void {
    this.#busy = false;
    this.suspect(cause, now);
    this.#dueAt = now + AGAIN_US;
  }

  /** Another call came to nothing: the next renewal tells when etcd is there again. */
  suspect(cause: string, now: number): void {
    this.trouble = { cause, sinceUs: this.trouble?.sinceUs ?? now };
    if (!this.#busy) this.#dueAt = Math.min(this.#dueAt, now + AGAIN_US);
  }

  /** Etcd says that there is no such lease. */
  gone(lease: string, now: number): void {
    if (this.id !== lease) return;
    this.id = null;
    if (!this.#busy) this.#dueAt = now;
  }

  nextTimeout(): number {
    return this.#busy ? Number.POSITIVE_INFINITY : this.#dueAt;
  }
}
