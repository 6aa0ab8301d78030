/** Bytes that each tell the packet they belong to: a slot of two packets cannot look whole. */
export function fillStressPayload(payload: Uint8Array, sequence: number, length: number): void {
  let state = Math.imul(sequence, 0x9e3779b1) | 1;
  for (let i = 0; i < length; i += 1) {
    state = Math.imul(state, 0x01000193) + sequence;
    payload[i] = state >>> 24;
  }
}

/** True when `length` bytes at `offset` are the payload of `sequence`. */
export function isStressPayload(
  bytes: Uint8Array,
  offset: number,
  length: number,
  sequence: number,
): boolean {
  let state = Math.imul(sequence, 0x9e3779b1) | 1;
  for (let i = 0; i < length; i += 1) {
    state = Math.imul(state, 0x01000193) + sequence;
    if (bytes[offset + i] !== state >>> 24) return false;
  }
  return true;
}
