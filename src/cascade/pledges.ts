import { writeHeads } from "../wire/cascade/ring.ts";
import type { Link } from "./link.ts";
import { HEARTBEAT_US } from "./liveness.ts";
import type { StreamKey } from "./names.ts";
import type { NodeId } from "./node-id.ts";

/** Whether the way is still there is looked at so often. */
const LOOK_US = 200_000;

/** A node that this one stands by for, without the stream. */
export interface Pledge {
  readonly link: Link;
  readonly alias: number;
  readonly key: StreamKey;
}

/** Of the root nothing is known here. */
const ROOT_UNHEARD_US = 0xffff_ffff;

interface PledgesOptions {
  /** The way that the stream would come by for whoever asks, without this node; null for none. */
  readonly wayTo: (key: StreamKey, asker: Link, now: number) => readonly NodeId[] | null;
  /** It could still be had, perhaps by another way, or no longer. */
  readonly changed: (pledge: Pledge, path: readonly NodeId[] | null) => void;
}

/**
 * Streams that this node has not, but would get for nodes that it stands by for: no ring is kept for
 * them and nothing is asked of anybody until one of them needs it.
 */
export class Pledges {
  readonly #options: PledgesOptions;
  readonly #paths = new Map<Pledge, readonly NodeId[]>();
  #lookAt = 0;
  #headsAt = 0;

  constructor(options: PledgesOptions) {
    this.#options = options;
  }

  /** It came by this way when it was looked at last. */
  add(pledge: Pledge, path: readonly NodeId[]): void {
    this.#paths.set(pledge, path);
  }

  delete(pledge: Pledge): void {
    this.#paths.delete(pledge);
  }

  /** Whom this node stands by for hears that it is there. */
  handleTimeout(now: number): void {
    if (now >= this.#lookAt) this.#look(now);
    if (now < this.#headsAt) return;
    this.#headsAt = now + HEARTBEAT_US;
    for (const { link, alias } of this.#paths.keys()) {
      link.sendLoose(
        writeHeads({
          alias,
          heads: [],
          rootAgeUs: ROOT_UNHEARD_US,
          left: 0,
          withheld: 0,
          began: [],
        }),
      );
    }
  }

  nextTimeout(): number {
    return this.#paths.size === 0 ? Number.POSITIVE_INFINITY : this.#headsAt;
  }

  #look(now: number): void {
    this.#lookAt = now + LOOK_US;
    for (const [pledge, before] of [...this.#paths]) {
      const path = this.#options.wayTo(pledge.key, pledge.link, now);
      if (path?.join() === before.join()) continue;
      if (path !== null) this.#paths.set(pledge, path);
      this.#options.changed(pledge, path);
    }
  }
}
