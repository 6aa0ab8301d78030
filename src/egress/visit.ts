import type { Recent } from "../feed/recent.ts";

/**
 * What one visit of a fast lane (lane.ts) sent, to be taken into the books: packets that follow each
 * other in every number that they have. One of them a thread, filled anew each time.
 */
export class Visit {
  recent!: Recent;
  packets = 0;
  /** Of the first packet: origin sequence, SRTP index, transport-cc number. */
  sequence = 0;
  index = 0;
  transportSequence = 0;
  /** From the publisher's RTP timestamps to those that left. */
  timestampOffset = 0;
  /** Bytes above UDP of each, beside payload and padding. */
  overhead = 0;
  /** When they left, us. */
  now = 0;
}
