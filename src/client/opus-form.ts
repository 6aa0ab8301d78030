/** Opus: what the container's header says of it, and packets that are small enough to be sent. */

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
  const frames = splitFrames(packet);
  if (frames === null) return "its frames do not fit their lengths";
  if (frames.some((frame) => frame.length + 1 > bytesMax)) {
    return `it has ${packet.length} bytes, a datagram has room for ${bytesMax}`;
  }
  // 3.1: code 0 is one frame.
  const toc = packet[0]! & 0xfc;
  const frameUs = frameDurationUs(toc >> 3);
  return frames.map((frame, index) => {
    const data = new Uint8Array(1 + frame.length);
    data[0] = toc;
    data.set(frame, 1);
    return { data, offsetUs: index * frameUs };
  });
}

/** 3.1, table 2. */
function frameDurationUs(configuration: number): number {
  if (configuration < 12) return [10_000, 20_000, 40_000, 60_000][configuration & 3]!;
  if (configuration < 16) return [10_000, 20_000][configuration & 1]!;
  return [2_500, 5_000, 10_000, 20_000][configuration & 3]!;
}

/** The compressed frames of a packet, as views; null when their lengths do not fit. */
function splitFrames(packet: Uint8Array): Uint8Array[] | null {
  const code = packet[0]! & 3;
  if (code === 0) return [packet.subarray(1)];
  if (code === 1) return cut(packet, 1, packet.length, 2, []);
  if (code === 2) {
    const first = readLength(packet, 1);
    return first === null ? null : cut(packet, first.end, packet.length, 2, [first.length]);
  }
  return splitMany(packet);
}

/** 3.2.5: | v p count (6) | [padding lengths] [lengths of all but the last] frames [padding]. */
function splitMany(packet: Uint8Array): Uint8Array[] | null {
  const head = packet[1] ?? 0;
  const count = head & 0x3f;
  let position = 2;
  let padding = 0;
  if ((head & 0x40) !== 0) {
    let byte = 255;
    while (byte === 255) {
      if (position >= packet.length) return null;
      byte = packet[position]!;
      position += 1;
      padding += Math.min(byte, 254);
    }
  }
  const lengths: number[] = [];
  for (let i = 1; (head & 0x80) !== 0 && i < count; i += 1) {
    const next = readLength(packet, position);
    if (next === null) return null;
    lengths.push(next.length);
    position = next.end;
  }
  return cut(packet, position, packet.length - padding, count, lengths);
}

/** Cuts `count` frames: of the given lengths and the rest, or all of one length without any. */
function cut(
  packet: Uint8Array,
  start: number,
  end: number,
  count: number,
  lengths: readonly number[],
): Uint8Array[] | null {
  if (count === 0 || end < start) return null;
  const even = lengths.length === 0;
  if (even && (end - start) % count !== 0) return null;
  const frames: Uint8Array[] = [];
  let position = start;
  for (let i = 0; i < count; i += 1) {
    const length = even ? (end - start) / count : (lengths[i] ?? end - position);
    if (length < 0 || position + length > end) return null;
    frames.push(packet.subarray(position, position + length));
    position += length;
  }
  return frames;
}

/** 3.2.1: up to 251 in one byte, else two. */
function readLength(
  packet: Uint8Array,
  offset: number,
): { readonly length: number; readonly end: number } | null {
  if (offset + 1 >= packet.length) return null;
  const first = packet[offset]!;
  if (first < 252) return { length: first, end: offset + 1 };
  return { length: first + 4 * packet[offset + 1]!, end: offset + 2 };
}
