/** What the two ends of a link show each other before anything else is read. */
import { type Hello, type NamesMode, type NodeRole, writeHello } from "../wire/cascade/hello.ts";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../wire/cascade/kinds.ts";
import { isProof, type Keyring, LinkEnd, proofOf } from "./keyring.ts";
import { type NodeId, nodeBytes, nodeIdOf } from "./node-id.ts";

/** What a node says of itself. */
export interface NodeSelf {
  readonly id: NodeId;
  /** Drawn once a process. */
  readonly boot: number;
  readonly names: NamesMode;
  readonly role: NodeRole;
  readonly region: string;
  /** Of the software. */
  readonly version: string;
  readonly url: string;
  readonly addresses: readonly string[];
}

/** What DTLS knows of a link: who is at its other end, and what only the two of them can export. */
export interface LinkSecurity {
  readonly end: LinkEnd;
  /** By the certificate. */
  readonly node: NodeId;
  readonly exported: Uint8Array;
}

/** Why a link cannot be, in the words of status and log. */
export type Disagreement =
  | "wrong secret"
  | "another cluster name"
  | "another names mode"
  | "incompatible version"
  | "its id is not its key's"
  | "it is this node itself"
  | "its key is used by two nodes";

/** Our HELLO over this link. `kid`: the secret that the knock was made with. */
export function greet(
  self: NodeSelf,
  keyring: Keyring,
  { end, exported }: LinkSecurity,
  kid: string,
): unknown[] {
  const node = nodeBytes(self.id);
  const keys = keyring.byKid(kid) ?? keyring.first;
  return writeHello({
    protocolMin: PROTOCOL_MIN,
    protocolMax: PROTOCOL_MAX,
    kid: keys.kid,
    node,
    boot: self.boot,
    proof: proofOf(keys, exported, end, node),
    cluster: keyring.cluster,
    names: self.names,
    role: self.role,
    region: self.region,
    version: self.version,
    url: self.url,
    addresses: self.addresses,
    accepts: keyring.all.map((each) => each.kid),
  });
}

/** What is wrong with the other end's HELLO; null when nothing is. */
export function disagreement(
  hello: Hello,
  self: NodeSelf,
  keyring: Keyring,
  { end, node, exported }: LinkSecurity,
): Disagreement | null {
  if (nodeIdOf(hello.node) !== node) return "its id is not its key's";
  const keys = keyring.byKid(hello.kid);
  const other = end === LinkEnd.caller ? LinkEnd.callee : LinkEnd.caller;
  if (keys === null || !isProof(hello.proof, proofOf(keys, exported, other, hello.node))) {
    return "wrong secret";
  }
  if (node === self.id) {
    return hello.boot === self.boot ? "it is this node itself" : "its key is used by two nodes";
  }
  if (hello.cluster !== keyring.cluster) return "another cluster name";
  if (versionOf(hello) === null) return "incompatible version";
  return hello.names === self.names ? null : "another names mode";
}

/** The protocol version that both ends speak; null for none. */
function versionOf(hello: Pick<Hello, "protocolMin" | "protocolMax">): number | null {
  const version = Math.min(hello.protocolMax, PROTOCOL_MAX);
  return version >= Math.max(hello.protocolMin, PROTOCOL_MIN) ? version : null;
}
