import { CUTS_BYTES_MAX, CUTS_KEPT_US } from "../limits.ts";
import type { Cut } from "../wire/cascade/cut.ts";

/** How a stream was cut of late, for those who come later. */
export class KeptCuts {
  readonly #cuts: { readonly cut: Cut; readonly at: number }[] = [];
  #bytes = 0;

  /** The newest that came; null before the first. */
  get last(): Cut | null {
    return this.#cuts.at(-1)?.cut ?? null;
  }

  /** False when it is known. */
  add(cut: Cut, now: number): boolean {
    const { last } = this;
    if (last?.edition === cut.edition && cut.number <= last.number) return false;
    // Of another edition nobody needs anything any more.
    if (last !== null && last.edition !== cut.edition) this.#forget(this.#cuts.length);
    this.#cuts.push({ cut, at: now });
    this.#bytes += cut.body.length;
    const old = this.#cuts.findIndex(({ at }) => now - at <= CUTS_KEPT_US);
    this.#forget(Math.max(0, old));
    while (this.#bytes > CUTS_BYTES_MAX) this.#forget(1);
    return true;
  }

  /** All that whoever has heard `last` has not. */
  since(last: Pick<Cut, "edition" | "number"> | null): Cut[] {
    const all = this.#cuts.map(({ cut }) => cut);
    return all.filter(({ edition, number }) => edition !== last?.edition || number > last.number);
  }

  #forget(count: number): void {
    for (const { cut } of this.#cuts.splice(0, count)) this.#bytes -= cut.body.length;
  }
}
