import type { Region } from "../srtp/cipher.ts";
import type { Path } from "../wire/path.ts";

/** Where a session's datagrams go: the batched senders of the worker, one a local socket. */
export interface Output {
  /** The arena that datagrams for `socket` are written into. */
  region(socket: number): Region;
  /** Room for one datagram of up to `bytes`: its offset in the arena, or -1 when all is full. */
  reserve(socket: number, bytes: number): number;
  /** Sends what was written at the last reserved offset. */
  commit(path: Path, length: number): void;
}
