/** AES128_CM_HMAC_SHA1_80 (RFC 3711 4.1.1 and 4.2.1). */
import type { Pointer } from "bun:ffi";
import { assert } from "../assert.ts";
import { assertInside, type Region, type SrtpCipher } from "../srtp/cipher.ts";
import { writeCmIv } from "../srtp/iv.ts";
import type { SrtpSessionKeyPair, SrtpSessionKeys } from "../srtp/key-derivation.ts";
import {
  ENCRYPTED_FLAG,
  HMAC_TAG_BYTES,
  INDEX_WORD_BYTES,
  RTCP_CLEAR_BYTES,
} from "../srtp/overhead.ts";
import { writeU32 } from "../wire/bytes.ts";
import type { OpenSsl } from "./openssl.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";

const ROC_BYTES = 4;
const IV_BYTES = 16;
const DIGEST_BYTES = 20;
/** int, or unsigned int */
const WRITTEN_BYTES = 4;
const KEY_BYTES = 16;
const AUTH_KEY_BYTES = 20;
const SALT_BYTES = 14;

/** One packet at a time in a thread: these are shared by all its ciphers. */
const iv = pinnedRegion(IV_BYTES);
const digest = pinnedRegion(DIGEST_BYTES);
const written = pinnedRegion(WRITTEN_BYTES);
const heldTag = new Uint8Array(HMAC_TAG_BYTES);

const IV = addressOf(iv, 0, IV_BYTES);
const DIGEST = addressOf(digest, 0, DIGEST_BYTES);
const WRITTEN = addressOf(written, 0, WRITTEN_BYTES);

/** Keyed contexts for RTP or RTCP. */
interface Contexts {
  readonly cipher: Pointer;
  readonly hmac: Pointer;
  readonly salt: Uint8Array;
}

export class CmCipher implements SrtpCipher {
  readonly rtpOverhead = HMAC_TAG_BYTES;
  readonly rtcpOverhead = HMAC_TAG_BYTES + INDEX_WORD_BYTES;
  readonly #crypto: OpenSsl["crypto"];
  readonly #rtp: Contexts;
  readonly #rtcp: Contexts;
  #freed = false;

  constructor(openSsl: OpenSsl, keys: SrtpSessionKeyPair) {
    this.#crypto = openSsl.crypto;
    this.#rtp = newContexts(openSsl, keys.rtp);
    this.#rtcp = newContexts(openSsl, keys.rtcp);
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
    const length = headerLength + inputLength;
    assertInside(output, outputOffset, headerLength);
    const start = addressOf(output, outputOffset, length + HMAC_TAG_BYTES);
    const from = addressOf(input, inputOffset, inputLength);
    const to = addressOf(output, outputOffset + headerLength, inputLength);
    this.#transform(this.#rtp, from, to, inputLength, ssrc, index);
    // RFC 3711 4.2: the tag covers header, payload and roll-over counter. The counter is written
    // where the tag goes, so that one update takes all.
    const tagAt = outputOffset + length;
    writeU32(output.bytes, tagAt, Math.floor(index / 65536));
    this.#authenticate(this.#rtp, start, length + ROC_BYTES);
    writeTag(output.bytes, tagAt);
    return length + HMAC_TAG_BYTES;
  }

  openRtp(
    region: Region,
    offset: number,
    headerLength: number,
    length: number,
    ssrc: number,
    index: number,
  ): number {
    const plainLength = length - HMAC_TAG_BYTES;
    if (plainLength < headerLength) return -1;
    assertInside(region, offset, headerLength);
    const start = addressOf(region, offset, length);
    const tagAt = offset + plainLength;
    holdTag(region.bytes, tagAt);
    writeU32(region.bytes, tagAt, Math.floor(index / 65536));
    this.#authenticate(this.#rtp, start, plainLength + ROC_BYTES);
    if (!tagMatches()) return -1;
    const payloadLength = plainLength - headerLength;
    const payload = addressOf(region, offset + headerLength, payloadLength);
    this.#transform(this.#rtp, payload, payload, payloadLength, ssrc, index);
    return plainLength;
  }

