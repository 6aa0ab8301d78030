import type { ClusterState, LinkState } from "../../contract/cluster.ts";
import { VIEWER_SHARE } from "../../limits.ts";
import type { Cluster } from "./cluster.ts";

/** Who has the stream already may be so much fuller: it has to get it for nobody. */
const HAS_IT_SHARE = 0.1;

/** A viewer that looks for a place. */
export interface Seeker {
  readonly stream: string;
  /** Nodes that have sent it on: they are full. */
  readonly via: readonly string[];
  /** It came by TLS, and is not to go on without. */
  readonly secure: boolean;
}

/** The nodes that viewers can be sent to: those that told their URL, and that they are not full. */
export class Neighbours {
  readonly #cluster: Cluster;
  /** By node: viewers sent there of which its figures cannot tell yet, and of which they perhaps do. */
  #sent = new Map<string, number>();
  #sentBefore = new Map<string, number>();
  #state: ClusterState | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Own region first, then whoever is least full; null when nobody has room. */
  best(seeker: Seeker): LinkState | null {
    const { state } = this.#cluster;
    if (state !== this.#state) {
      this.#state = state;
      this.#sentBefore = this.#sent;
      this.#sent = new Map();
    }
    const { region } = this.#cluster.setup;
    const open = (state?.links ?? []).filter((link) => this.#takes(link, seeker));
    const near = open.filter((link) => link.region === region);
    const having = this.#having(seeker.stream);
    const cost = ({ node, filled }: LinkState): number =>
      filled! + this.#expected(node) - (having.has(node) ? HAS_IT_SHARE : 0);
    const [first = null] = (near.length > 0 ? near : open).sort((a, b) => cost(a) - cost(b));
    return first;
  }

  /** A viewer was sent there. */
  sent(node: string): void {
    this.#sent.set(node, (this.#sent.get(node) ?? 0) + 1);
  }

  #takes({ node, url, filled }: LinkState, { via, secure }: Seeker): boolean {
    if (filled === null || filled + this.#expected(node) >= 1 || via.includes(node)) return false;
    // Nodes behind one address cannot be told apart by it.
    if (url === this.#cluster.setup.url || !URL.canParse(url)) return false;
    const { protocol } = new URL(url);
    return protocol === "https:" || (protocol === "http:" && !secure);
  }

  /** What those who were sent there a moment ago will come to. */
  #expected(node: string): number {
    return ((this.#sent.get(node) ?? 0) + (this.#sentBefore.get(node) ?? 0)) * VIEWER_SHARE;
  }

  /** Nodes that are known to have the stream. */
  #having(name: string): ReadonlySet<string> {
    const owner = this.#cluster.ownerOf(name);
    const pull = this.#state?.pulls.find((each) => each.name === name);
    return new Set([...(owner === null ? [] : [owner]), ...(pull?.path ?? [])]);
  }
}
