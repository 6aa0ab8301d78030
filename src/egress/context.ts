import type { MediaSection } from "../commands.ts";
import { Counter } from "../counters.ts";
import { CATCH_UP_VIEWERS_MAX } from "../limits.ts";
import type { Peer } from "../peer/peer.ts";
import { RingText } from "../ring/layout.ts";
import type { Region } from "../srtp/cipher.ts";
import type { SendStream } from "../srtp/sender.ts";
import { HEADER_BYTES_MAX, HeaderWriter } from "./header-writer.ts";
import { Outgoing } from "./outgoing.ts";
import type { Output } from "./output.ts";
import { Staging } from "./staging.ts";
import type { Viewer } from "./viewer.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/** us between 1900 (NTP, RFC 5905) and 1970. */
const NTP_EPOCH_US = 2_208_988_800e6;
/** RTP padding, RTX's original number and the SRTP tag. */
const TRAILER_BYTES_MAX = 32;
/** An RTX payload begins with the original sequence number (RFC 4588 4). */
export const RTX_PREFIX_BYTES = 2;

const LAG_WINDOW_US = 500_000;

export interface EgressEnvironment {
  readonly output: Output;
  /** Memory that the ciphers can address. */
  readonly allocate: (bytes: number) => Region;
  /** Wall clock minus monotonic clock, us, at start: our NTP time never steps. */
  readonly wallOffsetUs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The worker's counters (src/counters.ts). */
  readonly counters: Float64Array;
}

/** What all viewers of one worker share: scratch memory, output, clock. */
export class EgressContext {
  readonly output: Output;
  /** One packet at a time: catch-up and repairs. */
  readonly scratch: Staging;
  /** Room for one payload of parameter sets, as an RTX packet too. */
  readonly parameterSets: Region;
  readonly packet: Outgoing;
  readonly counters: Float64Array;
  readonly random: () => number;
  /** Tracks that send from the cached keyframe toward the live edge. */
  readonly catchingUp: ViewerTrack[] = [];
  /** Viewers that need a sender report before their round. */
  readonly reportsDue: Viewer[] = [];
  /** Longest that media has waited in its ring for this worker, us, since it was last told. */
  private lagUs = 0;
  private lagToldAt = 0;
  private readonly headers = new HeaderWriter();
  private readonly wallOffsetUs: number;

  constructor(environment: EgressEnvironment) {
    this.output = environment.output;
    this.scratch = new Staging(environment.allocate(Staging.bytes(1)), 1);
    this.parameterSets = environment.allocate(RTX_PREFIX_BYTES + RingText.parameterSetsBytesMax);
    this.packet = new Outgoing(this.scratch.region);
    this.counters = environment.counters;
    this.random = environment.random;
    this.wallOffsetUs = environment.wallOffsetUs;
  }

  /** us since 1900 on our wall clock. */
  ntpUs(now: number): number {
    return now + this.wallOffsetUs + NTP_EPOCH_US;
  }

  /** False while so many catch up that one more would hold back everyone's media. */
  get mayCatchUp(): boolean {
    return this.catchingUp.length < CATCH_UP_VIEWERS_MAX;
  }

  startCatchUp(track: ViewerTrack): void {
    if (!this.catchingUp.includes(track)) this.catchingUp.push(track);
  }

  /** Media that came at `arrival` is about to be served. */
  noteLag(now: number, arrival: number): void {
    if (now - arrival > this.lagUs) this.lagUs = now - arrival;
  }

  /** Shows the longest lag of the last half second to control, by which it knows an overload. */
  tellLag(now: number): void {
    if (now - this.lagToldAt < LAG_WINDOW_US) return;
    this.lagToldAt = now;
    this.counters[Counter.lagMaxUs!] = this.lagUs;
    this.lagUs = 0;
  }

  sendReportsDue(now: number): void {
    for (const viewer of this.reportsDue) viewer.sendReports(now);
    this.reportsDue.length = 0;
  }

  count(counter: number, amount = 1): void {
    this.counters[counter] = this.counters[counter]! + amount;
  }

  /** Room for a packet with so much payload to this peer; -1 when the output is full. */
  reserve(peer: Peer, payloadLength: number): number {
    const bytes = HEADER_BYTES_MAX + payloadLength + TRAILER_BYTES_MAX;
    return this.output.reserve(peer.path!.socket, bytes);
  }

  /**
   * Sends `packet` from the place that `reserve` gave. `again`: its bytes are those that left under
   * this index before (nonce rule); otherwise the index is new.
   */
  send(peer: Peer, section: MediaSection, stream: SendStream, at: number, again: boolean): void {
    const packet = this.packet;
    const path = peer.path!;
    const sender = peer.sender!;
    const out = this.output.region(path.socket);
    const headerLength = this.headers.write(out.bytes, at, section, stream.ssrc, packet);
    const length = packet.payloadLength + packet.padding;
    const { region, payloadOffset, index } = packet;
    const sealed = again
      ? sender.resealRtp(stream, out, at, headerLength, region, payloadOffset, length, index)
      : sender.sealRtp(stream, out, at, headerLength, region, payloadOffset, length, index);
    this.output.commit(path, sealed);
  }
}
