import { EARLY_PACKETS_MAX } from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";

/** Takes one held packet: where it stands, when it came (us), and whether it is RTCP. */
export type HeldPacket = (
  region: Region,
  offset: number,
  length: number,
  arrival: number,
  rtcp: boolean,
) => void;

/**
 * What a publisher sends between its connect and the grant of its rings, a few milliseconds: its
 * first keyframe among them, and some encoders make the next one only after seconds.
 */
export class EarlyMedia {
  readonly #held: {
    readonly bytes: Uint8Array;
    readonly arrival: number;
    readonly rtcp: boolean;
  }[] = [];

  /** Keeps a copy of a plaintext packet; false when there is no room left and it is dropped. */
  hold(region: Region, offset: number, length: number, arrival: number, rtcp: boolean): boolean {
    if (this.#held.length === EARLY_PACKETS_MAX) return false;
    this.#held.push({ bytes: region.bytes.slice(offset, offset + length), arrival, rtcp });
    return true;
  }

  /** Hands all of it over in the order in which it came, once. */
  replay(handle: HeldPacket): void {
    // No foreign call sees these bytes: what takes a packet copies it.
    for (const { bytes, arrival, rtcp } of this.#held.splice(0)) {
      handle({ bytes, address: 0 }, 0, bytes.length, arrival, rtcp);
    }
  }
}
