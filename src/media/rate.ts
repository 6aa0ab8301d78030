const BUCKETS = 10;
const BUCKET_US = 100_000;

/** Amount a second over the last whole second, in ten buckets. */
export class Rate {
  readonly #buckets = new Float64Array(BUCKETS);
  #bucket = 0;
  #sum = 0;

  add(now: number, amount: number): void {
    this.#advance(now);
    const at = this.#bucket % BUCKETS;
    this.#buckets[at] = this.#buckets[at]! + amount;
    this.#sum += amount;
  }

  perSecond(now: number): number {
    this.#advance(now);
    return this.#sum;
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / BUCKET_US);
    if (bucket <= this.#bucket) return;
    if (bucket - this.#bucket >= BUCKETS) {
      this.#buckets.fill(0);
      this.#sum = 0;
    } else {
      for (let i = this.#bucket + 1; i <= bucket; i += 1) {
        this.#sum -= this.#buckets[i % BUCKETS]!;
        this.#buckets[i % BUCKETS] = 0;
      }
    }
    this.#bucket = bucket;
  }
}
