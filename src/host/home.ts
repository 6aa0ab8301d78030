import type { WorkerEvent } from "../contract/messages.ts";
import type { Doorbells } from "../ring/doorbell.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Sessions } from "./sessions.ts";
import type { Sockets } from "./sockets.ts";

/** What a worker's logic is built on: its host, or what stands for that in a rehearsal. */
export interface Home {
  readonly sockets: Sockets;
  readonly sessions: Sessions;
  /** Of the worker's block. */
  readonly counters: Float64Array;
  /** Of all workers. */
  readonly bells: Doorbells;
  /** Tells control. */
  readonly emit: (event: WorkerEvent) => void;
  /** Memory that the ciphers can address. */
  readonly allocate: (bytes: number) => Region;
}
