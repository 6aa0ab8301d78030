/** Big-endian readers and writers. The caller has checked that the offset lies inside. */

export function readU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

export function readU24(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}

/** Two's complement, 24 bits. */
export function readI24(bytes: Uint8Array, offset: number): number {
  return (readU24(bytes, offset) << 8) >> 8;
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset]! << 24) |
      (bytes[offset + 1]! << 16) |
      (bytes[offset + 2]! << 8) |
      bytes[offset + 3]!) >>>
    0
  );
}

export function writeU16(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >>> 8;
  out[offset + 1] = value;
}

export function writeU24(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >>> 16;
  out[offset + 1] = value >>> 8;
  out[offset + 2] = value;
}

/** Takes the low 32 bits of `value`. */
export function writeU32(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >>> 24;
  out[offset + 1] = value >>> 16;
  out[offset + 2] = value >>> 8;
  out[offset + 3] = value;
}

/** Whether `length` bytes are the same in both, each from its offset on. */
export function sameRun(
  left: Uint8Array,
  leftOffset: number,
  right: Uint8Array,
  rightOffset: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i += 1) {
    if (left[leftOffset + i] !== right[rightOffset + i]) return false;
  }
  return true;
}

/** Whether both are there, and the same from end to end. */
export function sameBytes(left: Uint8Array | null, right: Uint8Array | null): boolean {
  if (left === null || right === null || left.length !== right.length) return false;
  return sameRun(left, 0, right, 0, left.length);
}

/** `left - right` of two 16-bit numbers, -32,768 to 32,767. */
export function difference16(left: number, right: number): number {
  return ((left - right) << 16) >> 16;
}

/** The parts one behind the other, as a copy. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
