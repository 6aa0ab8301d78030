import { Counter, countUp } from "../contract/counters.ts";
import type { PeerCounters } from "../peer/counters.ts";

/** Copies what a worker's peers count into its block. */
export class PeerTotals {
  readonly #peers: PeerCounters;
  readonly #counters: Float64Array;
  /** Malformed datagrams that the peers counted, as far as they are in the block. */
  #malformed = 0;
  /** The same of RTCP beyond a session's share, which ingest and egress count, too. */
  #rtcpOverBudget = 0;

  constructor(peers: PeerCounters, counters: Float64Array) {
    this.#peers = peers;
    this.#counters = counters;
  }

  copy(): void {
    const counters = this.#counters;
    const peers = this.#peers;
    counters[Counter.datagramsUnknown] = peers.unknown;
    counters[Counter.stunForged] = peers.stunForged + peers.stunUnknown;
    counters[Counter.dtlsUnvalidated] = peers.dtlsUnvalidated;
    counters[Counter.dtlsFailed] = peers.dtlsFailed;
    counters[Counter.dtlsDropped] = peers.dtlsDropped;
    counters[Counter.dtlsRestarts] = peers.dtlsRestarts;
    counters[Counter.srtpForged] = peers.srtpForged;
    counters[Counter.srtpReplayed] = peers.srtpReplayed;
    counters[Counter.srtcpForged] = peers.srtcpForged;
    counters[Counter.stunRefused] = peers.stunRefused;
    counters[Counter.stunIgnored] = peers.stunIgnored;
    counters[Counter.pathConflicts] = peers.pathConflicts;
    counters[Counter.srtpUnvalidated] = peers.srtpUnvalidated;
    counters[Counter.srtpEarly] = peers.srtpEarly;
    counters[Counter.srtpTooOld] = peers.srtpTooOld;
    counters[Counter.srtpTooManySources] = peers.srtpTooManySources;
    counters[Counter.stunOverBudget] = peers.stunOverBudget;
    counters[Counter.rtpOverBudget] = peers.rtpOverBudget;
    // Ingest and egress count malformed RTP and RTCP under the same name.
    const malformed = peers.stunMalformed + peers.srtpMalformed;
    countUp(counters, Counter.malformed, malformed - this.#malformed);
    this.#malformed = malformed;
    countUp(counters, Counter.rtcpOverBudget, peers.rtcpOverBudget - this.#rtcpOverBudget);
    this.#rtcpOverBudget = peers.rtcpOverBudget;
  }
}
