/**
 * SRTP ciphers on node:crypto alone: for tools and simulations on a machine without OpenSSL's
 * libraries, and as the second opinion in tests. Allocates for every packet.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { writeU32 } from "../wire/bytes.ts";
import {
  assertInside,
  type Region,
  type SrtpCipher,
  type SrtpCipherFactory,
  SrtpProfile,
  type SrtpProfileId,
} from "./cipher.ts";
import { writeCmIv, writeGcmIv } from "./iv.ts";
import { deriveKeyPair, type SrtpSessionKeyPair, type SrtpSessionKeys } from "./key-derivation.ts";
import {
  ENCRYPTED_FLAG,
  GCM_TAG_BYTES,
  HMAC_TAG_BYTES,
  INDEX_WORD_BYTES,
  RTCP_CLEAR_BYTES,
} from "./overhead.ts";

export class PortableSrtpFactory implements SrtpCipherFactory {
  create(profile: SrtpProfileId, masterKey: Uint8Array, masterSalt: Uint8Array): SrtpCipher {
    return this.fromSessionKeys(profile, deriveKeyPair(profile, masterKey, masterSalt));
  }

  /** As `create`, below the key derivation. */
  fromSessionKeys(profile: SrtpProfileId, keys: SrtpSessionKeyPair): SrtpCipher {
    const cm = profile === SrtpProfile.AES128_CM_HMAC_SHA1_80;
    return cm ? new PortableCm(keys) : new PortableGcm(keys);
  }
}

class PortableGcm implements SrtpCipher {
  readonly rtpOverhead = GCM_TAG_BYTES;
  readonly rtcpOverhead = GCM_TAG_BYTES + INDEX_WORD_BYTES;
  readonly #keys: SrtpSessionKeyPair;

  constructor(keys: SrtpSessionKeyPair) {
    this.#keys = keys;
  }

