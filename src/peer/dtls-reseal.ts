/**
 * Our own encrypted handshake record made anew under another number (RFC 5288 3, RFC 6347 4.1.2.1).
 * A peer that had the record before drops the same one as a replay (RFC 6347 4.1.2.6), and so would
 * never learn that we lack its answer; the library repeats flights by its own clock only.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { readU16 } from "../wire/bytes.ts";
import { DTLS_RECORD_HEADER_BYTES, writeSequence } from "./dtls-records.ts";

const IMPLICIT_NONCE_BYTES = 4;
const EXPLICIT_NONCE_BYTES = 8;
const TAG_BYTES = 16;

interface Suite {
  readonly keyBytes: number;
  readonly cipher: "aes-128-gcm" | "aes-256-gcm";
  readonly hash: "sha256" | "sha384";
}

const AES_128: Suite = { keyBytes: 16, cipher: "aes-128-gcm", hash: "sha256" };
const AES_256: Suite = { keyBytes: 32, cipher: "aes-256-gcm", hash: "sha384" };
/** RFC 5289 3.2: the suites that we negotiate. */
const SUITES: Readonly<Record<number, Suite>> = {
  49195: AES_128,
  49196: AES_256,
  49199: AES_128,
  49200: AES_256,
};

export interface ClientSecrets {
  readonly suite: number;
  readonly master: Uint8Array;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/** A client's record as record `sequence` of its epoch; null when it is not one of ours. */
export function resealRecord(
  record: Uint8Array,
  sequence: number,
  secrets: ClientSecrets,
): Uint8Array | null {
  const suite = SUITES[secrets.suite];
  const sealed = record.subarray(DTLS_RECORD_HEADER_BYTES);
  const size = sealed.length - EXPLICIT_NONCE_BYTES - TAG_BYTES;
  if (suite === undefined || size <= 0) return null;
  const { key, nonce } = clientKey(suite, secrets);
  const body = sealed.subarray(EXPLICIT_NONCE_BYTES, EXPLICIT_NONCE_BYTES + size);
  const opener = createDecipheriv(suite.cipher, key, nonceOf(nonce, sealed));
  opener.setAAD(additionalData(record, size));
  opener.setAuthTag(sealed.subarray(EXPLICIT_NONCE_BYTES + size));
  const plain = new Uint8Array([...opener.update(body), ...opener.final()]);

  const out = record.slice();
  writeSequence(out, sequence);
  const target = out.subarray(DTLS_RECORD_HEADER_BYTES);
  // The library counts its nonces from a random start: another random one is none of them.
  target.set(randomBytes(EXPLICIT_NONCE_BYTES));
  const sealer = createCipheriv(suite.cipher, key, nonceOf(nonce, target));
  sealer.setAAD(additionalData(out, size));
  target.set(sealer.update(plain), EXPLICIT_NONCE_BYTES);
  sealer.final();
  target.set(sealer.getAuthTag(), EXPLICIT_NONCE_BYTES + size);
  return out;
}

/** RFC 5246 6.3: client MAC key and server MAC key are empty, then the client's key comes first. */
function clientKey(suite: Suite, secrets: ClientSecrets): { key: Uint8Array; nonce: Uint8Array } {
  const seed = [Buffer.from("key expansion"), secrets.serverRandom, secrets.clientRandom];
  const { keyBytes } = suite;
  const block = expand(suite.hash, secrets.master, seed, 2 * keyBytes + IMPLICIT_NONCE_BYTES);
  return { key: block.subarray(0, keyBytes), nonce: block.subarray(2 * keyBytes) };
}

/** P_hash of RFC 5246 5. */
function expand(
  hash: string,
  secret: Uint8Array,
  seed: readonly Uint8Array[],
  length: number,
): Uint8Array {
  const mac = (parts: readonly Uint8Array[]) => {
    const digest = createHmac(hash, secret);
    for (const part of parts) digest.update(part);
    return digest.digest();
  };
  const out = new Uint8Array(length);
  let chain: Uint8Array = mac(seed);
  for (let at = 0; at < length; chain = mac([chain])) {
    const part = mac([chain, ...seed]).subarray(0, length - at);
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function nonceOf(implicit: Uint8Array, sealed: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(IMPLICIT_NONCE_BYTES + EXPLICIT_NONCE_BYTES);
  nonce.set(implicit);
  nonce.set(sealed.subarray(0, EXPLICIT_NONCE_BYTES), IMPLICIT_NONCE_BYTES);
  return nonce;
}

/** epoch and sequence (8) | type (1) | version (2) | length of the plaintext (2) */
function additionalData(record: Uint8Array, size: number): Uint8Array {
  const data = new Uint8Array(13);
  data.set(record.subarray(3, 11));
  data[8] = record[0]!;
  new DataView(data.buffer).setUint16(9, readU16(record, 1));
  new DataView(data.buffer).setUint16(11, size);
  return data;
}
