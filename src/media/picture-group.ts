import type { PayloadDescription } from "../wire/payload-description.ts";

const PICTURES_MAX = 255;

/**
 * The picture group of a VP9 scalability structure (RFC 9628 4.2.1): in non-flexible mode frames do
 * not name their references; the group does, picture by picture, from the keyframe on.
 */
export class PictureGroup {
  /** Of the picture last found: bit d - 1 for a reference d pictures back. */
  references = 0;
  readonly #temporalIds = new Uint8Array(PICTURES_MAX);
  readonly #references = new Uint32Array(PICTURES_MAX);
  /** Refers to a picture further back than 32. */
  readonly #far = new Uint8Array(PICTURES_MAX);
  #length = 0;
  #start = 0;

  clear(): void {
    this.#length = 0;
  }

  /** Takes over a group: N_G, then | TID |U| R |-|-| and R x P_DIFF each; it was found to fit. */
  read(bytes: Uint8Array, offset: number, payload: PayloadDescription): void {
    this.#length = bytes[offset]!;
    this.#start = payload.pictureId;
    let position = offset + 1;
    for (let i = 0; i < this.#length; i += 1) {
      const head = bytes[position]!;
      this.#temporalIds[i] = head >> 5;
      let references = 0;
      let far = 0;
      for (let r = (head >> 2) & 3; r > 0; r -= 1) {
        position += 1;
        const back = bytes[position]!;
        if (back >= 1 && back <= 32) references |= 1 << (back - 1);
        else far = 1;
      }
      this.#references[i] = references;
      this.#far[i] = far;
      position += 1;
    }
  }

  /** Looks up a picture; false when the group does not tell (none, or it does not match). */
  find(payload: PayloadDescription): boolean {
    if (this.#length === 0) return false;
    const shift = 32 - payload.pictureIdBits;
    const distance = ((payload.pictureId - this.#start) << shift) >> shift;
    const place = ((distance % this.#length) + this.#length) % this.#length;
    // Keep the start near, so that picture ids may wrap within one long group of pictures.
    if (distance > 32) this.#start += distance - place - this.#length;
    if (this.#temporalIds[place] !== payload.temporalId || this.#far[place] === 1) return false;
    this.references = this.#references[place]!;
    return true;
  }
}
