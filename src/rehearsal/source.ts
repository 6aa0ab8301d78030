/** What a rehearsed publisher sends: 30 frames a second of H.264 at 1.6 Mb/s, and Opus. */

export interface RehearsedPacket {
  readonly kind: "audio" | "video";
  readonly timestamp: number;
  /** Of its payload. */
  readonly bytes: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly keyframe: boolean;
}

export const FRAME_US = 33_333;
const FRAMES_TO_KEYFRAME = 60;
const KEYFRAME_PACKETS = 24;
const FRAME_PACKETS = 6;
const PACKET_BYTES = 1100;
/** Of the last packet of a frame. */
const REST_BYTES = 700;
const AUDIO_BYTES = 80;
/** Of Opus beside a frame in turn: 50 a second. */
const AUDIO_PACKETS = [2, 2, 1] as const;
/** Before the top of 32 bits, as a random one may be: soon it is a small number. */
const FIRST_TIMESTAMP = 0xffff_0000;
const VIDEO_STEP = 3000;
const AUDIO_STEP = 960;

export class RehearsedSource {
  #frame = 0;
  #audio = 0;

  /** The packets of the next frame, and of the sound beside it. */
  next(): readonly RehearsedPacket[] {
    const packets = [...this.#video(), ...this.#sound()];
    this.#frame += 1;
    return packets;
  }

  #video(): RehearsedPacket[] {
    const keyframe = this.#frame % FRAMES_TO_KEYFRAME === 0;
    const count = keyframe ? KEYFRAME_PACKETS : FRAME_PACKETS;
    const timestamp = (FIRST_TIMESTAMP + this.#frame * VIDEO_STEP) >>> 0;
    return Array.from({ length: count }, (_, i) => {
      const last = i === count - 1;
      const bytes = last ? REST_BYTES : PACKET_BYTES;
      return { kind: "video", timestamp, bytes, first: i === 0, last, keyframe };
    });
  }

  #sound(): RehearsedPacket[] {
    const count = AUDIO_PACKETS[this.#frame % AUDIO_PACKETS.length]!;
    return Array.from({ length: count }, () => {
      const timestamp = (FIRST_TIMESTAMP + this.#audio * AUDIO_STEP) >>> 0;
      this.#audio += 1;
      const bytes = AUDIO_BYTES;
      return { kind: "audio", timestamp, bytes, first: true, last: true, keyframe: false };
    });
  }
}
