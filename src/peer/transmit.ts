import { DATAGRAM_BYTES_MAX } from "../limits.ts";
import type { Path, Transport } from "../wire/path.ts";

/** One datagram to send, filled by `pollTransmit`. Valid until the next call that fills it. */
export interface Transmit {
  readonly bytes: Uint8Array;
  length: number;
  path: Path;
}

/** Until the first datagram. */
const NOTHING: Transport = {
  region: { bytes: new Uint8Array(0), address: 0 },
  stalled: false,
  backlog: null,
  reserve: () => -1,
  commit: () => {},
  send: () => {},
};
const NOWHERE: Path = { via: NOTHING, sockaddr: new Uint8Array(16) };

export function createTransmit(bytes = new Uint8Array(DATAGRAM_BYTES_MAX)): Transmit {
  return { bytes, length: 0, path: NOWHERE };
}
