/** AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714). */
import type { Pointer } from "bun:ffi";
import { assert } from "../assert.ts";
import { assertInside, type Region, type SrtpCipher } from "../srtp/cipher.ts";
import { GCM_IV_BYTES, GcmSalt } from "../srtp/iv.ts";
import type { SrtpSessionKeyPair, SrtpSessionKeys } from "../srtp/key-derivation.ts";
import {
  ENCRYPTED_FLAG,
  GCM_TAG_BYTES,
  INDEX_WORD_BYTES,
  RTCP_CLEAR_BYTES,
} from "../srtp/overhead.ts";
import { writeU32 } from "../wire/bytes.ts";
import type { OpenSsl } from "./openssl.ts";
import { OctetParam } from "./openssl-params.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";

const RTCP_AAD_BYTES = RTCP_CLEAR_BYTES + INDEX_WORD_BYTES;

const EVP_CTRL_AEAD_SET_TAG = 0x11;
/** int */
const WRITTEN_BYTES = 4;
const ENCRYPT = 1;
const DECRYPT = 0;

/** One packet at a time in a thread: these are shared by all its ciphers. */
const ivRegion = pinnedRegion(GCM_IV_BYTES);
const iv = new DataView(ivRegion.bytes.buffer);
const aad = pinnedRegion(RTCP_AAD_BYTES);
const written = pinnedRegion(WRITTEN_BYTES);

const IV = addressOf(ivRegion, 0, GCM_IV_BYTES);
const AAD = addressOf(aad, 0, RTCP_AAD_BYTES);
const WRITTEN = addressOf(written, 0, WRITTEN_BYTES);

const tagParam = new OctetParam("tag");
const TAG_PARAM = tagParam.pointer;
/**
 * Sets the whole IV, where its size is -1 (EVP_CTRL_AEAD_SET_IV_FIXED), in 33 ns; EVP_CipherInit_ex takes
 * 75 to do the same, of the 470 of a packet.
 */
const ivParam = new OctetParam("tlsivfixed");
const IV_PARAM = ivParam.pointer;
ivParam.point(ivRegion, 0, GCM_IV_BYTES);
ivParam.setSize(0xffffffff, 0xffffffff);

export class GcmCipher implements SrtpCipher {
  readonly rtpOverhead = GCM_TAG_BYTES;
  readonly rtcpOverhead = GCM_TAG_BYTES + INDEX_WORD_BYTES;
  readonly #crypto: OpenSsl["crypto"];
  readonly #rtpSalt: GcmSalt;
  readonly #rtcpSalt: GcmSalt;
  #rtp: Pointer;
  #rtcp: Pointer;
  /** The context for RTP has sealed last, and an IV is all that it needs to do it again. */
  #seals = false;
  readonly #takesIv: boolean;
  #freed = false;

  constructor(openSsl: OpenSsl, keys: SrtpSessionKeyPair) {
    this.#crypto = openSsl.crypto;
    this.#rtp = newContext(openSsl, keys.rtp);
    this.#rtcp = newContext(openSsl, keys.rtcp);
    this.#takesIv = takesIv(openSsl);
    this.#rtpSalt = new GcmSalt(keys.rtp.salt);
    this.#rtcpSalt = new GcmSalt(keys.rtcp.salt);
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
    assert(!this.#freed, "a freed cipher is not used");
    const header = addressOf(output, outputOffset, headerLength);
    const from = addressOf(input, inputOffset, inputLength);
    this.#rtpSalt.writeIv(iv, ssrc, index);
    const at = outputOffset + headerLength;
    if (this.#seals) this.#crypto.EVP_CIPHER_CTX_set_params(this.#rtp, IV_PARAM);
    else this.#begin(this.#rtp, ENCRYPT);
    this.#seals = this.#takesIv;
    this.#seal(this.#rtp, header, headerLength, from, output, at, inputLength);
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
    const payloadLength = length - headerLength - GCM_TAG_BYTES;
    if (payloadLength < 0) return -1;
    const header = addressOf(region, offset, headerLength);
    this.#rtpSalt.writeIv(iv, ssrc, index);
    const at = offset + headerLength;
    this.#seals = false;
    const authentic = this.#open(this.#rtp, header, headerLength, region, at, payloadLength);
    return authentic ? length - GCM_TAG_BYTES : -1;
  }

  /** RFC 7714 9.2: header | ciphertext | tag | E and index. */
  sealRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    const word = ENCRYPTED_FLAG + index;
    const bodyLength = length - RTCP_CLEAR_BYTES;
    assertInside(region, offset, length + GCM_TAG_BYTES + INDEX_WORD_BYTES);
    const at = offset + RTCP_CLEAR_BYTES;
    const body = addressOf(region, at, bodyLength);
    writeRtcpAad(region.bytes, offset, word);
    this.#rtcpSalt.writeIv(iv, ssrc, index);
    this.#begin(this.#rtcp, ENCRYPT);
    this.#seal(this.#rtcp, AAD, RTCP_AAD_BYTES, body, region, at, bodyLength);
    writeU32(region.bytes, offset + length + GCM_TAG_BYTES, word);
    return length + GCM_TAG_BYTES + INDEX_WORD_BYTES;
  }

  openRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number {
    const plainLength = length - GCM_TAG_BYTES - INDEX_WORD_BYTES;
    if (plainLength < RTCP_CLEAR_BYTES) return -1;
    assertInside(region, offset, length);
    const bodyLength = plainLength - RTCP_CLEAR_BYTES;
    const at = offset + RTCP_CLEAR_BYTES;
    writeRtcpAad(region.bytes, offset, ENCRYPTED_FLAG + index);
    this.#rtcpSalt.writeIv(iv, ssrc, index);
    const authentic = this.#open(this.#rtcp, AAD, RTCP_AAD_BYTES, region, at, bodyLength);
    return authentic ? plainLength : -1;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.#crypto.EVP_CIPHER_CTX_free(this.#rtp);
    this.#crypto.EVP_CIPHER_CTX_free(this.#rtcp);
  }

  /** The next packet goes this way, with the IV that stands there. */
  #begin(context: Pointer, direction: number): void {
    assert(!this.#freed, "a freed cipher is not used");
    const ok = this.#crypto.EVP_CipherInit_ex(context, null, null, null, IV, direction);
    assert(ok === 1, "AES-GCM takes an IV");
  }

  /** Ciphertext and, behind it, the tag: to `output` from `at` on. */
  #seal(
    context: Pointer,
    aadAt: Pointer,
    aadLength: number,
    from: Pointer,
    output: Region,
    at: number,
    length: number,
  ): void {
    const crypto = this.#crypto;
    const to = addressOf(output, at, length);
    const end = addressOf(output, at + length, GCM_TAG_BYTES);
    tagParam.point(output, at + length, GCM_TAG_BYTES);
    let ok = crypto.EVP_CipherUpdate(context, null, WRITTEN, aadAt, aadLength);
    if (length > 0) {
      ok &= crypto.EVP_CipherUpdate(context, to, WRITTEN, from, length);
    }
    ok &= crypto.EVP_CipherFinal_ex(context, end, WRITTEN);
    ok &= crypto.EVP_CIPHER_CTX_get_params(context, TAG_PARAM);
    assert(ok === 1, "AES-GCM seals");
  }

