/** What our own side puts into an answer; drawn and owned by the caller. */
export interface LocalDescription {
  /** At least 4 characters of A-Z a-z 0-9 + / (RFC 8839 5.4). */
  readonly ufrag: string;
  /** At least 22 characters of the same alphabet. */
  readonly pwd: string;
  /** Algorithm and value as in a=fingerprint: "sha-256 AA:BB:...". */
  readonly fingerprint: string;
  /** Our sockets, all of them (RFC 9725 4.3.2); IPv4 goes first whatever the order here. */
  readonly candidates: readonly LocalCandidate[];
  /** Decimal number of the o= line, below 2^63 (RFC 9429 5.2.1). */
  readonly sessionId: string;
  readonly cname: string;
  /** The MediaStream id of a=msid, and prefix of the track ids. */
  readonly streamId: string;
  /** Viewer answers only: what we send with. */
  readonly ssrcs: LocalSsrcs;
}

export interface LocalCandidate {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** By TCP, to be connected to (RFC 6544); else by UDP. */
  readonly tcp?: boolean;
}

export interface LocalSsrcs {
  readonly audio: number;
  readonly video: number;
  readonly videoRtx: number;
}
