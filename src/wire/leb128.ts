/** LEB128 sizes of AV1 (specification 4.10.5), bounded to 32 bits. */
export class Leb128 {
  value = 0;

  /** Reads at `offset`, before `end`. Returns the offset behind it, or -1. */
  read(bytes: Uint8Array, offset: number, end: number): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i += 1) {
      if (offset + i >= end) return -1;
      const byte = bytes[offset + i]!;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if ((byte & 0x80) !== 0) continue;
      if (value > 0xffffffff) return -1;
      this.value = value;
      return offset + i + 1;
    }
    return -1;
  }
}

/** Bytes that `writeLeb128` takes for `value`. */
export function leb128Length(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

/** Writes a non-negative integer. Returns the offset behind it. */
export function writeLeb128(out: Uint8Array, offset: number, value: number): number {
  let position = offset;
  let rest = value;
  while (rest >= 128) {
    out[position] = (rest % 128) | 0x80;
    position += 1;
    rest = Math.floor(rest / 128);
  }
  out[position] = rest;
  return position + 1;
}