  /** The tag stands behind the ciphertext. */
  #open(
    context: Pointer,
    aadAt: Pointer,
    aadLength: number,
    region: Region,
    offset: number,
    length: number,
  ): boolean {
    this.#begin(context, DECRYPT);
    const crypto = this.#crypto;
    const at = addressOf(region, offset, length);
    const end = addressOf(region, offset + length, GCM_TAG_BYTES);
    let ok = crypto.EVP_CipherUpdate(context, null, WRITTEN, aadAt, aadLength);
    if (length > 0) ok &= crypto.EVP_CipherUpdate(context, at, WRITTEN, at, length);
    ok &= crypto.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, end);
    assert(ok === 1, "AES-GCM takes a packet");
    return crypto.EVP_CipherFinal_ex(context, end, WRITTEN) === 1;
  }
}

/** A context with the key schedule in place; a packet only sets the IV. */
function newContext(openSsl: OpenSsl, keys: SrtpSessionKeys): Pointer {
  const crypto = openSsl.crypto;
  assert(keys.salt.length === GCM_IV_BYTES, "GCM salt length");
  assert(keys.key.length === 16 || keys.key.length === 32, "GCM key length");
  const cipher = keys.key.length === 32 ? crypto.EVP_aes_256_gcm() : crypto.EVP_aes_128_gcm();
  const context = crypto.EVP_CIPHER_CTX_new() as Pointer | null;
  assert(context !== null, "EVP_CIPHER_CTX_new");
  const ok = crypto.EVP_CipherInit_ex(context, cipher, null, keys.key, null, ENCRYPT);
  assert(ok === 1, "AES-GCM takes its key");
  return context;
}

/** By library: whether `ivParam` does what it is to do. */
const known = new Map<OpenSsl, boolean>();

function takesIv(openSsl: OpenSsl): boolean {
  const answer = known.get(openSsl) ?? tryIv(openSsl);
  known.set(openSsl, answer);
  return answer;
}

/** Two tags of nothing, the second under an IV of its own: by parameter the same as by the usual call. */
function tryIv(openSsl: OpenSsl): boolean {
  const { crypto } = openSsl;
  const salt = new Uint8Array(GCM_IV_BYTES);
  const context = newContext(openSsl, { key: new Uint8Array(16), salt, auth: salt });
  const out = pinnedRegion(GCM_TAG_BYTES);
  const end = addressOf(out, 0, GCM_TAG_BYTES);
  const tags = [false, false, true].map((byParameter, i) => {
    ivRegion.bytes.fill(Math.min(i, 1));
    if (byParameter) crypto.EVP_CIPHER_CTX_set_params(context, IV_PARAM);
    else crypto.EVP_CipherInit_ex(context, null, null, null, IV, ENCRYPT);
    if (crypto.EVP_CipherFinal_ex(context, end, WRITTEN) !== 1) return "";
    tagParam.point(out, 0, GCM_TAG_BYTES);
    crypto.EVP_CIPHER_CTX_get_params(context, TAG_PARAM);
    return out.bytes.join();
  });
  crypto.EVP_CIPHER_CTX_free(context);
  return tags[2] === tags[1] && tags[2] !== tags[0];
}

function writeRtcpAad(bytes: Uint8Array, offset: number, word: number): void {
  for (let i = 0; i < RTCP_CLEAR_BYTES; i += 1) aad.bytes[i] = bytes[offset + i]!;
  writeU32(aad.bytes, RTCP_CLEAR_BYTES, word);
}
