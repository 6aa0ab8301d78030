import { writeU16 } from "../bytes.ts";
import type { EmitPayload } from "./emit.ts";

const DESCRIPTOR_BYTES = 3;

/**
 * One VP9 frame in non-flexible mode with a 15-bit picture id, no layers (RFC 9628 4.2). False when
 * it does not begin with a frame marker.
 */
export function packetizeVp9(
  frame: Uint8Array,
  pictureId: number,
  payload: Uint8Array,
  emit: EmitPayload,
): boolean {
  const first = frame[0]!;
  if (first >> 6 !== 2) return false;
  const predicted = isKeyframe(first) ? 0 : 0x40;
  const room = payload.length - DESCRIPTOR_BYTES;
  for (let start = 0; start < frame.length; start += room) {
    const part = frame.subarray(start, start + room);
    const begin = start === 0 ? 0x08 : 0;
    const last = start + room >= frame.length;
    payload[0] = 0x80 | predicted | begin | (last ? 0x04 : 0);
    writeU16(payload, 1, 0x8000 | pictureId);
    payload.set(part, DESCRIPTOR_BYTES);
    emit(payload, DESCRIPTOR_BYTES + part.length, last);
  }
  return true;
}

/** VP9 specification 6.2: marker (2), profile (2, and a zero for 3), show existing, frame type. */
function isKeyframe(first: number): boolean {
  const shift = (first & 0x30) === 0x30 ? 1 : 2;
  const showExisting = (first >> (shift + 1)) & 1;
  return showExisting === 0 && ((first >> shift) & 1) === 0;
}
