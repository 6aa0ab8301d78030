import type { CloseReason } from "../contract/session.ts";
import type { Peer } from "../peer/peer.ts";

/** What egress tells its worker. */
export interface EgressEvents {
  /** First media for a session, us after it was opened. */
  firstMedia(session: number, afterUs: number): void;
  /** The session is sent another layer: an id of src/feed/layer-table.ts. */
  layer(session: number, layer: number): void;
  /** The session cannot go on: close it. */
  ended(peer: Peer, reason: CloseReason): void;
  /**
   * Something threw while `place` was served: this session's own fault, which is to be closed; null
   * for a ring's, whose packets in hand are lost.
   */
  faulted(session: number | null, place: string, error: unknown): void;
}
