/**
 * Who sent a flight: the certificate must be the one that the SDP names (RFC 5763 5), or between nodes
 * any of a node's kind, and a signature by its key must cover the randoms or the transcript of this
 * handshake. The DTLS library checks the same, and ends the handshake when it is not so; here a forgery
 * is told from the peer's own flight before the library sees either.
 */
import { constants, type KeyObject, verify, X509Certificate } from "node:crypto";
import { readU16, readU24 } from "../wire/bytes.ts";
import { randomOf } from "./dtls-hello.ts";
import { MESSAGE_HEADER_BYTES } from "./dtls-messages.ts";
import { ANY_NODE, type Expected, isNamed } from "./fingerprint.ts";

export type Proof =
  /** By the key of a certificate that is expected. */
  | "proven"
  /** By somebody who sees this handshake, with another certificate. */
  | "foreign"
  | "forged"
  /** A kind of key that cannot be judged here: the library must. */
  | "unknown";

/** HashAlgorithm of RFC 5246 7.4.1.4.1. */
const HASHES: Readonly<Record<number, string>> = {
  2: "sha1",
  3: "sha224",
  4: "sha256",
  5: "sha384",
  6: "sha512",
};
const SIGNATURE_RSA = 1;
const SIGNATURE_ECDSA = 3;
/** RFC 8446 4.2.3: rsa_pss_rsae_sha256 ... sha512, rsa_pss_pss_sha256 ... sha512, ed25519. */
const PSS_HASHES: Readonly<Record<number, string>> = {
  4: "sha256",
  5: "sha384",
  6: "sha512",
  9: "sha256",
  10: "sha384",
  11: "sha512",
};
const SCHEME_INTRINSIC = 8;
const INTRINSIC_ED25519 = 7;
const CURVE_NAMED = 3;
const NODE_CURVE = "prime256v1";

/** A client's flight (RFC 5246 7.4.8). `transcript`: every message before its Certificate. */
export function clientProof(
  expected: Expected,
  transcript: readonly Uint8Array[],
  certificate: Uint8Array,
  keyExchange: Uint8Array,
  certificateVerify: Uint8Array,
): Proof {
  const signed = [...transcript, certificate, keyExchange];
  const signature = certificateVerify.subarray(MESSAGE_HEADER_BYTES);
  return judge(expected, certificate, signed, signature);
}

/** A server's flight with an ECDHE key (RFC 8422 5.4). */
export function serverProof(
  expected: Expected,
  clientHello: Uint8Array,
  serverHello: Uint8Array,
  certificate: Uint8Array,
  keyExchange: Uint8Array,
): Proof {
  const body = keyExchange.subarray(MESSAGE_HEADER_BYTES);
  const end = 4 + (body[3] ?? 0);
  if (body[0] !== CURVE_NAMED || end > body.length) return "forged";
  const signed = [randomOf(clientHello), randomOf(serverHello), body.subarray(0, end)];
  return judge(expected, certificate, signed, body.subarray(end));
}

/** True when a Certificate message brings a certificate that is expected, as far as a look can tell. */
export function holdsNamed(expected: Expected, certificate: Uint8Array): boolean {
  const der = firstCertificate(certificate);
  return der !== null && (expected === ANY_NODE || isNamed(der, expected));
}

/** `signature` with its algorithm (2) and length (2) in front. */
function judge(
  expected: Expected,
  certificate: Uint8Array,
  signed: readonly Uint8Array[],
  signature: Uint8Array,
): Proof {
  const der = firstCertificate(certificate);
  if (der === null || signature.length < 4) return "forged";
  if (readU16(signature, 2) !== signature.length - 4) return "forged";
  const key = publicKey(der);
  const named = expected === ANY_NODE ? isNodeKey(key) : isNamed(der, expected);
  if (key === null) return named ? "unknown" : "forged";
  if (!signatureHolds(key, signed, signature)) return "forged";
  return named ? "proven" : "foreign";
}

function firstCertificate(message: Uint8Array): Uint8Array | null {
  const at = MESSAGE_HEADER_BYTES + 6;
  if (message.length < at) return null;
  const length = readU24(message, at - 3);
  return length > 0 && at + length <= message.length ? message.subarray(at, at + length) : null;
}

function publicKey(der: Uint8Array): KeyObject | null {
  try {
    return new X509Certificate(der).publicKey;
  } catch {
    return null;
  }
}

/** The one kind that nodes make (src/io/node-key.ts). */
function isNodeKey(key: KeyObject | null): boolean {
  return key?.asymmetricKeyDetails?.namedCurve === NODE_CURVE;
}

function signatureHolds(
  key: KeyObject,
  signed: readonly Uint8Array[],
  signature: Uint8Array,
): boolean {
  const [hash, kind] = [signature[0]!, signature[1]!];
  const data = Buffer.concat(signed);
  const value = signature.subarray(4);
  try {
    if (hash === SCHEME_INTRINSIC) {
      if (kind === INTRINSIC_ED25519) {
        return key.asymmetricKeyType === "ed25519" && verify(null, data, key, value);
      }
      const pss = PSS_HASHES[kind];
      if (pss === undefined || !key.asymmetricKeyType?.startsWith("rsa")) return false;
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      return verify(pss, data, { key, padding, saltLength }, value);
    }
    const name = HASHES[hash];
    const type = kind === SIGNATURE_ECDSA ? "ec" : kind === SIGNATURE_RSA ? "rsa" : null;
    return name !== undefined && key.asymmetricKeyType === type && verify(name, data, key, value);
  } catch {
    // A signature or an algorithm that the key does not take.
    return false;
  }
}