  /** RFC 3711 3.4: header | ciphertext | E and index | tag. */
  sealRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    const start = addressOf(region, offset, length + INDEX_WORD_BYTES + HMAC_TAG_BYTES);
    const bodyLength = length - RTCP_CLEAR_BYTES;
    const body = addressOf(region, offset + RTCP_CLEAR_BYTES, bodyLength);
    this.#transform(this.#rtcp, body, body, bodyLength, ssrc, index);
    writeU32(region.bytes, offset + length, ENCRYPTED_FLAG + index);
    const covered = length + INDEX_WORD_BYTES;
    this.#authenticate(this.#rtcp, start, covered);
    writeTag(region.bytes, offset + covered);
    return covered + HMAC_TAG_BYTES;
  }

  openRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    const covered = length - HMAC_TAG_BYTES;
    const plainLength = covered - INDEX_WORD_BYTES;
    if (plainLength < RTCP_CLEAR_BYTES) return -1;
    const start = addressOf(region, offset, length);
    holdTag(region.bytes, offset + covered);
    this.#authenticate(this.#rtcp, start, covered);
    if (!tagMatches()) return -1;
    const bodyLength = plainLength - RTCP_CLEAR_BYTES;
    const body = addressOf(region, offset + RTCP_CLEAR_BYTES, bodyLength);
    this.#transform(this.#rtcp, body, body, bodyLength, ssrc, index);
    return plainLength;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    for (const contexts of [this.#rtp, this.#rtcp]) {
      this.#crypto.EVP_CIPHER_CTX_free(contexts.cipher);
      this.#crypto.HMAC_CTX_free(contexts.hmac);
    }
  }

  #transform(
    contexts: Contexts,
    from: Pointer,
    to: Pointer,
    length: number,
    ssrc: number,
    index: number,
  ): void {
    assert(!this.#freed, "a freed cipher is not used");
    if (length === 0) return;
    const crypto = this.#crypto;
    writeCmIv(iv.bytes, contexts.salt, ssrc, index);
    let ok = crypto.EVP_CipherInit_ex(contexts.cipher, null, null, null, IV, -1);
    ok &= crypto.EVP_CipherUpdate(contexts.cipher, to, WRITTEN, from, length);
    assert(ok === 1, "AES-CM transforms");
  }

  /** Leaves the HMAC of `length` bytes at `address` in `digest`. */
  #authenticate(contexts: Contexts, address: Pointer, length: number): void {
    assert(!this.#freed, "a freed cipher is not used");
    const crypto = this.#crypto;
    // Without key and digest, Init goes back to the state after the key.
    let ok = crypto.HMAC_Init_ex(contexts.hmac, null, 0, null, null);
    ok &= crypto.HMAC_Update(contexts.hmac, address, length);
    ok &= crypto.HMAC_Final(contexts.hmac, DIGEST, WRITTEN);
    assert(ok === 1, "HMAC-SHA1 authenticates");
  }
}

function newContexts(openSsl: OpenSsl, keys: SrtpSessionKeys): Contexts {
  const crypto = openSsl.crypto;
  assert(
    keys.key.length === KEY_BYTES && keys.salt.length === SALT_BYTES,
    "CM key and salt lengths",
  );
  assert(keys.auth.length === AUTH_KEY_BYTES, "HMAC-SHA1 key length");
  const cipher = crypto.EVP_CIPHER_CTX_new() as Pointer | null;
  const hmac = crypto.HMAC_CTX_new() as Pointer | null;
  assert(cipher !== null && hmac !== null, "EVP_CIPHER_CTX_new, HMAC_CTX_new");
  let ok = crypto.EVP_CipherInit_ex(cipher, crypto.EVP_aes_128_ctr(), null, keys.key, null, 1);
  ok &= crypto.HMAC_Init_ex(hmac, keys.auth, AUTH_KEY_BYTES, crypto.EVP_sha1(), null);
  assert(ok === 1, "AES-CM and HMAC-SHA1 take their keys");
  return { cipher, hmac, salt: keys.salt };
}

function writeTag(bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < HMAC_TAG_BYTES; i += 1) bytes[offset + i] = digest.bytes[i]!;
}

function holdTag(bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < HMAC_TAG_BYTES; i += 1) heldTag[i] = bytes[offset + i]!;
}

/** Takes the same time wherever the first difference is. */
function tagMatches(): boolean {
  let difference = 0;
  for (let i = 0; i < HMAC_TAG_BYTES; i += 1) difference |= heldTag[i]! ^ digest.bytes[i]!;
  return difference === 0;
}
