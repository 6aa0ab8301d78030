import { createHash } from "node:crypto";
import type { Fingerprint } from "../commands.ts";

/** True when the certificate (DER) is one that the SDP names (RFC 8122 5). */
export function isNamed(certificate: Uint8Array, fingerprints: readonly Fingerprint[]): boolean {
  return fingerprints.some(({ algorithm, value }) => {
    const digest = createHash(algorithm.replace("-", "")).update(certificate).digest();
    return colonHex(digest) === value.toUpperCase();
  });
}

/** `AB:CD:...` */
export function colonHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}
