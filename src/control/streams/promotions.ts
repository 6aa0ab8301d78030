import type { EtcdNames } from "../etcd/etcd-names.ts";
import type { Clock } from "../ports.ts";
import type { Stream } from "./stream.ts";

/** A name that another node has, or that etcd had no word on, is not asked for again before. */
const AGAIN_US = 1_000_000;

interface PromotionsOptions {
  readonly names: EtcdNames;
  readonly clock: Clock;
  /** This node has the name now: whoever waits here may go on. */
  readonly won: (stream: Stream) => void;
}

/** Whoever waits for the place of a publisher has to have its name first. */
export class Promotions {
  readonly #options: PromotionsOptions;
  /** When the name may be asked for again; for ever later while it is being asked for. */
  readonly #nextAt = new WeakMap<Stream, number>();

  constructor(options: PromotionsOptions) {
    this.#options = options;
  }

  /** Whether this node has the name; if not, it is asked for. */
  mayBegin(stream: Stream): boolean {
    const { names, clock, won } = this.#options;
    if (names.owns(stream.name)) return true;
    if (clock.now() < (this.#nextAt.get(stream) ?? 0)) return false;
    this.#nextAt.set(stream, Number.POSITIVE_INFINITY);
    void names.claim(stream.name, false, (verdict) => {
      this.#nextAt.set(stream, verdict === "won" ? 0 : clock.now() + AGAIN_US);
      if (verdict === "won") won(stream);
    });
    return false;
  }
}
