/** The self-signed certificates that we show in DTLS: ECDSA P-256, made at start. */
import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import type { Fingerprint } from "../contract/session.ts";
import { fingerprintOf } from "../peer/fingerprint.ts";
import { joined } from "../wire/bytes.ts";

export interface Certificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** For a=fingerprint (RFC 8122 5). */
  readonly fingerprint: Fingerprint;
}

const DAY_MS = 86_400_000;
/** Clocks of peers differ; nobody checks the dates of a pinned certificate, but some parse them. */
const VALID_BEFORE_MS = DAY_MS;
const VALID_AFTER_MS = 365 * DAY_MS;

const Tag = { integer: 0x02, bits: 0x03, oid: 0x06, utf8: 0x0c, time: 0x17 } as const;
const SEQUENCE = 0x30;
const SET = 0x31;
const EXPLICIT_0 = 0xa0;
/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02);
/** 2.5.4.3 */
const COMMON_NAME = Uint8Array.of(0x55, 0x04, 0x03);

/** A P-256 key. */
export function createKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** A new certificate, of a new key if none is given. Takes below 1 ms. */
export function createCertificate(now = new Date(), key = createKey()): Certificate {
  const algorithm = der(SEQUENCE, der(Tag.oid, ECDSA_WITH_SHA256));
  // libdatachannel (OBS) refuses an empty name.
  const name = der(
    SEQUENCE,
    der(
      SET,
      der(SEQUENCE, der(Tag.oid, COMMON_NAME), der(Tag.utf8, new TextEncoder().encode("Spillway"))),
    ),
  );
  const validity = der(
    SEQUENCE,
    derTime(new Date(now.getTime() - VALID_BEFORE_MS)),
    derTime(new Date(now.getTime() + VALID_AFTER_MS)),
  );
  const body = der(
    SEQUENCE,
    der(EXPLICIT_0, der(Tag.integer, Uint8Array.of(2))),
    der(Tag.integer, serialNumber()),
    algorithm,
    name,
    validity,
    name,
    publicKeyOf(key),
  );
  const signature = sign("sha256", body, key);
  const certificate = der(SEQUENCE, body, algorithm, der(Tag.bits, Uint8Array.of(0), signature));
  return {
    certificatePem: pem(certificate),
    privateKeyPem: pemOf(key),
    fingerprint: fingerprintOf(certificate),
  };
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyOf(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" }));
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** 16 random bytes, positive and without leading zeros (RFC 5280 4.1.2.2). */
function serialNumber(): Uint8Array {
  const serial = new Uint8Array(randomBytes(16));
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return serial;
}

function der(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length];
  return joined([Uint8Array.of(tag, ...size), ...parts]);
}

/** UTCTime: enough until 2049 (RFC 5280 4.1.2.5.1). */
function derTime(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(Tag.time, new TextEncoder().encode(`${digits}Z`));
}

function pem(certificate: Uint8Array): string {
  const lines = certificate.toBase64().match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
