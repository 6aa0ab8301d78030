/** OBUs of AV1 payloads, joined to a temporal unit as MP4 has it: each with its size (AV1 in ISOBMFF 2.4). */
import { ObuType } from "../../wire/av1.ts";
import { Leb128, leb128Length, writeLeb128 } from "../../wire/leb128.ts";
import { FrameBuffer } from "./frame-buffer.ts";

/** The aggregation header (AV1 RTP 4.4): the first element goes on, the last will, how many there are. */
const CONTINUES = 0x80;
const WILL_CONTINUE = 0x40;
const COUNT_SHIFT = 4;
/** An OBU's header (AV1 5.3.2). */
const FORBIDDEN = 0x80;
const EXTENSION = 0x04;
const HAS_SIZE = 0x02;
/** As many bytes as a size in front may need. */
const ROOM = new Uint8Array(8);

/** Scratch of the one thread that runs this module: valid within one call only. */
const size = new Leb128();

/** An OBU that is whole; its bytes are valid within the call. */
export interface JoinedObu {
  readonly type: number;
  readonly spatialId: number;
  /** With its header and size. */
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

export class ObuJoiner {
  /** The temporal unit so far. */
  readonly frame = new FrameBuffer();
  /** The last element goes on in the next packet. */
  open = false;
  /** Where that element begins in the frame. */
  #start = 0;

  /** `judge` gets every OBU that belongs into a sample; false when it makes the unit one to be dropped. */
  constructor(private readonly judge: (obu: JoinedObu) => boolean) {}

  /** Begins another temporal unit. */
  clear(): void {
    this.frame.cut(0);
    this.open = false;
  }

  /** Takes one payload; false when it is malformed or refused, or the unit gets too long. */
  push(payload: Uint8Array): boolean {
    const header = payload[0] ?? 0;
    const count = (header >> COUNT_SHIFT) & 3;
    if (payload.length < 2 || ((header & CONTINUES) !== 0) !== this.open) return false;
    let position = 1;
    let index = 0;
    while (position < payload.length) {
      index += 1;
      let end = payload.length;
      if (index !== count) {
        position = size.read(payload, position, payload.length);
        if (position === -1) return false;
        end = position + size.value;
        if (end > payload.length) return false;
      }
      const goesOn = end === payload.length && (header & WILL_CONTINUE) !== 0;
      if (!this.#element(payload, position, end - position, goesOn)) return false;
      position = end;
    }
    return count === 0 || index === count;
  }

  /** An OBU, or a part of one. */
  #element(payload: Uint8Array, offset: number, length: number, goesOn: boolean): boolean {
    if (!this.open) this.#start = this.frame.length;
    this.open = goesOn;
    return this.frame.append(payload, offset, length) && (goesOn || this.#finish());
  }

  /** Gives the newest OBU its size, whether it came with one or not. */
  #finish(): boolean {
    const raw = this.frame.view(this.#start);
    // An element without a byte is none.
    if (raw.length === 0) return true;
    const first = raw[0]!;
    const headerBytes = (first & EXTENSION) === 0 ? 1 : 2;
    if ((first & FORBIDDEN) !== 0 || raw.length < headerBytes) return false;
    let from = headerBytes;
    let length = raw.length - headerBytes;
    if ((first & HAS_SIZE) !== 0) {
      from = size.read(raw, headerBytes, raw.length);
      if (from === -1 || from + size.value > raw.length) return false;
      length = size.value;
    }
    const type = (first >> 3) & 15;
    const spatialId = headerBytes === 1 ? 0 : (raw[1]! >> 3) & 3;
    if (!isKept(type)) {
      this.frame.cut(this.#start);
      return true;
    }
    if (!this.#putSize(headerBytes, from, length)) return false;
    const bytes = this.frame.view(this.#start);
    return this.judge({ type, spatialId, bytes, payload: bytes.subarray(bytes.length - length) });
  }

  /** The payload of `length` bytes that stands at `from` moves behind its size. */
  #putSize(headerBytes: number, from: number, length: number): boolean {
    const to = headerBytes + leb128Length(length);
    const raw = this.frame.view(this.#start);
    const missing = to + length - raw.length;
    if (missing > 0 && !this.frame.append(ROOM, 0, missing)) return false;
    const bytes = this.frame.view(this.#start);
    bytes.copyWithin(to, from, from + length);
    bytes[0]! |= HAS_SIZE;
    writeLeb128(bytes, headerBytes, length);
    this.frame.cut(this.#start + to + length);
    return true;
  }
}

/** AV1 in ISOBMFF 2.4: samples have no delimiters, padding and tile lists. */
function isKept(type: number): boolean {
  return (
    type !== ObuType.temporalDelimiter && type !== ObuType.padding && type !== ObuType.tileList
  );
}
