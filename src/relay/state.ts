import type { Link } from "../cascade/link.ts";
import type { ClusterState, LinkFailure } from "../contract/cluster.ts";
import { GCM_TAG_BYTES } from "../srtp/overhead.ts";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../wire/cascade/kinds.ts";
import { LINK_HEADER_BYTES } from "../wire/link-header.ts";
import type { Relay } from "./relay.ts";

/** Beside the frames of a datagram. */
const DATAGRAM_OVERHEAD = LINK_HEADER_BYTES + GCM_TAG_BYTES;

/** Links that could not be which are remembered. */
const FAILURES_MAX = 16;

const UNANSWERED =
  "no answer: nobody is there, UDP does not get through, or it has another secret or cluster name";

/** What is told of links and pulls, for people. */
export class RelayState {
  readonly #failures: LinkFailure[] = [];

  /** A link is over, or could not be; the reason with what the other end says of itself. */
  failed(link: Link, dialled: string, reason: string): string {
    const address = link.claim?.addresses[0] ?? dialled;
    const words = inWords(link, reason);
    this.#note({ address: dialled || address, node: link.node, reason: words });
    return words;
  }

  /** Nobody answers there. */
  unanswered(address: string): void {
    this.#note({ address, node: "", reason: UNANSWERED });
  }

  /** Somebody knocks with a key that is none of ours. */
  stranger(kid: string): void {
    const reason = `somebody knocks with secret ${kid}, which is not accepted here: it has another secret or cluster name`;
    this.#note({ address: "", node: "", reason });
  }

  of(relay: Relay, accepts: readonly string[]): ClusterState {
    const { node } = relay;
    const links = [...node.links.open()];
    return {
      role: node.self.role,
      accepts,
      published: [...node.names.owned()].map(({ name, epoch }) => ({ name, epoch })),
      links: links.map((link) => ({
        ...aboutLink(link),
        ...relay.traffic(link.session),
        pulls: [...node.pulls.values()].filter((pull) =>
          pull.parents.some((parent) => parent.node === link.node),
        ).length,
        children: node.serving.children.filter((child) => child.link === link).length,
      })),
      pulls: [...node.pulls.values()].map(({ known, path, parents, stream }) => ({
        name: known.name,
        epoch: known.epoch,
        owner: known.owner,
        path,
        parents,
        ...relay.coming(stream),
      })),
      failures: this.#failures.filter((failure) => !links.some((link) => isMended(failure, link))),
    };
  }

  /** The newest last, each once. */
  #note(failure: LinkFailure): void {
    const at = this.#failures.findIndex((each) => isSame(each, failure));
    if (at >= 0) this.#failures.splice(at, 1);
    this.#failures.push(failure);
    if (this.#failures.length > FAILURES_MAX) this.#failures.shift();
  }
}

function aboutLink(link: Link) {
  const { role, region, version, url, addresses, accepts, boot } = link.hello!;
  const { aheadUs } = link;
  return {
    ...{ node: link.node, role, region, version, url, accepts, address: addresses[0] ?? "" },
    roundTripMs: link.time.known ? link.time.roundTripUs / 1000 : null,
    datagramBytes: link.size.found + DATAGRAM_OVERHEAD,
    load: link.load,
    filled: link.filled,
    clock: aheadUs === null ? null : { boot, aheadUs },
    trouble: link.gray.words,
    troubles: link.gray.begun,
  };
}

/** Whoever showed the secret is quoted. */
function inWords({ claim }: Link, reason: string): string {
  if (claim === null) return reason;
  const { version, protocolMin, protocolMax, cluster, names } = claim;
  switch (reason) {
    case "incompatible version":
      return `${reason}: ${version} speaks ${protocolMin} to ${protocolMax}, this node ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`;
    case "another cluster name":
      return `${reason}: "${cluster}"`;
    case "another names mode":
      return `${reason}: ${names}`;
    default:
      return reason;
  }
}

/** A link is there by now. */
function isMended({ node, address }: LinkFailure, link: Link): boolean {
  if (node !== "") return node === link.node;
  return address !== "" && link.hello?.addresses.includes(address) === true;
}

function isSame(left: LinkFailure, right: LinkFailure): boolean {
  return left.address === right.address && left.node === right.node && left.reason === right.reason;
}
