import type { Elements } from "../wire/cascade/elements.ts";
import { readCores, writeCores } from "../wire/cascade/node.ts";
import type { Links } from "./links.ts";
import type { Members } from "./members.ts";
import { nodeBytes, nodeIdOf } from "./node-id.ts";

/** Others are told whom this node has links with so often. */
const CORES_US = 1_000_000;
/** All of them with eight long addresses each are more than a message may be. */
const CORES_AT_ONCE = 16;

/** What nodes tell each other of the cores that they have links with: a hint whom to dial, no more. */
export class CoreHints {
  readonly #links: Links;
  readonly #members: Members;
  #tellAt = 0;
  #changed = false;

  constructor(links: Links, members: Members) {
    this.#links = links;
    this.#members = members;
  }

  /** A link came or went. */
  changed(): void {
    this.#changed = true;
  }

  heard(elements: Elements, now: number): void {
    for (const { node, addresses } of readCores(elements) ?? []) {
      this.#members.hint(nodeIdOf(node), addresses, now);
    }
  }

  handleTimeout(now: number): void {
    if (!this.#changed || now < this.#tellAt) return;
    this.#changed = false;
    this.#tellAt = now + CORES_US;
    this.#tell();
  }

  nextTimeout(): number {
    return this.#changed ? this.#tellAt : Number.POSITIVE_INFINITY;
  }

  #tell(): void {
    const cores = this.#links.cores().map(({ node, hello }) => ({
      node: nodeBytes(node),
      addresses: hello?.addresses ?? [],
    }));
    for (let at = 0; at < cores.length; at += CORES_AT_ONCE) {
      const some = writeCores(cores.slice(at, at + CORES_AT_ONCE));
      for (const link of this.#links.open()) link.send(some);
    }
  }
}
