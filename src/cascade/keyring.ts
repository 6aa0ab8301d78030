/** The cluster secrets of a node: who knows one may be a member. */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { KID_LENGTH, PROOF_BYTES } from "../wire/cascade/hello.ts";
import { ASSOCIATION_BYTES } from "../wire/cascade/rekey.ts";

const KEY_BYTES = 32;

/** What is derived of one secret under one cluster's name. */
export interface LinkKeys {
  /** Names the secret to whoever has it, and tells nothing of it. */
  readonly kid: string;
  /** Of the knock's password (src/peer/knock.ts). */
  readonly knock: Uint8Array;
  readonly proof: Uint8Array;
}

/** Keys of all secrets of a node. The first is used, all are accepted. */
export class Keyring {
  readonly cluster: string;
  readonly first: LinkKeys;
  /**
   * Of the same secrets without the cluster's name. Strangers get no answer, so that a node whose name
   * is another would never learn that: with one of these it may knock, and is told.
   */
  readonly nameless: readonly LinkKeys[];
  readonly all: readonly LinkKeys[];

  /** `secrets` has one at least. */
  constructor(cluster: string, secrets: readonly Uint8Array[]) {
    this.cluster = cluster;
    this.all = secrets.map((secret) => deriveKeys(cluster, secret));
    this.first = this.all[0]!;
    this.nameless = secrets.map((secret) => deriveKeys("", secret));
  }

  byKid(kid: string): LinkKeys | null {
    return [...this.all, ...this.nameless].find((keys) => keys.kid === kid) ?? null;
  }
}

/** Which end of a link: the one that knocked, or the one that was knocked at. */
export const LinkEnd = { caller: 0, callee: 1 } as const;
export type LinkEnd = (typeof LinkEnd)[keyof typeof LinkEnd];

/**
 * Shows possession of the secret over this very DTLS connection: `exported` is what both of its ends
 * and nobody else can export (RFC 5705), and the end's number keeps a proof from being sent back.
 */
export function proofOf(
  keys: LinkKeys,
  exported: Uint8Array,
  end: LinkEnd,
  node: Uint8Array,
): Uint8Array {
  const hmac = createHmac("sha256", keys.proof).update(exported).update(Uint8Array.of(end));
  return new Uint8Array(hmac.update(node).digest());
}

/** What both ends of an association call it, and nobody else can: by what its handshake exports. */
export function associationOf(exported: Uint8Array): Uint8Array {
  const hmac = createHmac("sha256", exported).update("link association v1");
  return new Uint8Array(hmac.digest().subarray(0, ASSOCIATION_BYTES));
}

export function isProof(proof: Uint8Array, expected: Uint8Array): boolean {
  return proof.length === PROOF_BYTES && timingSafeEqual(proof, expected);
}

function deriveKeys(cluster: string, secret: Uint8Array): LinkKeys {
  const derive = (info: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", secret, cluster, info, KEY_BYTES));
  const kid = Buffer.from(derive("link kid v1")).toString("base64").slice(0, KID_LENGTH);
  return { kid, knock: derive("link knock v1"), proof: derive("link proof v1") };
}
