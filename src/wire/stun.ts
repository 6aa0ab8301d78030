/**
 * STUN messages for ICE (RFC 8489, RFC 8445): the Binding method with short-term credentials.
 *
 *   |0 0|  type (14)  |   length (16)   |   magic cookie 0x2112A442   |
 *   |                   transaction id (96)                           |
 *   then attributes: | type (16) | length (16) | value, padded to 4 bytes |
 *
 * Writers: src/wire/stun-writer.ts.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { readU16, readU32 } from "./bytes.ts";
import { AF_INET, AF_INET6 } from "./path.ts";

export const STUN_HEADER_BYTES = 20;
export const STUN_MAGIC_COOKIE = 0x2112a442;
export const STUN_METHOD_BINDING = 1;
const STUN_FINGERPRINT_XOR = 0x5354554e;
export const STUN_INTEGRITY_BYTES = 20;

export const StunClass = { request: 0, indication: 1, success: 2, error: 3 } as const;
export type StunClass = (typeof StunClass)[keyof typeof StunClass];

export const StunAttribute = {
  changeRequest: 0x0003,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
  otherAddress: 0x802c,
} as const;

/** Comprehension-required attributes that we name in a 420; further ones are counted as one. */
const STUN_UNKNOWN_MAX = 8;

/** One parsed message, reused. Offsets are absolute in the parsed buffer; -1 is "absent". */
export class StunMessage {
  method = 0;
  class: StunClass = StunClass.request;
  /** Whole message with its header. */
  length = 0;
  transactionIdOffset = 0;
  usernameOffset = -1;
  usernameLength = 0;
  /** -1 when absent: FFmpeg's WHIP sends none. */
  priority = -1;
  useCandidate = false;
  iceControlling = false;
  iceControlled = false;
  /** 8 bytes; of whichever role attribute is present. */
  tieBreakerOffset = -1;
  /** Where the MESSAGE-INTEGRITY attribute starts. */
  integrityOffset = -1;
  fingerprintPresent = false;
  /** False when absent or wrong. */
  fingerprintOk = false;
  /** XOR-MAPPED-ADDRESS as struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes). */
  readonly mappedAddress = new Uint8Array(28);
  /** 0 when absent, else 16 or 28. */
  mappedAddressLength = 0;
  /** Of a server that could answer from another address as well (RFC 5780 7.4). */
  hasOtherAddress = false;
  /** 300..699 of an error response; 0 when absent. */
  errorCode = 0;
  /** Comprehension-required attributes that we do not know: a request gets 420. */
  readonly unknown = new Uint16Array(STUN_UNKNOWN_MAX);
  unknownCount = 0;
}

/**
 * Parses one message that fills `length` bytes exactly. False when the header, the attribute
 * lengths or the size of a known attribute are wrong. Says nothing about authenticity.
 */
export function parseStun(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: StunMessage,
): boolean {
  if (length < STUN_HEADER_BYTES || (length & 3) !== 0) return false;
  const type = readU16(bytes, offset);
  // RFC 8489 5: two zero bits, the magic cookie, a length of whole words without the header.
  if ((type & 0xc000) !== 0 || readU32(bytes, offset + 4) !== STUN_MAGIC_COOKIE) return false;
  if (readU16(bytes, offset + 2) !== length - STUN_HEADER_BYTES) return false;
  reset(out);
  out.class = (((type >> 7) & 2) | ((type >> 4) & 1)) as StunClass;
  out.method = (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2);
  out.length = length;
  out.transactionIdOffset = offset + 8;
  const end = offset + length;
  let position = offset + STUN_HEADER_BYTES;
  while (position < end) {
    // The remainder is a multiple of 4, so that the attribute header always fits.
    const attributeType = readU16(bytes, position);
    const valueLength = readU16(bytes, position + 2);
    const next = position + 4 + ((valueLength + 3) & ~3);
    if (next > end) return false;
    // RFC 8489 14.5: after MESSAGE-INTEGRITY only FINGERPRINT counts; 14.7: it is the last.
    if (attributeType === StunAttribute.fingerprint) {
      if (next !== end || valueLength !== 4) return false;
      readFingerprint(bytes, offset, position, out);
    } else if (out.integrityOffset === -1) {
      if (!readAttribute(bytes, attributeType, position, valueLength, out)) return false;
    }
    position = next;
  }
  return true;
}

/**
 * True when the message carries a MESSAGE-INTEGRITY made with `key` (RFC 8489 14.5): the password,
 * for short-term credentials. `offset` is where the message starts. Compares in constant time.
 */
export function verifyIntegrity(
  bytes: Uint8Array,
  offset: number,
  message: StunMessage,
  key: Uint8Array,
): boolean {
  if (message.integrityOffset === -1) return false;
  const digest = stunIntegrity(bytes, offset, message.integrityOffset, key);
  const start = message.integrityOffset + 4;
  return timingSafeEqual(digest, bytes.subarray(start, start + STUN_INTEGRITY_BYTES));
}

