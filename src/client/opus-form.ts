/** Opus: what the container's header says of it, and packets that are small enough to be sent. */
import { opusFrameUs, splitOpus } from "../wire/opus.ts";

/** One packet of a file as one or more RTP payloads. */
export interface OpusPart {
  readonly data: Uint8Array;
  /** Behind the first, in us. */
  readonly offsetUs: number;
}

/**
 * Why the stream cannot be sent as it is: null when it can. `header` is the content of dOps (Opus in
 * ISOBMFF 4.3.2, big-endian) or an OpusHead (RFC 7845 5.1, little-endian) as Matroska has it.
 */
export function opusFault(header: Uint8Array): string | null {
  const head = new TextDecoder().decode(header.subarray(0, 8)) === "OpusHead";
  const fields = head ? header.subarray(8) : header;
  if (fields.length < 11) return "has a header that cannot be read";
  const channels = fields[1]!;
  const gain = new DataView(fields.buffer, fields.byteOffset).getInt16(8, head);
  const family = fields[10]!;
  const fault = channelsFault(channels);
  if (fault !== null) return fault;
  // RFC 7845 5.1.1: with another family a packet may hold several streams; one is the same as none.
  if (family !== 0 && fields[11] !== 1) return `has channels of mapping family ${family}`;
  return Math.abs(gain) > GAIN_MAX ? `asks for a gain of ${(gain / 256).toFixed(1)} dB` : null;
}

export function channelsFault(channels: number): string | null {
  return channels >= 1 && channels <= 2
    ? null
    : `has ${channels} channels, WebRTC's Opus one or two`;
}

/** 1 dB in Q7.8: less is not heard. */
const GAIN_MAX = 256;

/**
 * The packet as it is when it has at most `bytesMax` bytes, else its frames (RFC 6716 3.2) as packets
 * of their own, since RTP has no fragments of Opus (RFC 7587 4.2). A text says why neither goes.
 */
export function opusParts(packet: Uint8Array, bytesMax: number): readonly OpusPart[] | string {
  if (packet.length === 0) return "it is empty";
  if (packet.length <= bytesMax) return [{ data: packet, offsetUs: 0 }];
  const frames = splitOpus(packet);
  if (frames === null) return "its frames do not fit their lengths";
  if (frames.some((frame) => frame.length + 1 > bytesMax)) {
    return `it has ${packet.length} bytes, a datagram has room for ${bytesMax}`;
  }
  // 3.1: code 0 is one frame.
  const toc = packet[0]! & 0xfc;
  const frameUs = opusFrameUs(toc);
  return frames.map((frame, index) => {
    const data = new Uint8Array(1 + frame.length);
    data[0] = toc;
    data.set(frame, 1);
    return { data, offsetUs: index * frameUs };
  });
}
