import { NODE_ADDRESSES_MAX, NODE_TEXT_MAX, SECRETS_MAX } from "../../limits.ts";
import type { Elements } from "./elements.ts";
import { Message, NODE_ID_BYTES } from "./kinds.ts";

export const PROOF_BYTES = 32;
export const KID_LENGTH = 8;
const URL_MAX = 256;
const ADDRESS_MAX = 64;
/** More than are worth counting. */
const CORES_KNOWN_MAX = 0xffff;

export const NODE_ROLES = ["core", "edge"] as const;
export type NodeRole = (typeof NODE_ROLES)[number];

const NAMES_MODES = ["mesh", "etcd"] as const;
export type NamesMode = (typeof NAMES_MODES)[number];

/** HELLO: the first message of both ends. Nothing else is read before its proof was found right. */
export interface Hello {
  readonly protocolMin: number;
  readonly protocolMax: number;
  /** Of the secret that the proof was made with. */
  readonly kid: string;
  readonly node: Uint8Array;
  /** Drawn at the start of the process: two processes with one key have two of them. */
  readonly boot: number;
  readonly proof: Uint8Array;
  readonly cluster: string;
  readonly names: NamesMode;
  readonly role: NodeRole;
  readonly region: string;
  /** Of the software, for people. */
  readonly version: string;
  /** Where viewers reach its HTTP; empty when it does not know. */
  readonly url: string;
  /** Where its link port is reached, HOST:PORT. */
  readonly addresses: readonly string[];
  /** All secrets that it accepts. */
  readonly accepts: readonly string[];
  /** Cores that it knows beside the other end, itself among them; null of an older version. */
  readonly cores: number | null;
  /** It is what it was told to be, and not what was left; null of an older version. */
  readonly told: boolean | null;
}

export function writeHello(hello: Hello): unknown[] {
  const told = hello.told === null ? [] : [hello.told];
  return [
    Message.hello,
    hello.protocolMin,
    hello.protocolMax,
    hello.kid,
    hello.node,
    hello.boot,
    hello.proof,
    hello.cluster,
    NAMES_MODES.indexOf(hello.names),
    NODE_ROLES.indexOf(hello.role),
    hello.region,
    hello.version,
    hello.url,
    hello.addresses,
    hello.accepts,
    ...(hello.cores === null ? [] : [hello.cores, ...told]),
  ];
}

/** Behind the type; null when it is none. */
export function readHello(elements: Elements): Hello | null {
  const hello: Hello = {
    protocolMin: elements.uint(255),
    protocolMax: elements.uint(255),
    kid: elements.text(KID_LENGTH),
    node: elements.bytes(NODE_ID_BYTES),
    boot: elements.uint(),
    proof: elements.bytes(PROOF_BYTES),
    cluster: elements.text(NODE_TEXT_MAX),
    names: NAMES_MODES[elements.uint(NAMES_MODES.length - 1)]!,
    role: NODE_ROLES[elements.uint(NODE_ROLES.length - 1)]!,
    region: elements.text(NODE_TEXT_MAX),
    version: elements.text(NODE_TEXT_MAX),
    url: elements.text(URL_MAX),
    addresses: elements.list(NODE_ADDRESSES_MAX, (each) => each.text(ADDRESS_MAX)),
    accepts: elements.list(SECRETS_MAX, (each) => each.text(KID_LENGTH)),
    cores: elements.more ? elements.uint(CORES_KNOWN_MAX) : null,
    told: elements.more ? elements.boolean() : null,
  };
  return elements.ok ? hello : null;
}
