/** How late this process is woken: as late are the others here that have no higher priority. */
import { percentiles, Samples } from "./samples.ts";

const PAUSE_MS = 5;

export class Lateness {
  readonly #late = new Samples();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor() {
    this.#sleep();
  }

  /** ms, since it was made. */
  stop(): { readonly p99: number; readonly max: number } {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { p99, max } = percentiles(this.#late.take());
    return { p99, max };
  }

  #sleep(): void {
    const due = performance.now() + PAUSE_MS;
    this.#timer = setTimeout(() => {
      this.#late.add(Math.max(0, performance.now() - due) * 1000);
      this.#sleep();
    }, PAUSE_MS);
  }
}
