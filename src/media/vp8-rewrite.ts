/**
 * Picture id, TL0PICIDX and KEYIDX of a viewer's VP8 stream (RFC 7741 4.2): without gaps where
 * pictures of upper temporal layers are dropped (receivers wait for a missing picture id), and going
 * on where another encoding takes over.
 */
import { readU16, writeU16 } from "../wire/bytes.ts";
import { DroppedNumbers } from "./dropped-numbers.ts";

const FLAG_X = 0x80;
const FLAG_I = 0x80;
const FLAG_L = 0x40;
const FLAG_K = 0x10;
const WIDE = 0x80;

export class Vp8Rewrite {
  readonly #pictures = new DroppedNumbers();
  /** Unwrapped picture id of the newest picture decided on. */
  #newest = 0;
  /** What leaves for the first picture of the stretch. */
  #firstPicture = 0;
  #tl0Offset = 0;
  #keyOffset = 0;
  /** Highest values that left. */
  #lastTl0 = 0;
  #lastKey = 0;

  /**
   * A stretch begins with a keyframe whose descriptor stands at `offset`: its values become the
   * successors of those that left last in the stretch before. The very first leaves as it is.
   */
  begin(bytes: Uint8Array, offset: number, before: Vp8Rewrite | null): void {
    fields.read(bytes, offset);
    if (before === null) {
      this.#firstPicture = fields.pictureId;
      this.#lastTl0 = fields.tl0PicIdx;
      this.#lastKey = fields.keyIdx;
    } else {
      this.#firstPicture = before.#firstPicture + before.#pictures.placeOf(before.#pictures.next);
      this.#tl0Offset = before.#lastTl0 + 1 - fields.tl0PicIdx;
      this.#keyOffset = before.#lastKey + 1 - fields.keyIdx;
      this.#lastTl0 = before.#lastTl0;
      this.#lastKey = before.#lastKey;
    }
    this.#newest = fields.pictureId;
    this.#pictures.reset(this.#newest);
  }

  /** Notes a picture at its first packet in the order of numbers; late packets note nothing. */
  note(pictureId: number, bits: number, forwarded: boolean): void {
    const picture = this.#unwrap(pictureId, bits);
    if (((picture - this.#newest) | 0) > 0) this.#newest = picture;
    if (!this.#pictures.undecided(picture)) return;
    if (forwarded) this.#pictures.keep(picture);
    else this.#pictures.drop(picture);
  }

  /**
   * Rewrites the descriptor at `bytes[offset]` in place; the same for a packet that is sent again.
   * False when the picture was dropped or is forgotten: the packet must not leave.
   */
  patch(bytes: Uint8Array, offset: number): boolean {
    fields.read(bytes, offset);
    if (fields.pictureIdAt > 0) {
      const picture = this.#unwrap(fields.pictureId, fields.pictureIdBits);
      const place = this.#pictures.placeOf(picture);
      if (place < 0 || this.#pictures.isDropped(picture)) return false;
      const out = this.#firstPicture + place;
      if (fields.pictureIdBits === 15) writeU16(bytes, fields.pictureIdAt, 0x8000 | (out & 0x7fff));
      else bytes[fields.pictureIdAt] = out & 0x7f;
    }
    if (fields.tl0At > 0) {
      const tl0 = (fields.tl0PicIdx + this.#tl0Offset) & 0xff;
      bytes[fields.tl0At] = tl0;
      if (((tl0 - this.#lastTl0) << 24) >> 24 > 0) this.#lastTl0 = tl0;
    }
    if (fields.keyAt > 0) {
      const key = (fields.keyIdx + this.#keyOffset) & 0x1f;
      bytes[fields.keyAt] = (bytes[fields.keyAt]! & 0xe0) | key;
      if (((key - this.#lastKey) << 27) >> 27 > 0) this.#lastKey = key;
    }
    return true;
  }

  #unwrap(pictureId: number, bits: number): number {
    const shift = 32 - bits;
    return (this.#newest + (((pictureId - this.#newest) << shift) >> shift)) | 0;
  }
}

/** Where the optional fields of a descriptor stand, absolute; 0 when absent. Reused. */
class Vp8Fields {
  pictureId = 0;
  pictureIdBits = 15;
  pictureIdAt = 0;
  tl0PicIdx = 0;
  tl0At = 0;
  keyIdx = 0;
  keyAt = 0;

  /** The payload was found to be sound when it was described. */
  read(bytes: Uint8Array, offset: number): void {
    this.pictureIdAt = 0;
    this.tl0At = 0;
    this.keyAt = 0;
    this.pictureId = 0;
    this.tl0PicIdx = 0;
    this.keyIdx = 0;
    if ((bytes[offset]! & FLAG_X) === 0) return;
    const flags = bytes[offset + 1]!;
    let at = offset + 2;
    if ((flags & FLAG_I) !== 0) {
      const wide = (bytes[at]! & WIDE) !== 0;
      this.pictureIdAt = at;
      this.pictureIdBits = wide ? 15 : 7;
      this.pictureId = wide ? readU16(bytes, at) & 0x7fff : bytes[at]!;
      at += wide ? 2 : 1;
    }
    if ((flags & FLAG_L) !== 0) {
      this.tl0At = at;
      this.tl0PicIdx = bytes[at]!;
      at += 1;
    }
    if ((flags & FLAG_K) === 0) return;
    this.keyAt = at;
    this.keyIdx = bytes[at]! & 0x1f;
  }
}

const fields = new Vp8Fields();
