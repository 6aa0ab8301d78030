/**
 * Writers of STUN Binding messages (RFC 8489, RFC 8445 7). All but the plain request end with integrity
 * and fingerprint.
 */
import { assert } from "../assert.ts";
import { readU16, writeU16, writeU32 } from "./bytes.ts";
import { AF_INET } from "./path.ts";
import {
  STUN_HEADER_BYTES,
  STUN_INTEGRITY_BYTES,
  STUN_MAGIC_COOKIE,
  StunAttribute,
  type StunMessage,
  stunFingerprint,
  stunIntegrity,
} from "./stun.ts";

/** Room that any response needs: header, the longest attribute (error 420), integrity and CRC. */
export const STUN_RESPONSE_BYTES_MAX = 128;
/** Room that any request needs: the above and a username of 508 bytes. */
export const STUN_REQUEST_BYTES_MAX = 640;

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;

/** RFC 8489 14.8, RFC 8445 7.3.1.1, and 403 to withdraw consent (RFC 7675 5.2). */
const REASONS = {
  400: "Bad Request",
  401: "Unauthenticated",
  403: "Forbidden",
  420: "Unknown Attribute",
  487: "Role Conflict",
  500: "Server Error",
} as const;
export type StunErrorCode = keyof typeof REASONS;

const REASON_BYTES = new Map(
  Object.entries(REASONS).map(([code, text]) => [Number(code), new TextEncoder().encode(text)]),
);

/**
 * Success response: XOR-MAPPED-ADDRESS of `sockaddr` (struct sockaddr_in or sockaddr_in6, where the
 * request came from). The 12 bytes of the request's transaction id stand at
 * `request[transactionIdOffset]`. Returns the message's length.
 */
export function writeBindingSuccess(
  out: Uint8Array,
  outOffset: number,
  request: Uint8Array,
  transactionIdOffset: number,
  sockaddr: Uint8Array,
  key: Uint8Array,
): number {
  assert(outOffset + STUN_RESPONSE_BYTES_MAX <= out.length, "a STUN response fits");
  const start = writeHeader(out, outOffset, BINDING_SUCCESS, request, transactionIdOffset);
  const position = writeMappedAddress(out, outOffset, start, sockaddr);
  return writeTrailer(out, outOffset, position, key);
}

/**
 * Error response. For 420 pass the parsed request, whose unknown attributes are then listed.
 * Returns the message's length.
 */
export function writeBindingError(
  out: Uint8Array,
  outOffset: number,
  request: Uint8Array,
  transactionIdOffset: number,
  code: StunErrorCode,
  key: Uint8Array,
  message?: StunMessage,
): number {
  assert(outOffset + STUN_RESPONSE_BYTES_MAX <= out.length, "a STUN response fits");
  let position = writeHeader(out, outOffset, BINDING_ERROR, request, transactionIdOffset);
  const reason = REASON_BYTES.get(code)!;
  position = writeAttributeHeader(out, position, StunAttribute.errorCode, 4 + reason.length);
  writeU16(out, position, 0);
  out[position + 2] = Math.floor(code / 100);
  out[position + 3] = code % 100;
  out.set(reason, position + 4);
  position = writePadding(out, position + 4 + reason.length, outOffset);
  if (code === 420 && message !== undefined && message.unknownCount > 0) {
    const count = message.unknownCount;
    position = writeAttributeHeader(out, position, StunAttribute.unknownAttributes, 2 * count);
    for (let i = 0; i < count; i += 1) writeU16(out, position + 2 * i, message.unknown[i]!);
    position = writePadding(out, position + 2 * count, outOffset);
  }
  return writeTrailer(out, outOffset, position, key);
}

/** What a connectivity check or consent check carries. */
export interface BindingRequest {
  /** 12 bytes. */
  readonly transactionId: Uint8Array;
  /** `remote:local`, at most 508 bytes. */
  readonly username: Uint8Array;
  /** 32 bits; null leaves PRIORITY away. */
  readonly priority: number | null;
  /** 8 bytes of ICE-CONTROLLING; null leaves it away. */
  readonly controlling: Uint8Array | null;
  /** The same of ICE-CONTROLLED. */
  readonly controlled?: Uint8Array;
  readonly useCandidate: boolean;
}

