import type { Wear } from "../cascade/handover.ts";

/** A sealed session with another node, as what it carries sees it. */
export interface LinkPort {
  readonly session: number;
  /** Seals the first `length` bytes of its buffer as one datagram. False when it has no room now. */
  transmit(length: number): boolean;
  /** What `transmit` sends: LINK_PAYLOAD_MAX bytes. */
  readonly buffer: Uint8Array;
  /** What it has carried so far. */
  readonly wear: Wear;
  /** Ends the session; what was transmitted leaves before. */
  close(): void;
}

/**
 * Frames of one datagram. With 12 bytes of header, 16 of tag, 8 of UDP and 40 of IPv6 it is 1,420: what
 * a WireGuard tunnel over Ethernet takes.
 */
export const LINK_PAYLOAD_MAX = 1344;
