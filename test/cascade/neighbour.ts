import type { NodeSelf } from "../../src/cascade/greeting.ts";
import type { Link } from "../../src/cascade/link.ts";
import type { NodeId } from "../../src/cascade/node-id.ts";
import type { Elements } from "../../src/wire/cascade/elements.ts";
import { idOf, Pair } from "./ends.ts";

/** The number of the node that is tested. */
export const SELF = 100;

/** Another node with an open link, and what it hears over it. */
export class Neighbour {
  readonly id: NodeId;
  readonly pair: Pair;
  /** Our end of the link. */
  readonly link: Link;

  constructor(number: number, change: Partial<NodeSelf> = {}) {
    this.id = idOf(number);
    this.pair = new Pair({ id: this.id, ...change }, { id: idOf(SELF) });
    this.pair.delayUs = 1_000;
    this.pair.run(10_000);
    this.link = this.pair.callee.link;
  }

  /** What it has heard since it was asked last. */
  heard(): { type: number; elements: Elements }[] {
    this.pair.run(5_000);
    return this.pair.caller.messages.splice(0);
  }

  types(): number[] {
    return this.heard().map(({ type }) => type);
  }
}
