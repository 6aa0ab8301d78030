import { createCipheriv } from "node:crypto";
import { assert } from "../assert.ts";
import { SrtpProfile, type SrtpProfileId } from "./cipher.ts";

/** Lengths in bytes of a profile's keys (RFC 5764 4.1.2, RFC 7714 12). */
export interface SrtpKeyLengths {
  readonly key: number;
  readonly salt: number;
  /** HMAC key; 0 for AEAD. */
  readonly auth: number;
}

export const SRTP_KEY_LENGTHS: Readonly<Record<SrtpProfileId, SrtpKeyLengths>> = {
  [SrtpProfile.AES128_CM_HMAC_SHA1_80]: { key: 16, salt: 14, auth: 20 },
  [SrtpProfile.AEAD_AES_128_GCM]: { key: 16, salt: 12, auth: 0 },
  [SrtpProfile.AEAD_AES_256_GCM]: { key: 32, salt: 12, auth: 0 },
};

/** RFC 3711 4.3.1 and 4.3.2: the label of each session key. */
const LABEL = {
  rtp: { key: 0x00, auth: 0x01, salt: 0x02 },
  rtcp: { key: 0x03, auth: 0x04, salt: 0x05 },
} as const;

export interface SrtpSessionKeys {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  /** Empty for AEAD. */
  readonly auth: Uint8Array;
}

/** Session keys of one direction: what the RFCs' packet vectors start from. */
export interface SrtpSessionKeyPair {
  readonly rtp: SrtpSessionKeys;
  readonly rtcp: SrtpSessionKeys;
}

/** Session keys of one direction (RFC 3711 4.3, RFC 7714 11). */
export function deriveKeyPair(
  profile: SrtpProfileId,
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
): SrtpSessionKeyPair {
  return {
    rtp: deriveSessionKeys(profile, masterKey, masterSalt, "rtp"),
    rtcp: deriveSessionKeys(profile, masterKey, masterSalt, "rtcp"),
  };
}

/** Session keys of one direction for RTP or RTCP, key derivation rate 0 (RFC 3711 4.3). */
function deriveSessionKeys(
  profile: SrtpProfileId,
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  use: "rtp" | "rtcp",
): SrtpSessionKeys {
  const lengths = SRTP_KEY_LENGTHS[profile];
  assert(masterKey.length === lengths.key, "master key length");
  assert(masterSalt.length === lengths.salt, "master salt length");
  const label = LABEL[use];
  return {
    key: deriveKey(masterKey, masterSalt, label.key, lengths.key),
    salt: deriveKey(masterKey, masterSalt, label.salt, lengths.salt),
    auth: deriveKey(masterKey, masterSalt, label.auth, lengths.auth),
  };
}

/**
 * AES-CM as a pseudo-random function (RFC 3711 4.3.3; RFC 6188 for 256-bit keys). With rate 0 the
 * key id is the label alone, XORed into byte 7 of the salt. A 96-bit salt is padded with zeros on
 * the right to 112 bits (RFC 7714 11).
 */
function deriveKey(
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
  label: number,
  length: number,
): Uint8Array {
  const iv = new Uint8Array(16);
  iv.set(masterSalt);
  iv[7] = iv[7]! ^ label;
  const algorithm = masterKey.length === 32 ? "aes-256-ctr" : "aes-128-ctr";
  return new Uint8Array(createCipheriv(algorithm, masterKey, iv).update(new Uint8Array(length)));
}
