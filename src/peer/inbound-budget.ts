import {
  CHECKS_PER_SECOND,
  RTCP_DATAGRAMS_PER_SECOND,
  RTP_PACKET_BYTES_MEAN_MIN,
  RTP_PACKETS_PER_SECOND_MIN,
} from "../limits.ts";
import { TokenBucket } from "../media/token-bucket.ts";
import { DatagramKind } from "../wire/demux.ts";
import { type Path, samePath, type Transport } from "../wire/path.ts";
import { StunClass, type StunMessage } from "../wire/stun.ts";
import type { PeerCounters } from "./counters.ts";

/**
 * How many datagrams a second one session may have worked on; what is above that is dropped before
 * any cryptography. Only authentic datagrams count: a stranger that writes from the client's
 * address, or repeats what it overheard, takes nothing from it but the time of looking at it.
 */
export class InboundBudget {
  readonly #rtp: TokenBucket;
  readonly #rtcp = secondOf(RTCP_DATAGRAMS_PER_SECOND);
  /** Checks from where media goes, and from everywhere else: overheard ones come from there. */
  readonly #checks = secondOf(CHECKS_PER_SECOND);
  readonly #otherChecks = secondOf(CHECKS_PER_SECOND);
  /** Of which the message in hand takes. */
  #check: TokenBucket | null = null;

  /** `bitrateMax`: bits a second that the session may send by RTP; a viewer has none to send. */
  constructor(
    { bitrateMax = 0 }: { readonly type?: string; readonly bitrateMax?: number },
    private readonly counters: PeerCounters,
  ) {
    const packets = bitrateMax / 8 / RTP_PACKET_BYTES_MEAN_MIN;
    this.#rtp = secondOf(Math.max(RTP_PACKETS_PER_SECOND_MIN, packets));
  }

  /** Whether SRTP or SRTCP is beyond the share; counted then. */
  refuses(now: number, kind: number): boolean {
    const rtp = kind === DatagramKind.rtp;
    if ((rtp ? this.#rtp : this.#rtcp).left(now) >= 1) return false;
    if (rtp) this.counters.rtpOverBudget += 1;
    else this.counters.rtcpOverBudget += 1;
    return true;
  }

  /** An authentic packet of SRTP or SRTCP. */
  charge(now: number, kind: number): void {
    (kind === DatagramKind.rtp ? this.#rtp : this.#rtcp).charge(now, 1);
  }

  /** Whether a STUN message is a check beyond the share of where it comes from; counted then. */
  refusesCheck(
    now: number,
    selected: Path | null,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): boolean {
    this.#check = null;
    if (message.class !== StunClass.request) return false;
    const here = selected === null || samePath(selected, via, sockaddr, sockaddrOffset);
    this.#check = here ? this.#checks : this.#otherChecks;
    if (this.#check.left(now) >= 1) return false;
    this.counters.stunOverBudget += 1;
    return true;
  }

  /** The check just asked about is authentic. */
  chargeCheck(now: number): void {
    this.#check?.charge(now, 1);
  }
}

/** A second's worth may come at once: after a stall of the network it does. */
function secondOf(perSecond: number): TokenBucket {
  return new TokenBucket(perSecond, perSecond);
}
