/**
 * SRTP ciphers on node:crypto alone: for tools and simulations on a machine without OpenSSL's
 * libraries, and as the second opinion in tests. Allocates for every packet.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { joined, writeU32 } from "../wire/bytes.ts";
import {
  assertInside,
  type Region,
  type SrtpCipher,
  type SrtpCipherFactory,
  SrtpProfile,
  type SrtpProfileId,
} from "./cipher.ts";
import { GCM_IV_BYTES, GcmSalt, writeCmIv } from "./iv.ts";
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
    return new PortableCipher(cm ? CM : GCM, keys);
  }
}

/** One packet: by whose keys, and what is authenticated beside its payload. */
interface Packet {
  readonly keys: SrtpSessionKeys;
  readonly ssrc: number;
  readonly index: number;
  readonly header: Uint8Array;
  /** SRTCP's word of E and index; null for RTP. */
  readonly word: Uint8Array | null;
}

interface Sealed {
  readonly text: Uint8Array;
  readonly tag: Uint8Array;
}

/** Places in a region. */
interface RtcpParts extends Sealed {
  readonly header: Uint8Array;
  readonly word: Uint8Array;
}

/** In what the two transforms differ. */
interface Transform {
  readonly tagBytes: number;
  readonly wordBehindTag: boolean;
  seal(packet: Packet, plain: Uint8Array): Sealed;
  /** Null when the tag is wrong. */
  open(packet: Packet, sealed: Sealed): Uint8Array | null;
}

class PortableCipher implements SrtpCipher {
  readonly rtpOverhead: number;
  readonly rtcpOverhead: number;
  readonly #transform: Transform;
  readonly #keys: SrtpSessionKeyPair;

  constructor(transform: Transform, keys: SrtpSessionKeyPair) {
    this.rtpOverhead = transform.tagBytes;
    this.rtcpOverhead = transform.tagBytes + INDEX_WORD_BYTES;
    this.#transform = transform;
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
    assertRoom(output, outputOffset, headerLength, inputLength + this.rtpOverhead);
    assertInside(input, inputOffset, inputLength);
    const start = outputOffset + headerLength;
    const header = output.bytes.subarray(outputOffset, start);
    const plain = input.bytes.subarray(inputOffset, inputOffset + inputLength);
    const packet = { keys: this.#keys.rtp, ssrc, index, header, word: null };
    const { text, tag } = this.#transform.seal(packet, plain);
    output.bytes.set(text, start);
    output.bytes.set(tag, start + inputLength);
    return headerLength + inputLength + this.rtpOverhead;
  }

  openRtp(
    region: Region,
    offset: number,
    headerLength: number,
    length: number,
    ssrc: number,
    index: number,
  ): number {
    const plainLength = length - this.rtpOverhead;
    if (plainLength < headerLength) return -1;
    assertRoom(region, offset, headerLength, length - headerLength);
    const start = offset + headerLength;
    const end = offset + plainLength;
    const header = region.bytes.subarray(offset, start);
    const text = region.bytes.subarray(start, end);
    const tag = region.bytes.subarray(end, offset + length);
    const packet = { keys: this.#keys.rtp, ssrc, index, header, word: null };
    const plain = this.#transform.open(packet, { text, tag });
    if (plain === null) return -1;
    text.set(plain);
    return plainLength;
  }

  sealRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    assertInside(region, offset + RTCP_CLEAR_BYTES, length - RTCP_CLEAR_BYTES);
    assertInside(region, offset, length + this.rtcpOverhead);
    const { header, word, text, tag } = this.#rtcpParts(region.bytes, offset, length);
    writeU32(word, 0, ENCRYPTED_FLAG + index);
    const sealed = this.#transform.seal({ keys: this.#keys.rtcp, ssrc, index, header, word }, text);
    text.set(sealed.text);
    tag.set(sealed.tag);
    return length + this.rtcpOverhead;
  }

  openRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    const plainLength = length - this.rtcpOverhead;
    if (plainLength < RTCP_CLEAR_BYTES) return -1;
    assertInside(region, offset, length);
    const { header, word, text, tag } = this.#rtcpParts(region.bytes, offset, plainLength);
    const packet = { keys: this.#keys.rtcp, ssrc, index, header, word };
    const plain = this.#transform.open(packet, { text, tag });
    if (plain === null) return -1;
    text.set(plain);
    return plainLength;
  }

  free(): void {}

  /** The parts of a compound packet that is `length` bytes long without tag and word. */
  #rtcpParts(bytes: Uint8Array, offset: number, length: number): RtcpParts {
    const { tagBytes, wordBehindTag } = this.#transform;
    const start = offset + RTCP_CLEAR_BYTES;
    const end = offset + length;
    const tagAt = wordBehindTag ? end : end + INDEX_WORD_BYTES;
    const wordAt = wordBehindTag ? end + tagBytes : end;
    return {
      header: bytes.subarray(offset, start),
      word: bytes.subarray(wordAt, wordAt + INDEX_WORD_BYTES),
      text: bytes.subarray(start, end),
      tag: bytes.subarray(tagAt, tagAt + tagBytes),
    };
  }
}

