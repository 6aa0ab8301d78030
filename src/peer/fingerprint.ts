import { createHash } from "node:crypto";
import type { Fingerprint } from "../contract/session.ts";

const COLON = 58;
const NODE_ID_BYTES = 16;

/**
 * In place of fingerprints: whoever proves to have the key of a P-256 certificate is taken, and told
 * by it. Only for links between nodes, which prove afterwards that they belong together. No message
 * and no SDP can spell a symbol.
 */
export const ANY_NODE = Symbol("any node");

/** Whose certificate a session takes. */
export type Expected = readonly Fingerprint[] | typeof ANY_NODE;

/** What a node is called: of the SubjectPublicKeyInfo (DER) in its certificate. */
export function nodeIdOf(publicKey: Uint8Array): Uint8Array {
  const digest = createHash("sha256").update(publicKey).digest();
  return new Uint8Array(digest.subarray(0, NODE_ID_BYTES));
}

/** True when the certificate (DER) is one that the SDP names (RFC 8122 5). */
export function isNamed(certificate: Uint8Array, fingerprints: readonly Fingerprint[]): boolean {
  return fingerprints.some(({ algorithm, value }) => {
    return isDigest(createHash(algorithm.replace("-", "")).update(certificate).digest(), value);
  });
}

/**
 * True when `value` is `AB:CD:...` of these bytes, in either case. Digit by digit: to spell the digest
 * out took 28 us of a handshake (profile).
 */
export function isDigest(digest: Uint8Array, value: string): boolean {
  if (value.length !== digest.length * 3 - 1) return false;
  for (let i = 0; i < digest.length; i += 1) {
    const at = i * 3;
    if (hexDigit(value.charCodeAt(at)) !== digest[i]! >> 4) return false;
    if (hexDigit(value.charCodeAt(at + 1)) !== (digest[i]! & 15)) return false;
    if (at > 0 && value.charCodeAt(at - 1) !== COLON) return false;
  }
  return true;
}

/** SHA-256 of a DER certificate as a=fingerprint writes it. */
export function fingerprintOf(certificate: Uint8Array): Fingerprint {
  const digest = createHash("sha256").update(certificate).digest();
  return { algorithm: "sha-256", value: colonHex(digest) };
}

/** `AB:CD:...` */
function colonHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}

/** -1 for what is none. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
