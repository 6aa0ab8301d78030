import type { DtlsSession } from "./dtls.ts";
import { CLIENT_REPEAT_TO_SERVERS_US, CLIENT_REPEAT_US } from "./dtls-repeat.ts";
import { ANY_NODE } from "./fingerprint.ts";
import type { PeerOptions } from "./peer-options.ts";

/** The DTLS session of a peer whose first path has just answered. */
export function startDtls(options: PeerOptions, now: number): DtlsSession {
  const { dtls, setup, ice, counters, kid } = options;
  const { dtlsRole, fingerprints } = setup;
  const repeatUs = ice.mode === "lite" ? CLIENT_REPEAT_US : CLIENT_REPEAT_TO_SERVERS_US;
  const expected = kid === undefined ? fingerprints : ANY_NODE;
  return dtls.create(dtlsRole, expected, now, counters, repeatUs);
}
