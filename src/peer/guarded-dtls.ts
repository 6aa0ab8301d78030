import type { DtlsCounts, DtlsEngineFactory, DtlsFactory, DtlsRole, DtlsSession } from "./dtls.ts";
import { DtlsClientGuard } from "./dtls-client-guard.ts";
import { CLIENT_REPEAT_US } from "./dtls-repeat.ts";
import { DtlsServerGuard } from "./dtls-server-guard.ts";
import type { Expected } from "./fingerprint.ts";

/** Sessions of a library's handshakes, each behind a guard. */
export class GuardedDtls implements DtlsFactory {
  readonly #engines: DtlsEngineFactory;

  constructor(engines: DtlsEngineFactory) {
    this.#engines = engines;
  }

  create(
    role: DtlsRole,
    expected: Expected,
    now: number,
    counts: DtlsCounts = { dtlsDropped: 0, dtlsRestarts: 0 },
    clientRepeatUs = CLIENT_REPEAT_US,
  ): DtlsSession {
    return role === "server"
      ? new DtlsServerGuard(this.#engines, expected, now, counts)
      : new DtlsClientGuard(this.#engines, expected, now, counts, clientRepeatUs);
  }
}
