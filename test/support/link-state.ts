import type { LinkState } from "../../src/contract/cluster.ts";

/** A link to another node, as the relay worker tells of it. */
export function linkState(node: string, change: Partial<LinkState> = {}): LinkState {
  return {
    ...{ node, role: "core", region: "", version: "1.2.3", url: "", address: "192.0.2.20:8300" },
    ...{
      roundTripMs: 1,
      datagramBytes: 1372,
      load: 0,
      filled: null,
      clock: null,
      trouble: null,
      troubles: 0,
      accepts: [],
      pulls: 1,
      children: 0,
    },
    ...{ datagramsIn: 1, bytesIn: 10, datagramsOut: 2, bytesOut: 20 },
    ...change,
  };
}
