import { assert } from "../assert.ts";
import { Codec, type CodecId } from "./codecs.ts";
import { packetizeAv1 } from "./packetize/av1.ts";
import type { EmitPayload } from "./packetize/emit.ts";
import { packetizeH264 } from "./packetize/h264.ts";
import { packetizeH265 } from "./packetize/h265.ts";
import { packetizeVp8 } from "./packetize/vp8.ts";
import { packetizeVp9 } from "./packetize/vp9.ts";

/** Smallest packet that has room for every descriptor. */
const PACKET_BYTES_MIN = 64;

/** Frames of one encoded track into RTP payloads; keeps the picture id of VP8 and VP9. */
export class Packetizer {
  readonly #codec: CodecId;
  readonly #packetBytesMax: number;
  readonly #payload: Uint8Array;
  #pictureId: number;

  /** `packetBytesMax` bounds the payload, at least 64; `pictureId` is where VP8 and VP9 begin. */
  constructor(codec: CodecId, packetBytesMax: number, pictureId: number) {
    assert(packetBytesMax >= PACKET_BYTES_MIN, "a packet has room for its descriptor");
    this.#codec = codec;
    this.#packetBytesMax = packetBytesMax;
    this.#payload = new Uint8Array(packetBytesMax);
    this.#pictureId = pictureId & 0x7fff;
  }

  /**
   * Emits the payloads of one frame: an H.264 or H.265 access unit (4-byte lengths), a VP8 or VP9 frame, an
   * AV1 temporal unit (low-overhead format) or an Opus packet. False, with nothing emitted, when the
   * frame breaks its format or is too large for one packet (Opus).
   */
  packetize(frame: Uint8Array, emit: EmitPayload): boolean {
    if (frame.length === 0) return false;
    const payload = this.#payload;
    switch (this.#codec) {
      case Codec.opus:
        if (frame.length > this.#packetBytesMax) return false;
        payload.set(frame);
        emit(payload, frame.length, true);
        return true;
      case Codec.h264:
        return packetizeH264(frame, payload, emit);
      case Codec.h265:
        return packetizeH265(frame, payload, emit);
      case Codec.vp8:
        return packetizeVp8(frame, this.#nextPictureId(), payload, emit);
      case Codec.vp9:
        return packetizeVp9(frame, this.#nextPictureId(), payload, emit);
      case Codec.av1:
        return packetizeAv1(frame, payload, emit);
      default:
        return false;
    }
  }

  #nextPictureId(): number {
    const id = this.#pictureId;
    this.#pictureId = (id + 1) & 0x7fff;
    return id;
  }
}
