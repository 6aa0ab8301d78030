/** One direction of a link in virtual time: seeded loss, delay and (through jitter) reordering. */
export class LossyLink {
  readonly #random: () => number;
  readonly #loss: number;
  readonly #delayUs: number;
  readonly #jitterUs: number;
  #queue: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  constructor(
    random: () => number,
    options: { readonly loss?: number; readonly delayUs?: number; readonly jitterUs?: number } = {},
  ) {
    this.#random = random;
    this.#loss = options.loss ?? 0;
    this.#delayUs = options.delayUs ?? 0;
    this.#jitterUs = options.jitterUs ?? 0;
  }

  /** Copies the bytes. */
  send(now: number, bytes: Uint8Array): void {
    if (this.#random() < this.#loss) return;
    const at = now + this.#delayUs + Math.floor(this.#random() * this.#jitterUs);
    this.#queue.push({ at, bytes: bytes.slice() });
    this.#queue.sort((a, b) => a.at - b.at);
  }

  /** The next datagram that has arrived by `now`, or null. */
  receive(now: number): Uint8Array | null {
    if (this.#queue.length === 0 || this.#queue[0]!.at > now) return null;
    return this.#queue.shift()!.bytes;
  }

  /** When the next datagram arrives; Infinity when none is under way. */
  nextArrival(): number {
    return this.#queue[0]?.at ?? Infinity;
  }
}
