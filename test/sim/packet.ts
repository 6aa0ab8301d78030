/** Sizes on the wire, and what a packet is to the far end. */

/** A datagram under way from the server to a viewer, as its receiver reads it. */
export interface SimPacket {
  readonly kind: "video" | "audio" | "rtx" | "report";
  /** On the wire, IP and UDP included. */
  readonly bytes: number;
  /** Transport-wide sequence number, 16 bits; -1 without one. */
  readonly transport: number;
  /** Of abs-send-time: 24 bits, 2^-18 s; -1 without. */
  readonly sendTime: number;
  /** Packet index of the stream; for RTX the low 16 bits of the original's. */
  readonly index: number;
  readonly timestamp: number;
  readonly marker: boolean;
  /** Null for what is only padding, and for all but video. */
  readonly picture: PictureMark | null;
  /** Middle 32 bits of a sender report's NTP time; 0 for all else. */
  readonly reports: readonly SentReport[];
}

export interface SentReport {
  readonly ssrc: number;
  readonly compactNtp: number;
}

/** What the publisher wrote into each packet of video, for the judge. */
export interface PictureMark {
  /** The first packet of a keyframe. */
  readonly keyframe: boolean;
  /** us. */
  readonly capturedAt: number;
}

/** Behind every payload descriptor. */
const MARK_OFFSET = 24;
/** The smallest payload that holds a mark. */
export const MARKED_BYTES_MIN = MARK_OFFSET + 9;

export function writeMark(data: DataView, payload: number, mark: PictureMark): void {
  data.setUint8(payload + MARK_OFFSET, mark.keyframe ? 1 : 0);
  data.setFloat64(payload + MARK_OFFSET + 1, mark.capturedAt);
}

export function readMark(data: DataView, payload: number): PictureMark {
  const keyframe = data.getUint8(payload + MARK_OFFSET) === 1;
  return { keyframe, capturedAt: data.getFloat64(payload + MARK_OFFSET + 1) };
}

export const PICTURES_PER_SECOND = 30;
export const IP_UDP_BYTES = 28;
/** RTP header with the transport-wide number, SRTP tag, IP and UDP. */
const OVERHEAD_BYTES = IP_UDP_BYTES + 12 + 8 + 16;
export const PAYLOAD_BYTES = 1100;
/** Opus at 32 kb/s, 20 ms. */
export const AUDIO_PAYLOAD_BYTES = 80;
export const AUDIO_INTERVAL_US = 20_000;

/** Bits a second on the wire of so much video, with the audio. */
export function wireRate(bitrate: number, picturesPerSecond = PICTURES_PER_SECOND): number {
  const video = bitrate * (1 + OVERHEAD_BYTES / PAYLOAD_BYTES);
  // Pictures do not fill their last packet: half a header a picture more.
  return video + picturesPerSecond * 0.5 * OVERHEAD_BYTES * 8 + audioRate();
}

function audioRate(): number {
  return ((AUDIO_PAYLOAD_BYTES + OVERHEAD_BYTES) * 8e6) / AUDIO_INTERVAL_US;
}
