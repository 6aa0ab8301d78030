import type { Link } from "../cascade/link.ts";
import { REPLACED } from "../cascade/rivals.ts";
import type { ClusterState, LinkFailure } from "../contract/cluster.ts";
import type { Relay } from "./relay.ts";

/** Links that could not be which are remembered. */
const FAILURES_MAX = 16;

/** What is told of links and pulls, for people. */
export class RelayState {
  readonly #failures: LinkFailure[] = [];

  /** A link is over, or could not be. */
  failed(link: Link, reason: string): void {
    // One of two to the same node.
    if (reason === REPLACED) return;
    const address = link.hello?.addresses[0] ?? "";
    this.#failures.push({ address, node: link.node, reason });
    if (this.#failures.length > FAILURES_MAX) this.#failures.shift();
  }

  of({ node }: Relay, accepts: readonly string[]): ClusterState {
    return {
      role: node.self.role,
      accepts,
      published: [...node.names.owned()].map(({ name, epoch }) => ({ name, epoch })),
      links: [...node.links.open()].map((link) => ({
        node: link.node,
        role: link.hello!.role,
        region: link.hello!.region,
        version: link.hello!.version,
        url: link.hello!.url,
        address: link.hello!.addresses[0] ?? "",
        roundTripMs: link.time.known ? link.time.roundTripUs / 1000 : null,
        load: link.load,
        filled: link.filled,
        accepts: link.hello!.accepts,
      })),
      pulls: [...node.pulls.values()].map(({ known, path, parents }) => ({
        name: known.name,
        epoch: known.epoch,
        owner: known.owner,
        path,
        parents,
      })),
      failures: this.#failures,
    };
  }
}
