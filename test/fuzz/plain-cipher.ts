import type { Region, SrtpCipher } from "../../src/srtp/cipher.ts";
import { nativeBytes } from "../support/fenced.ts";

export const TAG_BYTES = 16;
export const RTCP_OVERHEAD_BYTES = 20;
const TAG = 0xee;

/**
 * Copies instead of enciphering, as native code would: it reads and writes what it is told, wherever
 * a region ends. Throws when one index is sealed with two contents.
 */
export class PlainCipher implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpOverhead = RTCP_OVERHEAD_BYTES;
  /** Of the packet last sealed: its index, -1 for RTCP, and whether it left before. */
  index = -1;
  again = false;
  readonly #sealed = new Map<string, string>();

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
    const packet = nativeBytes(output, outputOffset, length + TAG_BYTES);
    packet.set(nativeBytes(input, inputOffset, inputLength), headerLength);
    packet.fill(TAG, length);
    const key = `${ssrc}/${index}`;
    const content = Bun.hash(packet.subarray(0, length)).toString(36);
    const before = this.#sealed.get(key);
    if (before !== undefined && before !== content) throw new Error(`nonce rule: ${key}`);
    this.#sealed.set(key, content);
    this.index = index;
    this.again = before !== undefined;
    return length + TAG_BYTES;
  }

  sealRtcp(region: Region, offset: number, length: number): number {
    nativeBytes(region, offset, length + RTCP_OVERHEAD_BYTES).fill(TAG, length);
    this.index = -1;
    return length + RTCP_OVERHEAD_BYTES;
  }

  openRtp = () => -1;
  openRtcp = () => -1;
  free(): void {}
}
