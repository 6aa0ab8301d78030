import type { Wear } from "../cascade/handover.ts";

/** A sealed session with another node, as what it carries sees it. */
export interface LinkPort {
  readonly session: number;
  /** Seals the first `length` bytes of its buffer as one datagram. False when it has no room now. */
  transmit(length: number): boolean;
  /** What `transmit` sends: LINK_PAYLOAD_MAX bytes (src/cascade/path-size.ts). */
  readonly buffer: Uint8Array;
  /** What it has carried so far. */
  readonly wear: Wear;
  /** Ends the session; what was transmitted leaves before. */
  close(): void;
}
