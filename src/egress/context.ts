import { assert } from "../assert.ts";
import type { MediaSection } from "../contract/session.ts";
import type { RingGrant } from "../contract/source.ts";
import { Staging } from "../feed/staging.ts";
import type { Peer } from "../peer/peer.ts";
import { Guarded } from "../ring/layout.ts";
import type { Region } from "../srtp/cipher.ts";
import type { SendStream } from "../srtp/sender.ts";
import { NTP_EPOCH_US } from "../wire/ntp.ts";
import { HEADER_BYTES_MAX, HeaderWriter } from "./header-writer.ts";
import { LagMeter } from "./lag-meter.ts";
import { Outgoing, PADDING_MAX, RTX_PREFIX_BYTES } from "./outgoing.ts";
import { Queues } from "./queues.ts";

/** RTP padding, RTX's original number and the SRTP tag. */
const TRAILER_BYTES_MAX = 32;
/** Parameter sets, or nothing: what a packet carries that no slot holds, as an RTX packet too. */
const APART_BYTES = RTX_PREFIX_BYTES + Guarded.parameterSets.bytes + PADDING_MAX;

export interface EgressEnvironment {
  /** A new wish stands in a ring: wakes its writer. */
  readonly wish: (ring: RingGrant) => void;
  /** Memory that the ciphers can address. */
  readonly allocate: (bytes: number) => Region;
  /** Wall clock minus monotonic clock, us, at start: our NTP time never steps. */
  readonly wallOffsetUs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The worker's counters (src/contract/counters.ts). */
  readonly counters: Float64Array;
}

/** What all viewers of one worker share: scratch memory, headers, clock. */
export class EgressContext {
  /** One packet at a time: catch-up and repairs. */
  readonly scratch: Staging;
  /** The payload of one packet that no slot holds, and behind it as much padding as there can be. */
  readonly apart: Region;
  readonly packet: Outgoing;
  readonly counters: Float64Array;
  readonly random: () => number;
  /** An octet of padding, for numbers that must not stay empty. All viewers' at once: never written. */
  readonly filler: Region;
  /** Who has something to do without any news of a ring. */
  readonly queues = new Queues();
  readonly lag: LagMeter;
  private readonly headers = new HeaderWriter();
  private readonly wallOffsetUs: number;

  constructor(environment: EgressEnvironment) {
    this.scratch = new Staging(environment.allocate(Staging.bytes(1)), 1);
    this.apart = environment.allocate(APART_BYTES);
    this.packet = new Outgoing(this.scratch.region);
    this.filler = environment.allocate(RTX_PREFIX_BYTES + 1);
    this.filler.bytes[RTX_PREFIX_BYTES] = 1;
    this.counters = environment.counters;
    this.lag = new LagMeter(environment.counters);
    this.random = environment.random;
    this.wallOffsetUs = environment.wallOffsetUs;
  }

  /** us since 1900 on our wall clock. */
  ntpUs(now: number): number {
    return now + this.wallOffsetUs + NTP_EPOCH_US;
  }

  /** Room for a packet with so much payload to this peer; -1 when its transport has none. */
  reserve(peer: Peer, payloadLength: number): number {
    const bytes = HEADER_BYTES_MAX + payloadLength + TRAILER_BYTES_MAX;
    return peer.path!.via.reserve(bytes);
  }

  /** Writes the header of `packet` at `out[at]` and returns its length. */
  writeHeader(out: Uint8Array, at: number, section: MediaSection, ssrc: number): number {
    const length = this.headers.write(out, at, section, ssrc, this.packet);
    assert(length <= HEADER_BYTES_MAX, "a header fits into its room");
    return length;
  }

  /**
   * Sends `packet` from the place that `reserve` gave. `again`: its bytes are those that left under
   * this index before (nonce rule); otherwise the index is new. Returns its bytes above UDP.
   */
  send(peer: Peer, section: MediaSection, stream: SendStream, at: number, again: boolean): number {
    const packet = this.packet;
    const path = peer.path!;
    const sender = peer.sender!;
    const out = path.via.region;
    const headerLength = this.writeHeader(out.bytes, at, section, stream.ssrc);
    packet.assertOwn();
    const length = packet.payloadLength + packet.padding;
    const { region, payloadOffset, index } = packet;
    const sealed = sender.sealRtp(
      stream,
      out,
      at,
      headerLength,
      region,
      payloadOffset,
      length,
      index,
      again,
    );
    path.via.commit(path, sealed);
    return sealed;
  }
}
