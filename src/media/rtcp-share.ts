import { RTCP_COST_US, RTCP_TIME_BURST_US, RTCP_TIME_PER_SECOND_US } from "../limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What the RTCP of one session may take of its worker's time, by what each part of it costs. */
export class RtcpShare {
  /** us. */
  readonly #time = new TokenBucket(RTCP_TIME_BURST_US, RTCP_TIME_PER_SECOND_US);

  /** Whether a datagram is worked on. */
  takesDatagram(now: number): boolean {
    return this.#takes(now, RTCP_COST_US.datagram);
  }

  /** Whether its next packet is, or the rest of it is dropped. */
  takesPacket(now: number): boolean {
    return this.#takes(now, RTCP_COST_US.packet);
  }

  /** Whether the next sequence number of a NACK is looked up. */
  takesSequence(now: number): boolean {
    return this.#takes(now, RTCP_COST_US.sequence);
  }

  /** So much was done that its packet did not tell beforehand. */
  charge(now: number, us: number): void {
    this.#time.charge(now, us);
  }

  #takes(now: number, us: number): boolean {
    if (this.#time.left(now) <= 0) return false;
    this.#time.charge(now, us);
    return true;
  }
}
