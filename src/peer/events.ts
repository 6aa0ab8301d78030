/** What a datagram or a timeout did to a peer. Plain numbers: returned once per packet. */
export const PeerEvent = {
  /** Consumed, or dropped and counted. There may be something to transmit. */
  none: 0,
  /** DTLS is complete: `peer.sender` and `peer.receiver` exist, media may flow. */
  connected: 1,
  /** A plaintext RTP packet stands in place: see `peer.rtp`, `peer.index`, `peer.length`. */
  rtp: 2,
  /** A plaintext compound RTCP packet of `peer.length` bytes stands in place. */
  rtcp: 3,
  /** The session is over (`peer.closeReason`): drain its transmits, then remove it. */
  closed: 4,
  /** `peer.path` changed: media goes to the new address from now on. */
  moved: 5,
} as const;
export type PeerEventCode = (typeof PeerEvent)[keyof typeof PeerEvent];
