import type { Transport } from "../../src/wire/path.ts";

/** A transport that nothing is sent by: only which one it is counts. */
export function deadTransport(): Transport {
  const region = { bytes: new Uint8Array(0), address: 0 };
  return {
    region,
    stalled: false,
    backlog: null,
    reserve: () => -1,
    commit: () => {},
    send: () => {},
  };
}

/** The one of tests that know one only. */
export const VIA = deadTransport();
