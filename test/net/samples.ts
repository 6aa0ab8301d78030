/** Times of a run in us, bounded: when there are too many, every second one goes. */
const KEPT = 65_536;

export class Samples {
  private values: number[] = [];
  private every = 1;
  private skip = 0;

  add(value: number): void {
    this.skip += 1;
    if (this.skip < this.every) return;
    this.skip = 0;
    this.values.push(value);
    if (this.values.length < KEPT) return;
    this.values = this.values.filter((_, i) => i % 2 === 0);
    this.every *= 2;
  }

  /** All of them, and begins anew. */
  take(): readonly number[] {
    const { values } = this;
    this.values = [];
    this.every = 1;
    this.skip = 0;
    return values;
  }
}

/** In ms, rounded to hundredths; zeros of nothing. */
export function percentiles(us: readonly number[]): {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
} {
  const sorted = [...us].sort((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return Math.round(value / 10) / 100;
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
