import type { Feed } from "../feed/feed.ts";
import type { EgressContext } from "./context.ts";
import { RTX_PREFIX_BYTES } from "./outgoing.ts";
import { SentMark } from "./sent-history.ts";
import type { Track } from "./track.ts";

/**
 * The cached SPS, PPS and VPS as a packet of its own, in front of an IDR that comes without
 * (design 4). No ring holds it under the viewer's number, so the last one is kept for its repair.
 */
export class ParameterSetPacket {
  private index = -1;
  private timestamp = 0;
  private payload: Uint8Array = new Uint8Array(0);

  constructor(private readonly context: EgressContext) {}

  /** Sends what the ring has, if it has any; false when the output is full. */
  send(track: Track, feed: Feed, timestamp: number, arrival: number, now: number): boolean {
    const payload = feed.reader.parameterSets();
    if (payload === null) return true;
    const at = this.context.reserve(track.link.peer, payload.length);
    if (at < 0) return false;
    this.payload = payload;
    this.timestamp = timestamp;
    this.index = track.segments.takeIndex();
    const { packet } = this.context;
    this.load();
    packet.index = this.index;
    packet.payloadType = track.format.payloadType;
    packet.transportSequence = track.link.takeTransportSequence();
    track.output.sendNew(at, 0, arrival, now, SentMark.apart);
    return true;
  }

  /** Whether `index` is the packet last sent. */
  holds(index: number): boolean {
    return index === this.index;
  }

  /** Payload and timestamp into the context's packet; two bytes stay free in front, for RTX. */
  load(): void {
    const { packet, apart } = this.context;
    apart.bytes.set(this.payload, RTX_PREFIX_BYTES);
    packet.takePayload(apart, this.payload.length);
    packet.timestamp = this.timestamp;
  }
}
