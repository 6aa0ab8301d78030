/** Initialisation vectors, written from a (session salt, SSRC, packet index) without allocating. */

export const GCM_IV_BYTES = 12;

/**
 * AES-GCM, 12 bytes (RFC 7714 8.1 and 9.1):
 *
 *   RTP   00 00 | SSRC (4) | roll-over counter (4) | sequence (2)   XOR salt
 *   RTCP  00 00 | SSRC (4) | 00 00 | index (4)                      XOR salt
 *
 * Both are the 48-bit index in the last six bytes.
 */
export class GcmSalt {
  // Three words side by side: an array would be a place in memory of its own, cold at each viewer.
  readonly #first: number;
  readonly #second: number;
  readonly #third: number;

  constructor(salt: Uint8Array) {
    const view = new DataView(salt.buffer, salt.byteOffset, GCM_IV_BYTES);
    this.#first = view.getInt32(0);
    this.#second = view.getInt32(4);
    this.#third = view.getInt32(8);
  }

  writeIv(iv: DataView, ssrc: number, index: number): void {
    const high = Math.floor(index / 0x100000000);
    iv.setInt32(0, this.#first ^ (ssrc >>> 16));
    iv.setInt32(4, this.#second ^ (ssrc << 16) ^ high);
    iv.setInt32(8, this.#third ^ index);
  }
}

/**
 * AES-CM, 16 bytes (RFC 3711 4.1.1): (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16). The last
 * two bytes count blocks.
 */
export function writeCmIv(iv: Uint8Array, salt: Uint8Array, ssrc: number, index: number): void {
  const high = Math.floor(index / 0x100000000);
  iv[0] = salt[0]!;
  iv[1] = salt[1]!;
  iv[2] = salt[2]!;
  iv[3] = salt[3]!;
  iv[4] = salt[4]! ^ (ssrc >>> 24);
  iv[5] = salt[5]! ^ (ssrc >>> 16);
  iv[6] = salt[6]! ^ (ssrc >>> 8);
  iv[7] = salt[7]! ^ ssrc;
  iv[8] = salt[8]! ^ (high >>> 8);
  iv[9] = salt[9]! ^ high;
  iv[10] = salt[10]! ^ (index >>> 24);
  iv[11] = salt[11]! ^ (index >>> 16);
  iv[12] = salt[12]! ^ (index >>> 8);
  iv[13] = salt[13]! ^ index;
  iv[14] = 0;
  iv[15] = 0;
}