/** Request with the remote side's password as `key`. Returns the message's length. */
export function writeBindingRequest(
  out: Uint8Array,
  outOffset: number,
  request: BindingRequest,
  key: Uint8Array,
): number {
  assert(outOffset + STUN_REQUEST_BYTES_MAX <= out.length, "a STUN request fits");
  const username = request.username;
  assert(username.length <= 508 && request.transactionId.length === 12, "request fields");
  let position = writeHeader(out, outOffset, BINDING_REQUEST, request.transactionId, 0);
  position = writeAttributeHeader(out, position, StunAttribute.username, username.length);
  out.set(username, position);
  position = writePadding(out, position + username.length, outOffset);
  if (request.priority !== null) {
    position = writeAttributeHeader(out, position, StunAttribute.priority, 4);
    writeU32(out, position, request.priority);
    position += 4;
  }
  const { iceControlling, iceControlled } = StunAttribute;
  position = writeRole(out, position, iceControlling, request.controlling ?? undefined);
  position = writeRole(out, position, iceControlled, request.controlled);
  if (request.useCandidate) {
    position = writeAttributeHeader(out, position, StunAttribute.useCandidate, 0);
  }
  return writeTrailer(out, outOffset, position, key);
}

/** "change IP" and "change port" (RFC 5780 7.2). */
const FROM_ELSEWHERE = 0x06;

/**
 * Request without credentials, as servers of anybody take it; `elsewhere`: to be answered from another
 * address and port. Returns the message's length.
 */
export function writePlainRequest(
  out: Uint8Array,
  outOffset: number,
  transactionId: Uint8Array,
  elsewhere: boolean,
): number {
  assert(outOffset + STUN_RESPONSE_BYTES_MAX <= out.length, "a plain STUN request fits");
  const start = writeHeader(out, outOffset, BINDING_REQUEST, transactionId, 0);
  if (!elsewhere) return start - outOffset;
  const value = writeAttributeHeader(out, start, StunAttribute.changeRequest, 4);
  writeU32(out, value, FROM_ELSEWHERE);
  writeU16(out, outOffset + 2, value + 4 - start);
  return value + 4 - outOffset;
}

function writeHeader(
  out: Uint8Array,
  offset: number,
  type: number,
  transactionId: Uint8Array,
  transactionIdOffset: number,
): number {
  writeU16(out, offset, type);
  writeU16(out, offset + 2, 0);
  writeU32(out, offset + 4, STUN_MAGIC_COOKIE);
  for (let i = 0; i < 12; i += 1) out[offset + 8 + i] = transactionId[transactionIdOffset + i]!;
  return offset + STUN_HEADER_BYTES;
}

function writeAttributeHeader(
  out: Uint8Array,
  offset: number,
  type: number,
  length: number,
): number {
  writeU16(out, offset, type);
  writeU16(out, offset + 2, length);
  return offset + 4;
}

/** RFC 8445 7.1.3: the role with its tie-breaker. */
function writeRole(out: Uint8Array, offset: number, type: number, tieBreaker?: Uint8Array): number {
  if (tieBreaker === undefined) return offset;
  assert(tieBreaker.length === 8, "a tie breaker is 8 bytes");
  const value = writeAttributeHeader(out, offset, type, 8);
  out.set(tieBreaker, value);
  return value + 8;
}

/** Zeros up to a whole word, counted from the start of the message. */
function writePadding(out: Uint8Array, position: number, outOffset: number): number {
  let end = position;
  while (((end - outOffset) & 3) !== 0) {
    out[end] = 0;
    end += 1;
  }
  return end;
}

/** RFC 8489 14.2. */
function writeMappedAddress(
  out: Uint8Array,
  outOffset: number,
  offset: number,
  sockaddr: Uint8Array,
): number {
  const ipv4 = readU16(sockaddr, 0) === AF_INET << 8;
  const addressBytes = ipv4 ? 4 : 16;
  const start = ipv4 ? 4 : 8;
  const mask = outOffset + 4;
  const value = writeAttributeHeader(out, offset, StunAttribute.xorMappedAddress, 4 + addressBytes);
  out[value] = 0;
  out[value + 1] = ipv4 ? 1 : 2;
  out[value + 2] = sockaddr[2]! ^ out[mask]!;
  out[value + 3] = sockaddr[3]! ^ out[mask + 1]!;
  for (let i = 0; i < addressBytes; i += 1) {
    out[value + 4 + i] = sockaddr[start + i]! ^ out[mask + i]!;
  }
  return value + 4 + addressBytes;
}

/** MESSAGE-INTEGRITY, then FINGERPRINT; the header's length counts what precedes each end. */
function writeTrailer(out: Uint8Array, offset: number, position: number, key: Uint8Array): number {
  const digest = stunIntegrity(out, offset, position, key);
  const value = writeAttributeHeader(
    out,
    position,
    StunAttribute.messageIntegrity,
    STUN_INTEGRITY_BYTES,
  );
  out.set(digest, value);
  const fingerprint = value + STUN_INTEGRITY_BYTES;
  const length = fingerprint + 8 - offset;
  writeU16(out, offset + 2, length - STUN_HEADER_BYTES);
  writeAttributeHeader(out, fingerprint, StunAttribute.fingerprint, 4);
  writeU32(out, fingerprint + 4, stunFingerprint(out, offset, fingerprint));
  return length;
}
