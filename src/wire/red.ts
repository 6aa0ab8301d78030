/**
 * Redundant audio data (RFC 2198 3): headers of earlier frames, four bytes each, a last header of one
 * byte, then the frames in the same order, the present one last.
 *
 *  |F=1| block PT (7) | timestamp offset (14) | block length (10) |   |F=0| block PT (7) |
 */

/** Frames in one packet; senders use one or two earlier ones. */
const BLOCKS_MAX = 8;
const MORE = 0x80;

/** Where the present frame of a packet stands. Reused. */
export class RedPacket {
  /** Absolute, in the bytes given. */
  offset = 0;
  length = 0;
  /** Bytes of all headers together. */
  headerBytes = 0;

  /** Reads the payload at `bytes[offset]`. False when it is malformed or has an empty frame. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    let at = 0;
    let earlier = 0;
    for (let block = 0; block < BLOCKS_MAX; block += 1) {
      if (at >= length) return false;
      if ((bytes[offset + at]! & MORE) === 0) {
        this.headerBytes = at + 1;
        this.offset = offset + at + 1 + earlier;
        this.length = length - at - 1 - earlier;
        return this.length > 0;
      }
      if (at + 4 > length) return false;
      earlier += ((bytes[offset + at + 2]! & 3) << 8) | bytes[offset + at + 3]!;
      at += 4;
    }
    return false;
  }

  /** Gives every frame of the packet last read at `bytes[offset]` this payload type. */
  relabel(bytes: Uint8Array, offset: number, payloadType: number): void {
    for (let at = 0; at < this.headerBytes; at += 4) {
      bytes[offset + at] = (bytes[offset + at]! & MORE) | payloadType;
    }
  }
}
