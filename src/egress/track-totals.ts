import { TotalRate } from "./total-rate.ts";

/** What one track has sent and been told since the join. */
export class TrackTotals {
  packets = 0;
  /** Payload, without padding and retransmissions (RFC 3550 6.4.1). */
  bytes = 0;
  keyframes = 0;
  retransmissions = 0;
  nacks = 0;
  plis = 0;
  /** As the viewer's receiver reports say; jitter in RTP ticks. */
  packetsLost = 0;
  jitter = 0;
  readonly rate = new TotalRate();
}
