/** What the two ends of a link show each other before anything else is read. */
import { type Hello, type NamesMode, type NodeRole, writeHello } from "../wire/cascade/hello.ts";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../wire/cascade/kinds.ts";
import { CORES_MAX } from "../wire/cascade/node.ts";
import { isProof, type Keyring, LinkEnd, proofOf } from "./keyring.ts";
import { type NodeId, nodeBytes, nodeIdOf } from "./node-id.ts";

/** A node that is told nothing is a core as long as there are fewer. */
const CORES_ENOUGH = 16;

/** What a node is told to be. */
export type RoleWish = "auto" | NodeRole;

/** What a node says of itself. */
export interface NodeSelf {
  readonly id: NodeId;
  /** Drawn once a process. */
  readonly boot: number;
  readonly names: NamesMode;
  readonly wish: RoleWish;
  /** Until it is decided, what it will be for all that it knows. */
  role: NodeRole;
  /** It is an edge where so many cores are already; null when that was decided. */
  coresMax: number | null;
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
  cores: number,
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
    cores,
    told: self.wish !== "auto",
  });
}

/** What a node that is told this may be. */
export function roleOf(wish: RoleWish): Pick<NodeSelf, "wish" | "role" | "coresMax"> {
  if (wish === "edge") return { wish, role: "edge", coresMax: null };
  return { wish, role: "core", coresMax: coresMaxOf(wish) };
}

/** A node that is told this is a core as long as there are fewer. */
export function coresMaxOf(wish: RoleWish): number {
  return wish === "core" ? CORES_MAX : CORES_ENOUGH;
}

/** The first that answers, wherever it was called, knows how many cores there are. */
export function decideRole(self: NodeSelf, { cores }: Hello): void {
  if (self.coresMax === null) return;
  if (cores !== null && cores >= self.coresMax) self.role = "edge";
  self.coresMax = null;
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