  sealRtp(
    output: Region,
    outputOffset: number,
    headerLength: number,
    input: Region,
    inputOffset: number,
    inputLength: number,
    ssrc: number,
    index: number,
  ): number {
    const start = outputOffset + headerLength;
    assertRoom(output, outputOffset, headerLength, inputLength + GCM_TAG_BYTES);
    assertInside(input, inputOffset, inputLength);
    const aad = output.bytes.subarray(outputOffset, start);
    const plain = input.bytes.subarray(inputOffset, inputOffset + inputLength);
    output.bytes.set(gcmSeal(this.#keys.rtp, ssrc, index, aad, plain), start);
    return headerLength + inputLength + GCM_TAG_BYTES;
  }

  openRtp(
    region: Region,
    offset: number,
    headerLength: number,
    length: number,
    ssrc: number,
    index: number,
  ): number {
    if (length < headerLength + GCM_TAG_BYTES) return -1;
    assertRoom(region, offset, headerLength, length - headerLength);
    const start = offset + headerLength;
    const aad = region.bytes.subarray(offset, start);
    const sealed = region.bytes.subarray(start, offset + length);
    const plain = gcmOpen(this.#keys.rtp, ssrc, index, aad, sealed);
    if (plain === null) return -1;
    region.bytes.set(plain, start);
    return length - GCM_TAG_BYTES;
  }

  sealRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    assertInside(region, offset + RTCP_CLEAR_BYTES, length - RTCP_CLEAR_BYTES);
    assertInside(region, offset, length + this.rtcpOverhead);
    const bytes = region.bytes;
    const start = offset + RTCP_CLEAR_BYTES;
    const aad = rtcpAad(bytes, offset, index);
    const sealed = gcmSeal(
      this.#keys.rtcp,
      ssrc,
      index,
      aad,
      bytes.subarray(start, offset + length),
    );
    bytes.set(sealed, start);
    writeU32(bytes, offset + length + GCM_TAG_BYTES, ENCRYPTED_FLAG + index);
    return length + this.rtcpOverhead;
  }

  openRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    if (length < RTCP_CLEAR_BYTES + this.rtcpOverhead) return -1;
    assertInside(region, offset, length);
    const start = offset + RTCP_CLEAR_BYTES;
    const aad = rtcpAad(region.bytes, offset, index);
    const sealed = region.bytes.subarray(start, offset + length - INDEX_WORD_BYTES);
    const plain = gcmOpen(this.#keys.rtcp, ssrc, index, aad, sealed);
    if (plain === null) return -1;
    region.bytes.set(plain, start);
    return length - this.rtcpOverhead;
  }

  free(): void {}
}

class PortableCm implements SrtpCipher {
  readonly rtpOverhead = HMAC_TAG_BYTES;
  readonly rtcpOverhead = HMAC_TAG_BYTES + INDEX_WORD_BYTES;
  readonly #keys: SrtpSessionKeyPair;

  constructor(keys: SrtpSessionKeyPair) {
    this.#keys = keys;
  }

  sealRtp(
    output: Region,
    outputOffset: number,
    headerLength: number,
    input: Region,
    inputOffset: number,
    inputLength: number,
    ssrc: number,
    index: number,
  ): number {
    assertRoom(output, outputOffset, headerLength, inputLength + HMAC_TAG_BYTES);
    assertInside(input, inputOffset, inputLength);
    const plain = input.bytes.subarray(inputOffset, inputOffset + inputLength);
    const start = outputOffset + headerLength;
    output.bytes.set(cmTransform(this.#keys.rtp, ssrc, index, plain), start);
    const end = start + inputLength;
    const covered = output.bytes.subarray(outputOffset, end);
    output.bytes.set(hmacTag(this.#keys.rtp, covered, Math.floor(index / 65536)), end);
    return headerLength + inputLength + HMAC_TAG_BYTES;
  }

  openRtp(
    region: Region,
    offset: number,
    headerLength: number,
    length: number,
    ssrc: number,
    index: number,
  ): number {
    if (length < headerLength + HMAC_TAG_BYTES) return -1;
    assertRoom(region, offset, headerLength, length - headerLength);
    const end = offset + length - HMAC_TAG_BYTES;
    const covered = region.bytes.subarray(offset, end);
    const tag = hmacTag(this.#keys.rtp, covered, Math.floor(index / 65536));
    if (!timingSafeEqual(tag, region.bytes.subarray(end, end + HMAC_TAG_BYTES))) return -1;
    const payload = region.bytes.subarray(offset + headerLength, end);
    payload.set(cmTransform(this.#keys.rtp, ssrc, index, payload));
    return length - HMAC_TAG_BYTES;
  }

  sealRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    assertInside(region, offset + RTCP_CLEAR_BYTES, length - RTCP_CLEAR_BYTES);
    assertInside(region, offset, length + this.rtcpOverhead);
    const body = region.bytes.subarray(offset + RTCP_CLEAR_BYTES, offset + length);
    body.set(cmTransform(this.#keys.rtcp, ssrc, index, body));
    writeU32(region.bytes, offset + length, ENCRYPTED_FLAG + index);
    const end = offset + length + INDEX_WORD_BYTES;
    region.bytes.set(hmacTag(this.#keys.rtcp, region.bytes.subarray(offset, end), null), end);
    return length + this.rtcpOverhead;
  }

  openRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    if (length < RTCP_CLEAR_BYTES + this.rtcpOverhead) return -1;
    assertInside(region, offset, length);
    const end = offset + length - HMAC_TAG_BYTES;
    const tag = hmacTag(this.#keys.rtcp, region.bytes.subarray(offset, end), null);
    if (!timingSafeEqual(tag, region.bytes.subarray(end, end + HMAC_TAG_BYTES))) return -1;
    const body = region.bytes.subarray(offset + RTCP_CLEAR_BYTES, end - INDEX_WORD_BYTES);
    body.set(cmTransform(this.#keys.rtcp, ssrc, index, body));
    return length - this.rtcpOverhead;
  }

  free(): void {}
}

/** A view clamps its bounds and reads NaN as 0: what lies outside would be left out in silence. */
function assertRoom(region: Region, offset: number, headerLength: number, rest: number): void {
  assertInside(region, offset, headerLength);
  assertInside(region, offset + headerLength, rest);
}

function gcmIv(keys: SrtpSessionKeys, ssrc: number, index: number): Uint8Array {
  const iv = new Uint8Array(12);
  writeGcmIv(iv, keys.salt, ssrc, index);
  return iv;
}

/** Ciphertext and tag. */
function gcmSeal(
  keys: SrtpSessionKeys,
  ssrc: number,
  index: number,
  aad: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const algorithm = keys.key.length === 32 ? "aes-256-gcm" : "aes-128-gcm";
  const cipher = createCipheriv(algorithm, keys.key, gcmIv(keys, ssrc, index));
  cipher.setAAD(aad);
  const sealed = new Uint8Array(plain.length + GCM_TAG_BYTES);
  sealed.set(cipher.update(plain));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plain.length);
  return sealed;
}

function gcmOpen(
  keys: SrtpSessionKeys,
  ssrc: number,
  index: number,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  const algorithm = keys.key.length === 32 ? "aes-256-gcm" : "aes-128-gcm";
  const cipher = createDecipheriv(algorithm, keys.key, gcmIv(keys, ssrc, index));
  const end = sealed.length - GCM_TAG_BYTES;
  cipher.setAAD(aad);
  cipher.setAuthTag(sealed.subarray(end));
  try {
    const plain = cipher.update(sealed.subarray(0, end));
    cipher.final();
    return plain;
  } catch {
    // The only way in which node:crypto reports a wrong tag.
    return null;
  }
}

function rtcpAad(bytes: Uint8Array, offset: number, index: number): Uint8Array {
  const aad = new Uint8Array(RTCP_CLEAR_BYTES + INDEX_WORD_BYTES);
  aad.set(bytes.subarray(offset, offset + RTCP_CLEAR_BYTES));
  writeU32(aad, RTCP_CLEAR_BYTES, ENCRYPTED_FLAG + index);
  return aad;
}

function cmTransform(
  keys: SrtpSessionKeys,
  ssrc: number,
  index: number,
  bytes: Uint8Array,
): Uint8Array {
  const iv = new Uint8Array(16);
  writeCmIv(iv, keys.salt, ssrc, index);
  return createCipheriv("aes-128-ctr", keys.key, iv).update(bytes);
}

/** `rollOver` null: SRTCP, whose index is already inside `covered`. */
function hmacTag(keys: SrtpSessionKeys, covered: Uint8Array, rollOver: number | null): Uint8Array {
  const hmac = createHmac("sha1", keys.auth).update(covered);
  if (rollOver !== null) {
    const word = new Uint8Array(4);
    writeU32(word, 0, rollOver);
    hmac.update(word);
  }
  return hmac.digest().subarray(0, HMAC_TAG_BYTES);
}
