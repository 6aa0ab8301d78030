/** Share of packets that must arrive. libwebrtc's ProbeBitrateEstimator wants 0.8: of a short
 * probe over a path with 10 % loss that is often not reached. */
const RECEIVED_MIN = 0.6;
/** Received so much faster than sent, the packets came out of somebody's aggregation. */
const RATIO_MAX = 2;
/** Received slower than this share of the sending rate, the path was saturated ... */
const RATIO_UNSATURATED = 0.9;
/** ... and its rate is used up to this share. */
const UTILISATION = 0.95;
const INTERVAL_MAX_US = 1_000_000;

/** The packets of one probe: what was sent, what arrived, and the rate that this shows. */
export class ProbeCluster {
  sentPackets = 0;
  sentBytes = 0;
  receivedPackets = 0;
  receivedBytes = 0;
  private firstSent = 0;
  private lastSent = 0;
  private lastSentBytes = 0;
  private firstArrival = 0;
  private firstArrivalBytes = 0;
  private lastArrival = 0;

  reset(): void {
    this.sentPackets = 0;
    this.sentBytes = 0;
    this.receivedPackets = 0;
    this.receivedBytes = 0;
  }

  noteSent(bytes: number): void {
    this.sentPackets += 1;
    this.sentBytes += bytes;
  }

  noteReceived(sentUs: number, arrivalUs: number, bytes: number): void {
    const first = this.receivedPackets === 0;
    if (first || sentUs < this.firstSent) this.firstSent = sentUs;
    if (first || sentUs >= this.lastSent) {
      this.lastSent = sentUs;
      this.lastSentBytes = bytes;
    }
    if (first || arrivalUs < this.firstArrival) {
      this.firstArrival = arrivalUs;
      this.firstArrivalBytes = bytes;
    }
    if (first || arrivalUs > this.lastArrival) this.lastArrival = arrivalUs;
    this.receivedPackets += 1;
    this.receivedBytes += bytes;
  }

  /**
   * Bits a second that the probe has shown; 0 when it shows nothing. `loss`: the share that the path
   * loses anyway; what is lost beyond it counts against the rate.
   */
  result(loss: number): number {
    if (this.receivedPackets < this.sentPackets * RECEIVED_MIN) return 0;
    const sentUs = this.lastSent - this.firstSent;
    const receivedUs = this.lastArrival - this.firstArrival;
    if (sentUs <= 0 || sentUs > INTERVAL_MAX_US) return 0;
    if (receivedUs <= 0 || receivedUs > INTERVAL_MAX_US) return 0;
    // The last packet's own sending and the first one's own arrival lie outside the intervals. One
    // of them is left out on both sides: a small audio packet at an end would skew the ratio.
    const outside = Math.max(this.lastSentBytes, this.firstArrivalBytes);
    const bits = ((this.receivedBytes - outside) * 8e6) / (1 - loss);
    const sentRate = bits / sentUs;
    const receivedRate = bits / receivedUs;
    if (receivedRate > RATIO_MAX * sentRate) return 0;
    if (receivedRate < RATIO_UNSATURATED * sentRate) return UTILISATION * receivedRate;
    return Math.min(sentRate, receivedRate);
  }
}
