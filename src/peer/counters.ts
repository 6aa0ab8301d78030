import { SrtpReject } from "../srtp/receiver.ts";

/** What a worker's peers refused or lost, by reason. A plain record of totals: += is the whole API. */
export interface PeerCounters {
  /** STUN that does not parse, or whose FINGERPRINT is wrong. */
  stunMalformed: number;
  /** STUN requests whose local ufrag no session has. */
  stunUnknown: number;
  /** STUN with a wrong USERNAME or MESSAGE-INTEGRITY. Never answered. */
  stunForged: number;
  /** STUN answered with an error: 420 (unknown attribute), 487 (role conflict), 403 (revoked). */
  stunRefused: number;
  /** STUN that asks for nothing: indications, answers to no question of ours. */
  stunIgnored: number;
  /** Checks that would take an address from a session that is alive there. */
  pathConflicts: number;
  /** DTLS from an address that no session has validated. */
  dtlsUnvalidated: number;
  dtlsFailed: number;
  /** Records and messages of handshakes that could not be the peer's. */
  dtlsDropped: number;
  /** Handshakes that began anew within their session. */
  dtlsRestarts: number;
  /** SRTP or SRTCP from an address that no session has validated. */
  srtpUnvalidated: number;
  /** SRTP or SRTCP before DTLS is complete. */
  srtpEarly: number;
  srtpForged: number;
  srtcpForged: number;
  srtpReplayed: number;
  /** Behind the replay window. */
  srtpTooOld: number;
  srtpMalformed: number;
  /** Packets of a source beyond the session's maximum of sources. */
  srtpTooManySources: number;
  /** Authentic datagrams beyond the session's share (src/peer/inbound-budget.ts). */
  stunOverBudget: number;
  rtpOverBudget: number;
  rtcpOverBudget: number;
  /** Datagrams of no known protocol. */
  unknown: number;
}

export function createPeerCounters(): PeerCounters {
  return {
    stunMalformed: 0,
    stunUnknown: 0,
    stunForged: 0,
    stunRefused: 0,
    stunIgnored: 0,
    pathConflicts: 0,
    dtlsUnvalidated: 0,
    dtlsFailed: 0,
    dtlsDropped: 0,
    dtlsRestarts: 0,
    srtpUnvalidated: 0,
    srtpEarly: 0,
    srtpForged: 0,
    srtcpForged: 0,
    srtpReplayed: 0,
    srtpTooOld: 0,
    srtpMalformed: 0,
    srtpTooManySources: 0,
    stunOverBudget: 0,
    rtpOverBudget: 0,
    rtcpOverBudget: 0,
    unknown: 0,
  };
}

/** Counts a negative result of SrtpReceiver under its reason. */
export function countSrtpReject(counters: PeerCounters, reject: number): void {
  switch (reject) {
    case SrtpReject.forged:
      counters.srtpForged += 1;
      return;
    case SrtpReject.replayed:
      counters.srtpReplayed += 1;
      return;
    case SrtpReject.tooOld:
      counters.srtpTooOld += 1;
      return;
    case SrtpReject.tooManySources:
      counters.srtpTooManySources += 1;
      return;
    default:
      counters.srtpMalformed += 1;
  }
}
