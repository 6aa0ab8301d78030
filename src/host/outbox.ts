import type { PeerTable } from "../peer/peer-table.ts";
import { createTransmit } from "../peer/transmit.ts";

/** What peers have to send beside media, on its way to what carries it. */
export class Outbox {
  readonly #table: PeerTable;
  readonly #failed: (session: number, error: unknown) => void;
  readonly #transmit = createTransmit();

  /** `failed`: one had something to send that made it throw. */
  constructor(table: PeerTable, failed: (session: number, error: unknown) => void) {
    this.#table = table;
    this.#failed = failed;
  }

  empty(): void {
    for (;;) {
      try {
        while (this.#table.pollTransmit(this.#transmit)) {
          const { path, length, bytes } = this.#transmit;
          path.via.send(path, bytes, length);
        }
        return;
      } catch (error) {
        this.#handleFault(error);
      }
    }
  }

  #handleFault(error: unknown): void {
    const { transmitting } = this.#table;
    // Not of a session: the worker's own fault, and the next call would meet it again.
    if (transmitting === null) throw error;
    this.#failed(transmitting.session, error);
    this.#table.silence(transmitting);
  }
}
