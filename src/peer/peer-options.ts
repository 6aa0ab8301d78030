import type { PeerSetup } from "../contract/session.ts";
import type { SrtpCipherFactory } from "../srtp/cipher.ts";
import type { Path } from "../wire/path.ts";
import type { PeerCounters } from "./counters.ts";
import type { DtlsFactory } from "./dtls.ts";
import type { InboundBudget } from "./inbound-budget.ts";

/** `lite`: a server that answers. `controlling`: a client that checks the server's addresses. */
export type IceStrategy =
  | { readonly mode: "lite"; readonly random: RandomFill }
  | {
      readonly mode: "controlling";
      /** The server's candidates, each by one of our sockets, best first. */
      readonly paths: readonly Path[];
      readonly random: RandomFill;
    };

/** Fills its argument with random bytes (transaction ids, tie-breaker). */
type RandomFill = (out: Uint8Array) => void;

/** `new`: no valid check yet. `connecting`: DTLS runs. `closed`: see `closeReason`. */
export type PeerState = "new" | "connecting" | "connected" | "closed";

export interface PeerOptions {
  readonly session: number;
  readonly setup: PeerSetup;
  readonly ice: IceStrategy;
  readonly dtls: DtlsFactory;
  readonly ciphers: SrtpCipherFactory;
  readonly counters: PeerCounters;
  /** What the remote end may have worked on; none for a server that was chosen. */
  readonly inbound?: InboundBudget;
  /** Makes it a link between nodes: the id of the key that the caller showed. */
  readonly kid?: string;
  /** Remote SSRCs that get receive state; packets of others are counted and dropped. */
  readonly sourcesMax: number;
  /** Microseconds, monotonic. */
  readonly now: number;
}
