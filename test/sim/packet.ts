/** A packet under way in the simulation. */
export interface SimPacket {
  readonly kind: "video" | "audio" | "rtx" | "probe";
  /** Transport-wide sequence number, 16 bits. */
  readonly transport: number;
  /** Of the video or audio stream, not wrapped; that of the original for RTX; -1 for probes. */
  readonly sequence: number;
  readonly bytes: number;
  readonly frame: FrameInfo | null;
}

/** What a depacketizer knows of a frame once it has all of it. */
export interface FrameInfo {
  /** Counts frames sent to this viewer. */
  readonly id: number;
  readonly key: boolean;
  readonly packets: number;
  readonly layer: number;
  /** Capture time, us. */
  readonly at: number;
}

/** IP, UDP, SRTP and RTP headers with extensions. */
export const OVERHEAD_BYTES = 28 + 12 + 16 + 8;
export const PAYLOAD_BYTES = 1100;
/** Opus at 32 kb/s, 20 ms. */
export const AUDIO_BYTES = 80 + OVERHEAD_BYTES;
export const AUDIO_INTERVAL_US = 20_000;

/** Bits a second on the wire of a layer with audio. */
export function wireRate(layerBitrate: number): number {
  const video = layerBitrate * (1 + OVERHEAD_BYTES / PAYLOAD_BYTES);
  // Frames do not fill their last packet: half a header a frame more.
  return video + 30 * 0.5 * OVERHEAD_BYTES * 8 + audioRate();
}

export function audioRate(): number {
  return (AUDIO_BYTES * 8e6) / AUDIO_INTERVAL_US;
}
