/** A viewer's packets as the elementary stream that went into them. No files. */
import { Codec, type CodecId } from "../wire/codecs.ts";
import { H264_LAYOUT, H264Nal } from "../wire/h264.ts";
import { NalUnits, nalType } from "../wire/nal-units.ts";
import { PayloadDescription } from "../wire/payload-description.ts";
import { vp8DataOffset } from "../wire/vp8.ts";

/** A hole this many packets behind the newest is not waited for any more; as in FrameCheck. */
const PATIENCE = 512;
const START_CODE = Uint8Array.of(0, 0, 0, 1);

const units = new NalUnits();
const description = new PayloadDescription();

interface Packet {
  readonly timestamp: number;
  readonly marker: boolean;
  /** A copy; null for a number that carries no media. */
  readonly payload: Uint8Array | null;
}

export function canWrite(codec: CodecId): boolean {
  return codec === Codec.h264 || codec === Codec.vp8;
}

/**
 * Puts packets in order, begins at a keyframe, and hands over whole frames: H.264 as Annex B access
 * units, VP8 as bare frames. A frame that misses a packet is left out.
 */
export class FrameWriter {
  #started = false;
  #next = 0;
  #head = 0;
  readonly #waiting = new Map<number, Packet>();
  #parts: Uint8Array[] = [];
  #timestamp = -1;
  #whole = true;
  #holed = false;

  /** `timestamp` of the frame is RTP's, 90 kHz. */
  constructor(
    private readonly codec: CodecId,
    private readonly write: (frame: Uint8Array, timestamp: number) => void,
  ) {}

  /** One opened packet; `sequence` is unwrapped, the payload is copied. */
  insert(
    sequence: number,
    timestamp: number,
    marker: boolean,
    keyframe: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    if (!this.#started) {
      if (!keyframe) return;
      this.#started = true;
      this.#next = sequence;
      this.#head = sequence;
    }
    this.#put(sequence, { timestamp, marker, payload: bytes.slice(offset, offset + length) });
  }

  /** A number without media (padding). */
  skip(sequence: number): void {
    if (this.#started) this.#put(sequence, { timestamp: 0, marker: false, payload: null });
  }

  #put(sequence: number, packet: Packet): void {
    if (sequence < this.#next) return;
    this.#waiting.set(sequence, packet);
    if (sequence > this.#head) this.#head = sequence;
    for (; this.#next <= this.#head; this.#next += 1) {
      const next = this.#waiting.get(this.#next);
      if (next !== undefined) {
        this.#waiting.delete(this.#next);
        if (next.payload !== null) this.#take(next, next.payload);
      } else if (this.#head - this.#next > PATIENCE) {
        this.#holed = true;
        this.#whole = false;
      } else {
        return;
      }
    }
  }

  #take({ timestamp, marker }: Packet, payload: Uint8Array): void {
    if (timestamp !== this.#timestamp) {
      this.#parts = [];
      this.#timestamp = timestamp;
      // What is missing may have been the beginning of this frame.
      this.#whole = !this.#holed;
    }
    this.#holed = false;
    if (!this.#append(payload)) this.#whole = false;
    if (!marker) return;
    if (this.#whole && this.#parts.length > 0) this.write(Buffer.concat(this.#parts), timestamp);
    this.#timestamp = -1;
  }

  /** False when the payload breaks its format. */
  #append(payload: Uint8Array): boolean {
    if (this.codec === Codec.h264) return this.#appendH264(payload);
    description.reset();
    const data = vp8DataOffset(payload, 0, payload.length, description);
    if (data < 0) return false;
    this.#parts.push(payload.subarray(data));
    return true;
  }

  #appendH264(payload: Uint8Array): boolean {
    // RFC 6184 5.8: parts of a unit after the first follow their two header bytes.
    const fragment = nalType(H264_LAYOUT, payload[0]!) === H264Nal.fuA && payload.length > 2;
    if (fragment && (payload[1]! & 0x80) === 0) {
      this.#parts.push(payload.subarray(2));
      return true;
    }
    units.reset(H264_LAYOUT, payload, 0, payload.length);
    while (units.next(H264_LAYOUT)) {
      const { offset, length, header } = units;
      this.#parts.push(START_CODE, Uint8Array.of(header));
      this.#parts.push(payload.subarray(offset + 1, offset + length));
    }
    return !units.malformed;
  }
}
