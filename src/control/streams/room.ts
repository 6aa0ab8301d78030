import { WORKER_KINDS } from "../../contract/workers.ts";
import { Capacity } from "../plane/capacity.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Sampler } from "../plane/sampler.ts";
import type { Registry } from "./registry.ts";

interface RoomOptions {
  readonly plane: MediaPlane;
  readonly sampler: Sampler;
  readonly registry: Registry;
  /** Sessions at once. */
  readonly sessionsMax: number;
  /** Bits a second to viewers; null without a limit. */
  readonly capacity: number | null;
  /** True from SIGTERM on. */
  readonly draining: () => boolean;
}

/** Why a node takes no more viewers. */
export type Fullness = "stopping" | "session-limit" | "capacity" | "overload";

/** How much of what a node of a cluster can give to viewers is given; other nodes are told of it. */
export class Room {
  readonly #options: RoomOptions;
  readonly #capacity: Capacity;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#capacity = new Capacity(options.capacity);
  }

  /** Why another viewer is not to come here; null while there is room. */
  get full(): Fullness | null {
    const { plane, registry, sessionsMax, draining } = this.#options;
    if (draining()) return "stopping";
    if (registry.sessions.count >= sessionsMax) return "session-limit";
    if (this.#capacity.reached) return "capacity";
    return plane.place("viewer") === "overloaded" ? "overload" : null;
  }

  /** 0 to 1, of which 1 takes no more. */
  get share(): number {
    if (this.full !== null) return 1;
    const { registry, sessionsMax } = this.#options;
    return Math.max(registry.sessions.count / sessionsMax, this.#capacity.share, this.#busy());
  }

  /** A viewer has been taken. */
  came(): void {
    this.#capacity.came();
  }

  /** About once a second, behind the sampler's turn. */
  look(): void {
    const { plane, sampler, registry } = this.#options;
    this.#capacity.look(sampler.total("viewer").out, registry.count("viewer"));
    plane.relay?.send({ type: "filled", share: this.share });
  }

  /** Of the workers that send to viewers, on the average. */
  #busy(): number {
    const { plane, sampler } = this.#options;
    const serving = plane.loads().filter(({ kind }) => WORKER_KINDS[kind].serves === "viewer");
    const sum = serving.reduce((busy, { name }) => busy + sampler.ratesOf(name).load, 0);
    // Not the same as full, which is late as well.
    return Math.min(0.99, sum / Math.max(1, serving.length));
  }
}
