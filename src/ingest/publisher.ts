/**
 * One publisher session: RTP and RTCP that its peer opened become slots of rings, and feedback
 * (reports, NACK, PLI, REMB, transport-wide feedback) goes back.
 *
 * Order of use after any `handle*`: drain `pollRtcp` until it returns 0, `drainTouched` once a
 * batch, then ask `nextTimeout`.
 */
import type { SessionStats, WorkerCommand } from "../commands.ts";
import type { Peer } from "../peer/peer.ts";
import type { RingWriter } from "../ring/writer.ts";
import type { Region } from "../srtp/cipher.ts";

export type PublisherOpen = Extract<WorkerCommand, { readonly type: "publisher-open" }>;

/** What a publisher needs to know of its peer; a test passes a plain object. */
export type PublisherPeer = Pick<Peer, "state" | "path" | "srtpProfile" | "roundTripUs">;

export interface PublisherOptions {
  readonly command: PublisherOpen;
  readonly peer: PublisherPeer;
  /** Microseconds, monotonic. */
  readonly now: number;
  /** SSRC under which we send RTCP: random, given. */
  readonly ssrc: number;
  /** CNAME of our RTCP: random, 1..64 characters (RFC 7022). */
  readonly cname: string;
  /** Reader threads whose keyframe wishes are summed (Doorbells.readers). */
  readonly readers: number;
  /** The worker's counters (WorkerBlock.counters), indexed by `Counter`. */
  readonly counters: Float64Array;
}

export declare class Publisher {
  readonly session: number;
  readonly stream: number;
  readonly peer: PublisherPeer;
  /** True once a BYE named every source: close the peer with "peer-closed". */
  readonly left: boolean;

  constructor(options: PublisherOptions);
  /** One plaintext RTP packet; `arrival` is the kernel's receive time. Never throws on input. */
  handleRtp(now: number, region: Region, offset: number, length: number, arrival: number): void;
  /** One plaintext compound RTCP packet. */
  handleRtcp(now: number, region: Region, offset: number, length: number, arrival: number): void;
  /** Reads the readers' keyframe wishes and runs what is due. Harmless when early. */
  handleTimeout(now: number): void;
  nextTimeout(): number;
  /** Writes one compound RTCP packet (plaintext, at most RTCP_BYTES_MAX); 0 when there is none. */
  pollRtcp(now: number, out: Uint8Array): number;
  /** Calls `visit` for each ring written since the last call: ring the doorbells. */
  drainTouched(visit: (index: number, writer: RingWriter) => void): void;
  stats(now: number): SessionStats;
  /** Marks the rings closed. Nothing else may be called afterwards. */
  close(): void;
}
