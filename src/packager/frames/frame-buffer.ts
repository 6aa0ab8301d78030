import { FRAME_BYTES_MAX } from "../../limits.ts";

// Above the class: instances are made while modules load.
const EMPTY = new Uint8Array(0);
/** Half a second at 2 Mb/s: what is left of one when a frame does not fit is some percent. */
const SLAB_BYTES = 131_072;

/**
 * The memory that frames are put together in, one behind the other, so that each byte is copied once:
 * a finished frame stays where it is, and only one that meets the end of its slab moves to the next.
 */
export class FrameBuffer {
  #slab: Uint8Array = EMPTY;
  #start = 0;
  #end = 0;

  /** Bytes of the frame so far. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Makes the frame longer by `length` bytes of `bytes`; false when it would get too long. */
  append(bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.#reserve(length)) return false;
    this.#slab.set(bytes.subarray(offset, offset + length), this.#end);
    this.#end += length;
    return true;
  }

  /** The frame from byte `from` on, to be read or mended; valid until the next call. */
  view(from: number): Uint8Array {
    return this.#slab.subarray(this.#start + from, this.#end);
  }

  /** Forgets what stands behind the first `length` bytes. */
  cut(length: number): void {
    this.#end = this.#start + length;
  }

  /** The frame is whole: nothing writes to its bytes again. */
  take(): Uint8Array {
    const frame = this.view(0);
    this.#start = this.#end;
    return frame;
  }

  #reserve(length: number): boolean {
    if (this.#end + length <= this.#slab.length) return this.length + length <= FRAME_BYTES_MAX;
    const needed = this.length + length;
    if (needed > FRAME_BYTES_MAX) return false;
    const slab = new Uint8Array(Math.max(SLAB_BYTES, Math.min(2 * needed, FRAME_BYTES_MAX)));
    slab.set(this.view(0));
    this.#end = this.length;
    this.#start = 0;
    this.#slab = slab;
    return true;
  }
}
