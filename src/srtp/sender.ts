import { assert } from "../assert.ts";
import { readU32 } from "../wire/bytes.ts";
import type { Region, SrtpCipher } from "./cipher.ts";
import { ReplayVerdict, ReplayWindow } from "./replay-window.ts";

const RTCP_INDEX_MAX = 0x7fffffff;
const RTP_INDEX_MAX = 2 ** 48 - 1;

/** One SSRC that we send: which of its packet indices have been sealed. */
export class SendStream {
  readonly ssrc: number;
  readonly #window = new ReplayWindow();
  readonly #cipher: SrtpCipher;
  /**
   * Indices from..to-1 are sealed, one after the other ahead of all others, and the window has not
   * heard of them yet: it is a place in memory of its own, and is asked once in many packets.
   */
  #from = -1;
  #to = -1;

  constructor(ssrc: number, cipher: SrtpCipher) {
    this.ssrc = ssrc;
    this.#cipher = cipher;
  }

  get sealed(): ReplayWindow {
    if (this.#to >= 0) this.#settle();
    return this.#window;
  }

  /** As SrtpSender.sealRtp, for an index that is higher than all before. */
  sealNext(
    output: Region,
    outputOffset: number,
    headerLength: number,
    input: Region,
    inputOffset: number,
    inputLength: number,
    index: number,
  ): number {
    if (index !== this.#to) {
      assert(index > this.sealed.highest, "nonce rule: an index is sealed once");
      this.#from = index;
    }
    assert(index <= RTP_INDEX_MAX, "nonce rule: an index has 48 bits");
    this.#to = index + 1;
    return this.#cipher.sealRtp(
      output,
      outputOffset,
      headerLength,
      input,
      inputOffset,
      inputLength,
      this.ssrc,
      index,
    );
  }

  #settle(): void {
    for (let index = this.#from; index < this.#to; index += 1) this.#window.commit(index);
    // Whoever asks for the window may seal behind our back.
    this.#to = -1;
  }

  /** Whether `index` was never sealed for certain: ahead, or a gap inside the window. */
  canSeal(index: number): boolean {
    return index <= RTP_INDEX_MAX && this.sealed.check(index) === ReplayVerdict.fresh;
  }

  /** Whether `index` may have been sealed: inside the window it must have been. */
  canResend(index: number): boolean {
    return index <= this.sealed.highest && this.sealed.check(index) !== ReplayVerdict.fresh;
  }
}

/**
 * The sending side of one session's SRTP and SRTCP. Keeps the nonce rule: a (key, SSRC, index) is
 * sealed with one header and one payload only, ever. Breaking it is a bug of the caller and stops
 * the worker.
 */
export class SrtpSender {
  readonly rtpOverhead: number;
  readonly rtcpOverhead: number;
  readonly #cipher: SrtpCipher;
  readonly #streams = new Map<number, SendStream>();
  /** One counter for all our SSRCs: stays unique per SSRC (RFC 3711 3.2.3). */
  #rtcpIndex = 0;

  constructor(cipher: SrtpCipher) {
    this.#cipher = cipher;
    this.rtpOverhead = cipher.rtpOverhead;
    this.rtcpOverhead = cipher.rtcpOverhead;
  }

  /** The stream of `ssrc`, made at first use. Keep it: one lookup a session, not one a packet. */
  stream(ssrc: number): SendStream {
    const known = this.#streams.get(ssrc);
    if (known !== undefined) return known;
    const stream = new SendStream(ssrc, this.#cipher);
    this.#streams.set(ssrc, stream);
    return stream;
  }

  /**
   * Seals a packet. The finished header stands at `output[outputOffset]`, the payload anywhere in
   * `input`; `index` is the 48-bit packet index, which is new (`stream.canSeal`). `again`: it was sealed
   * before (`stream.canResend`), and header and payload are byte-identical to what was sealed then: the
   * same ciphertext leaves twice. The caller answers for the identity. Returns the sealed packet's
   * length.
   */
  sealRtp(
    stream: SendStream,
    output: Region,
    outputOffset: number,
    headerLength: number,
    input: Region,
    inputOffset: number,
    inputLength: number,
    index: number,
    again = false,
  ): number {
    if (again) {
      assert(stream.canResend(index), "nonce rule: only a sealed index is sent again");
    } else {
      assert(stream.canSeal(index), "nonce rule: an index is sealed once");
      stream.sealed.commit(index);
    }
    return this.#cipher.sealRtp(
      output,
      outputOffset,
      headerLength,
      input,
      inputOffset,
      inputLength,
      stream.ssrc,
      index,
    );
  }

  /** Seals a compound RTCP packet in place, with the next SRTCP index. Returns its length. */
  sealRtcp(region: Region, offset: number, length: number): number {
    assert(this.#rtcpIndex < RTCP_INDEX_MAX, "an SRTCP key lasts 2^31 packets");
    this.#rtcpIndex += 1;
    const ssrc = readU32(region.bytes, offset + 4);
    return this.#cipher.sealRtcp(region, offset, length, ssrc, this.#rtcpIndex);
  }

  free(): void {
    this.#cipher.free();
  }
}