/**
 * HMAC-SHA1 of a message up to its MESSAGE-INTEGRITY attribute, with the header's length counting
 * up to the end of that attribute, whatever the bytes say.
 */
export function stunIntegrity(
  bytes: Uint8Array,
  offset: number,
  integrityOffset: number,
  key: Uint8Array,
): Uint8Array {
  const covered = integrityOffset + 4 + STUN_INTEGRITY_BYTES - offset - STUN_HEADER_BYTES;
  return createHmac("sha1", key)
    .update(bytes.subarray(offset, offset + 2))
    .update(Uint8Array.of(covered >>> 8, covered & 0xff))
    .update(bytes.subarray(offset + 4, integrityOffset))
    .digest();
}

/** The FINGERPRINT value of a message whose bytes before that attribute end at `end`. */
export function stunFingerprint(bytes: Uint8Array, offset: number, end: number): number {
  return (crc32(bytes.subarray(offset, end)) ^ STUN_FINGERPRINT_XOR) >>> 0;
}

function reset(out: StunMessage): void {
  out.usernameOffset = -1;
  out.usernameLength = 0;
  out.priority = -1;
  out.useCandidate = false;
  out.iceControlling = false;
  out.iceControlled = false;
  out.tieBreakerOffset = -1;
  out.integrityOffset = -1;
  out.fingerprintPresent = false;
  out.fingerprintOk = false;
  out.mappedAddressLength = 0;
  out.hasOtherAddress = false;
  out.errorCode = 0;
  out.unknownCount = 0;
}

function readFingerprint(
  bytes: Uint8Array,
  offset: number,
  position: number,
  out: StunMessage,
): void {
  out.fingerprintPresent = true;
  out.fingerprintOk = readU32(bytes, position + 4) === stunFingerprint(bytes, offset, position);
}

/** False when a known attribute has the wrong size. */
function readAttribute(
  bytes: Uint8Array,
  type: number,
  position: number,
  length: number,
  out: StunMessage,
): boolean {
  const value = position + 4;
  switch (type) {
    case StunAttribute.username:
      // RFC 8489 14.3: fewer than 509 bytes. Only the first of a kind counts (14).
      if (length === 0 || length > 508) return false;
      if (out.usernameOffset === -1) {
        out.usernameOffset = value;
        out.usernameLength = length;
      }
      return true;
    case StunAttribute.messageIntegrity:
      if (length !== STUN_INTEGRITY_BYTES) return false;
      out.integrityOffset = position;
      return true;
    case StunAttribute.errorCode:
      if (length < 4) return false;
      out.errorCode = (bytes[value + 2]! & 7) * 100 + bytes[value + 3]!;
      return true;
    case StunAttribute.xorMappedAddress:
      return readMappedAddress(bytes, value, length, out);
    case StunAttribute.otherAddress:
      out.hasOtherAddress = true;
      return true;
    case StunAttribute.priority:
      if (length !== 4) return false;
      out.priority = readU32(bytes, value);
      return true;
    case StunAttribute.useCandidate:
      out.useCandidate = true;
      return length === 0;
    case StunAttribute.iceControlled:
    case StunAttribute.iceControlling:
      if (length !== 8) return false;
      if (type === StunAttribute.iceControlling) out.iceControlling = true;
      else out.iceControlled = true;
      out.tieBreakerOffset = value;
      return true;
    default:
      noteUnknown(type, out);
      return true;
  }
}

function noteUnknown(type: number, out: StunMessage): void {
  // RFC 8489 14: 0x0000-0x7FFF must be understood. The SHA-256 integrity and UNKNOWN-ATTRIBUTES
  // are understood in the sense that they are no reason for a 420.
  if (type >= 0x8000 || type === StunAttribute.messageIntegritySha256) return;
  if (type === StunAttribute.unknownAttributes) return;
  if (out.unknownCount < STUN_UNKNOWN_MAX) out.unknown[out.unknownCount++] = type;
}

/** RFC 8489 14.2: port and address XORed with the magic cookie and the transaction id. */
function readMappedAddress(
  bytes: Uint8Array,
  value: number,
  length: number,
  out: StunMessage,
): boolean {
  const ipv6 = bytes[value + 1] === 2;
  if (length !== (ipv6 ? 20 : 8) || (!ipv6 && bytes[value + 1] !== 1)) return false;
  const mask = out.transactionIdOffset - 4;
  const address = out.mappedAddress.fill(0);
  address[0] = ipv6 ? AF_INET6 : AF_INET;
  address[2] = bytes[value + 2]! ^ bytes[mask]!;
  address[3] = bytes[value + 3]! ^ bytes[mask + 1]!;
  const start = ipv6 ? 8 : 4;
  for (let i = 0; i < length - 4; i += 1) {
    address[start + i] = bytes[value + 4 + i]! ^ bytes[mask + i]!;
  }
  out.mappedAddressLength = ipv6 ? 28 : 16;
  return true;
}
