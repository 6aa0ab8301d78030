import type { MediaSection } from "../contract/session.ts";
import { formatFor } from "../sdp/viewer-match.ts";
import { CODEC_NAMES, Codec, type CodecName } from "../wire/codecs.ts";
import { RedPacket } from "../wire/red.ts";
import type { Outgoing } from "./outgoing.ts";

/** Scratch of the one thread that runs this module. */
const red = new RedPacket();

/** Not a payload type: the viewer has none. */
export const NO_PAYLOAD_TYPE = 255;

/** What a viewer calls the codec that one of its tracks carries now. */
export class TrackFormat {
  /** As slots say; Codec.none before the first packet. */
  codecId: number = Codec.none;
  codec: CodecName | null = null;
  payloadType = NO_PAYLOAD_TYPE;
  /** Of redundant audio (RFC 2198). */
  redPayloadType = NO_PAYLOAD_TYPE;
  clockRate: number;

  constructor(private readonly section: MediaSection) {
    this.clockRate = section.formats[0]!.clockRate;
  }

  /** Takes the viewer's format for a codec and the publisher's a=fmtp; false when it has none. */
  select(codecId: number, fmtp: string): boolean {
    const codec = CODEC_NAMES[codecId] as CodecName;
    const format = formatFor(this.section.formats, { codec, fmtp });
    this.codecId = codecId;
    this.codec = codec;
    this.payloadType = format?.payloadType ?? NO_PAYLOAD_TYPE;
    this.redPayloadType = format?.redPayloadType ?? NO_PAYLOAD_TYPE;
    if (format !== null) this.clockRate = format.clockRate;
    return format !== null;
  }

  /** No codec was begun with after all: the next packet chooses. */
  forget(): void {
    this.codecId = Codec.none;
  }

  /**
   * Redundant audio for this viewer: under its own payload types, or, where it has none, the present
   * frame alone. Changes the packet's payload in place, which the next viewer's call undoes. The
   * payload type that it leaves with.
   */
  wrapAudio(packet: Outgoing): number {
    const { bytes } = packet.region;
    // Ingest has read it already.
    if (!red.read(bytes, packet.payloadOffset, packet.payloadLength)) return this.payloadType;
    if (this.redPayloadType !== NO_PAYLOAD_TYPE) {
      red.relabel(bytes, packet.payloadOffset, this.payloadType);
      return this.redPayloadType;
    }
    packet.payloadOffset = red.offset;
    packet.payloadLength = red.length;
    return this.payloadType;
  }

  /** RTX payload type that wraps `payloadType`; NO_PAYLOAD_TYPE without. */
  rtxOf(payloadType: number): number {
    for (const format of this.section.formats) {
      if (format.payloadType === payloadType) return format.rtxPayloadType ?? NO_PAYLOAD_TYPE;
    }
    return NO_PAYLOAD_TYPE;
  }
}