/** A view clamps its bounds and reads NaN as 0: what lies outside would be left out in silence. */
function assertRoom(region: Region, offset: number, headerLength: number, rest: number): void {
  assertInside(region, offset, headerLength);
  assertInside(region, offset + headerLength, rest);
}

const GCM: Transform = {
  tagBytes: GCM_TAG_BYTES,
  wordBehindTag: true,
  seal(packet, plain) {
    const cipher = createCipheriv(gcmOf(packet.keys), packet.keys.key, gcmIv(packet));
    cipher.setAAD(gcmAad(packet));
    const text = cipher.update(plain);
    cipher.final();
    return { text, tag: cipher.getAuthTag() };
  },
  open(packet, { text, tag }) {
    const cipher = createDecipheriv(gcmOf(packet.keys), packet.keys.key, gcmIv(packet));
    cipher.setAAD(gcmAad(packet));
    cipher.setAuthTag(tag);
    try {
      const plain = cipher.update(text);
      cipher.final();
      return plain;
    } catch {
      // The only way in which node:crypto reports a wrong tag.
      return null;
    }
  },
};

function gcmOf(keys: SrtpSessionKeys): "aes-128-gcm" | "aes-256-gcm" {
  return keys.key.length === 32 ? "aes-256-gcm" : "aes-128-gcm";
}

function gcmIv({ keys, ssrc, index }: Packet): Uint8Array {
  const iv = new Uint8Array(GCM_IV_BYTES);
  new GcmSalt(keys.salt).writeIv(new DataView(iv.buffer), ssrc, index);
  return iv;
}

/** RFC 7714 8.2, 9.2: the header; for RTCP the word, too. */
function gcmAad({ header, word }: Packet): Uint8Array {
  return word === null ? header : joined([header, word]);
}

const CM: Transform = {
  tagBytes: HMAC_TAG_BYTES,
  wordBehindTag: false,
  seal(packet, plain) {
    const text = cmTransform(packet, plain);
    return { text, tag: hmacTag(packet, text) };
  },
  open(packet, { text, tag }) {
    return timingSafeEqual(hmacTag(packet, text), tag) ? cmTransform(packet, text) : null;
  },
};

function cmTransform({ keys, ssrc, index }: Packet, bytes: Uint8Array): Uint8Array {
  const iv = new Uint8Array(16);
  writeCmIv(iv, keys.salt, ssrc, index);
  return createCipheriv("aes-128-ctr", keys.key, iv).update(bytes);
}

/** RFC 3711 3.4, 4.2: header, ciphertext and the word; for RTP the roll-over counter in its place. */
function hmacTag({ keys, index, header, word }: Packet, text: Uint8Array): Uint8Array {
  const last = word ?? new Uint8Array(4);
  if (word === null) writeU32(last, 0, Math.floor(index / 65536));
  const hmac = createHmac("sha1", keys.auth).update(header).update(text).update(last);
  return hmac.digest().subarray(0, HMAC_TAG_BYTES);
}
