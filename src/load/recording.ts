/** A viewer's picture in a file: H.264 as Annex B, VP8 as IVF. */
import { closeSync, openSync, writeSync } from "node:fs";
import { Codec, type CodecId } from "../wire/codecs.ts";
import { FrameWriter } from "./frame-writer.ts";

/** Frames are written together: the load's thread has viewers to serve. */
const CHUNK_BYTES = 65_536;
const CLOCK_RATE = 90_000;
const IVF_HEADER_BYTES = 32;
const IVF_FRAME_BYTES = 12;

export interface Recorded {
  readonly file: string;
  /** Whole frames in it. */
  readonly frames: number;
}

export class Recording {
  readonly writer: FrameWriter;
  readonly #file: string;
  readonly #fd: number;
  readonly #ivf: boolean;
  #chunk: Uint8Array[] = [];
  #bytes = 0;
  #frames = 0;
  #firstTimestamp = 0;

  /** `path` without its ending. Throws when it cannot be written. */
  constructor(path: string, codec: CodecId) {
    this.#ivf = codec === Codec.vp8;
    this.#file = `${path}.${this.#ivf ? "ivf" : "h264"}`;
    this.#fd = openSync(this.#file, "w");
    this.writer = new FrameWriter(codec, (frame, timestamp) => this.#add(frame, timestamp));
  }

  /** Writes the rest. */
  close(): Recorded {
    this.#flush();
    closeSync(this.#fd);
    return { file: this.#file, frames: this.#frames };
  }

  #add(frame: Uint8Array, timestamp: number): void {
    if (this.#frames === 0) {
      this.#firstTimestamp = timestamp;
      if (this.#ivf) this.#put(ivfHeader(frame));
    }
    this.#frames += 1;
    if (this.#ivf) this.#put(ivfFrame(frame, (timestamp - this.#firstTimestamp) >>> 0));
    this.#put(frame);
    if (this.#bytes >= CHUNK_BYTES) this.#flush();
  }

  #put(bytes: Uint8Array): void {
    this.#chunk.push(bytes);
    this.#bytes += bytes.length;
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#chunk);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#chunk = [];
    this.#bytes = 0;
  }
}

/** `DKIF`, version 0, own length, codec, width, height, time base, frames (0: not told). */
function ivfHeader(keyframe: Uint8Array): Uint8Array {
  const header = new Uint8Array(IVF_HEADER_BYTES);
  const view = new DataView(header.buffer);
  const frame = new DataView(keyframe.buffer, keyframe.byteOffset, keyframe.byteLength);
  header.set(Buffer.from("DKIF"), 0);
  view.setUint16(6, IVF_HEADER_BYTES, true);
  header.set(Buffer.from("VP80"), 8);
  // RFC 6386 9.1: width and height stand behind the frame tag and the start code.
  const sized = keyframe.length >= 10;
  view.setUint16(12, sized ? frame.getUint16(6, true) & 0x3fff : 0, true);
  view.setUint16(14, sized ? frame.getUint16(8, true) & 0x3fff : 0, true);
  view.setUint32(16, CLOCK_RATE, true);
  view.setUint32(20, 1, true);
  return header;
}

/** Length and time of the frame that follows. */
function ivfFrame(frame: Uint8Array, time: number): Uint8Array {
  const header = new Uint8Array(IVF_FRAME_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, frame.length, true);
  view.setUint32(4, time, true);
  return header;
}
