import type { Region } from "../srtp/cipher.ts";
import type { SendStream, SrtpSender } from "../srtp/sender.ts";
import { LINK_HEADER_BYTES, LINK_SSRC, writeLinkHeader } from "../wire/link-header.ts";

/** What one end of a link sends: each datagram under the next index, which it tells. */
export class LinkSealer {
  /** Bytes that a datagram has beside what it carries. */
  readonly overhead: number;
  /** Datagrams so far: the index of the next. */
  sealed = 0;
  readonly #sender: SrtpSender;
  readonly #stream: SendStream;

  /** The only one of its link: an index is sealed once. */
  constructor(sender: SrtpSender) {
    this.#sender = sender;
    this.#stream = sender.stream(LINK_SSRC);
    this.overhead = LINK_HEADER_BYTES + sender.rtpOverhead;
  }

  /**
   * Writes a datagram to `out[offset]` that carries `length` bytes of `input` from `at` on; they may
   * stand where they belong in it, LINK_HEADER_BYTES behind `offset`. Returns its length.
   */
  seal(out: Region, offset: number, input: Region, at: number, length: number): number {
    const index = this.sealed;
    this.sealed += 1;
    writeLinkHeader(out.bytes, offset, index);
    const header = LINK_HEADER_BYTES;
    return this.#sender.sealRtp(this.#stream, out, offset, header, input, at, length, index);
  }
}
