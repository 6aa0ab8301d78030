/**
 * Header extension elements (RFC 8285), read without allocation.
 *
 *   one byte, 0xBEDE:   | ID (4) | length - 1 (4) | data |
 *   two bytes, 0x100X:  | ID (8) | length (8)     | data |
 */
import type { RtpHeader } from "./rtp.ts";

export const ONE_BYTE_PROFILE = 0xbede;
export const TWO_BYTE_PROFILE = 0x1000;

/**
 * Walks the elements of one packet:
 * `cursor.reset(bytes, header); while (cursor.next()) ... cursor.id, cursor.offset, cursor.length`.
 * A broken element ends the walk; what came before it stands (RFC 8285 4.2).
 */
export class ExtensionCursor {
  id = 0;
  /** Absolute offset of the element's data. */
  offset = 0;
  length = 0;
  #bytes: Uint8Array = EMPTY;
  #position = 0;
  #end = 0;
  #twoByte = false;

  reset(bytes: Uint8Array, header: RtpHeader): void {
    this.resetBlock(bytes, header.extensionProfile, header.extensionOffset, header.extensionLength);
  }

  /** The same for a block that stands alone; an unknown profile has no elements. */
  resetBlock(bytes: Uint8Array, profile: number, offset: number, length: number): void {
    this.#bytes = bytes;
    this.#position = offset;
    // RFC 8285 4.3: the low four bits are "appbits", to be ignored.
    this.#twoByte = (profile & 0xfff0) === TWO_BYTE_PROFILE;
    this.#end = this.#twoByte || profile === ONE_BYTE_PROFILE ? offset + length : offset;
  }

  /** Moves to the next element. False at the end. */
  next(): boolean {
    return this.#twoByte ? this.#nextTwoByte() : this.#nextOneByte();
  }

  #nextOneByte(): boolean {
    while (this.#position < this.#end) {
      const head = this.#bytes[this.#position]!;
      const id = head >> 4;
      // RFC 8285 4.2: id 15 stops processing of the whole block.
      if (id === 15) break;
      if (id === 0) {
        // A padding byte is 0x00. Id 0 with a length is skipped as an element, as libwebrtc does.
        this.#position += head === 0 ? 1 : (head & 0x0f) + 2;
        continue;
      }
      return this.#take(id, this.#position + 1, (head & 0x0f) + 1);
    }
    return this.#stop();
  }

  #nextTwoByte(): boolean {
    while (this.#position < this.#end) {
      const id = this.#bytes[this.#position]!;
      if (id === 0) {
        this.#position += 1;
        continue;
      }
      if (this.#position + 1 >= this.#end) break;
      return this.#take(id, this.#position + 2, this.#bytes[this.#position + 1]!);
    }
    return this.#stop();
  }

  #take(id: number, offset: number, length: number): boolean {
    if (offset + length > this.#end) return this.#stop();
    this.id = id;
    this.offset = offset;
    this.length = length;
    this.#position = offset + length;
    return true;
  }

  #stop(): boolean {
    this.#position = this.#end;
    return false;
  }
}

const EMPTY = new Uint8Array(0);
