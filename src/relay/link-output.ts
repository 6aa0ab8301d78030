import { type DatagramSize, LINK_PAYLOAD_MIN } from "../cascade/path-size.ts";
import { encodeElements } from "../wire/cascade/elements.ts";
import { type Half, writeHalf } from "../wire/cascade/half.ts";
import type { LinkPort } from "./link-port.ts";

/** Beside its bytes a half frame takes so many at most. */
const HALF_OVERHEAD = 16;
/** Frames of messages and wishes that wait while the output is full; beyond that they are lost. */
const WAITING_MAX = 256;

/** Puts the frames for one link into datagrams: as many as fit, media in front of the others. */
export class LinkOutput {
  /** What its path takes. */
  size: DatagramSize = { bytes: LINK_PAYLOAD_MIN, used: false, doubt: () => {} };
  #port: LinkPort;
  /** Bytes of the port's buffer that wait to be sent. */
  #length = 0;
  /** Frames that are not media are among them: media is read in front of those only. */
  #others = false;
  readonly #waiting: Uint8Array[] = [];
  #halves = 0;
  /** Datagrams that left, and bytes of frames in them. */
  datagrams = 0;
  bytes = 0;

  constructor(port: LinkPort) {
    this.#port = port;
  }

  /** A frame that is not media. It is put aside while there is no room. */
  frame(bytes: Uint8Array): void {
    if (this.#waiting.length > 0 || !this.#append(bytes)) {
      if (this.#waiting.length < WAITING_MAX) this.#waiting.push(bytes);
    }
  }

  /**
   * Room for a media frame of `bytes`: where in `buffer` it is to be written; -1 when the output is
   * full, then it is to come again. Then `put`.
   */
  reserve(bytes: number): number {
    const full = this.#others || this.#length + bytes > this.size.bytes;
    if (full && !this.#send()) return -1;
    return this.#length;
  }

  get buffer(): Uint8Array {
    return this.#port.buffer;
  }

  /** All that has not left yet, and what comes, leaves by another port. */
  use(port: LinkPort): void {
    port.buffer.set(this.buffer.subarray(0, this.#length));
    this.#port = port;
  }

  /** What was written at the reserved place ends here. */
  put(end: number): void {
    this.#length = end;
  }

  /**
   * A media frame that is longer than a datagram, or may be, leaves as two, each with one to itself: what
   * is short passes everywhere. False: as `reserve` with -1.
   */
  split(frame: Uint8Array): boolean {
    if (this.#length > 0 && !this.#send()) return false;
    const middle = frame.length >> 1;
    this.#halves = (this.#halves + 1) & 0xffff;
    const halves: readonly Half[] = [
      { number: this.#halves, second: false, bytes: frame.subarray(0, middle) },
      { number: this.#halves, second: true, bytes: frame.subarray(middle) },
    ];
    for (const half of halves) {
      this.frame(encodeElements(writeHalf(half)));
      this.#send();
    }
    return true;
  }

  /** The end of a turn: what waits leaves. False when the output is full. */
  flush(): boolean {
    while (this.#waiting.length > 0) {
      if (!this.#append(this.#waiting[0]!)) return false;
      this.#waiting.shift();
    }
    return this.#length === 0 || this.#send();
  }

  #append(bytes: Uint8Array): boolean {
    // What is longer than a datagram may be, a probe, has one to itself.
    if (this.#length + bytes.length > this.size.bytes && !this.#send()) return false;
    this.buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#others = true;
    return true;
  }

  #send(): boolean {
    if (this.#length === 0) return true;
    if (!this.#port.transmit(this.#length)) return false;
    this.datagrams += 1;
    this.bytes += this.#length;
    if (this.#length > LINK_PAYLOAD_MIN) this.size.used = true;
    this.#length = 0;
    this.#others = false;
    return true;
  }
}

/** The longest that two halves carry, whatever the path takes. */
export const SPLIT_FRAME_MAX = 2 * (LINK_PAYLOAD_MIN - HALF_OVERHEAD);
