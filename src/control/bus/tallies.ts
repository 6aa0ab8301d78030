/** Reactions of many senders, those that are alike as one. */
import { REACTION_KINDS_MAX, REACTIONS_US } from "../../limits.ts";
import type { Draft, Refusal, Remark, RemarkData } from "../streams/remark.ts";

interface Tally {
  readonly data: RemarkData;
  /** Of the first of them. */
  readonly at: number;
  count: number;
  readonly told: PromiseWithResolvers<Remark | Refusal>;
}

/** What is counted, and is to be told together soon. */
export class Tallies {
  readonly #tallies = new Map<string, Tally>();
  #toldAt = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#tallies.size;
  }

  /** Counts one; resolves to what it was told with. `at`: of its picture, ms. */
  count({ data }: Draft, at: number): Promise<Remark | Refusal> | Refusal {
    const key = JSON.stringify(data);
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      if (this.#tallies.size >= REACTION_KINDS_MAX) return "busy";
      tally = { data, at, count: 0, told: Promise.withResolvers() };
      this.#tallies.set(key, tally);
    }
    tally.count += 1;
    return tally.told.promise;
  }

  /** It is time to tell of them at `now`, us. */
  isDue(now: number): boolean {
    return this.#tallies.size > 0 && now - this.#toldAt >= REACTIONS_US;
  }

  /** Tells of all by `tell`, which gives what comes of it. */
  tell(now: number, tell: (data: RemarkData, at: number) => Remark | Refusal): void {
    this.#toldAt = now;
    for (const { data, at, count, told } of this.#tallies.values()) {
      told.resolve(tell({ ...data, count }, at));
    }
    this.#tallies.clear();
  }
}
