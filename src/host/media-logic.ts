import type { WorkerCommand } from "../contract/messages.ts";
import type { Peer } from "../peer/peer.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Guest } from "./loop.ts";

/** What a worker does with what its sessions and its loop bring. All times in us, monotonic. */
export interface MediaLogic
  extends Pick<Guest, "mark" | "workAt" | "work" | "nextTimeout" | "handleTimeout"> {
  /**
   * A session may carry media now. Of a link (`peer.kid`): sealed datagrams go both ways; whether the
   * other end belongs to us is for the logic to find out, which then sets `peer.trusted`.
   */
  connected(peer: Peer, now: number): void;
  /** A plaintext RTP or RTCP packet stands in `region` at `offset`. */
  rtp(peer: Peer, now: number, region: Region, offset: number, arrival: number): void;
  rtcp(peer: Peer, now: number, region: Region, offset: number, arrival: number): void;
  /** The session is over; its peer is out of the table. A second call is ignored. */
  closed(session: number, now: number): void;
  command(command: WorkerCommand, now: number): void;
  /** After each batch of datagrams. */
  received(now: number): void;
  /** All that had come by `readAt` has been read: who was not heard of was silent. */
  drained?(readAt: number): void;
  /** The end of a turn: what was queued is with the kernel, or waits for its full buffer. */
  sent?(): void;
  /** Live media was left when `work` returned. */
  readonly late: boolean;
}
