import { writeU16 } from "../bytes.ts";
import type { EmitPayload } from "./emit.ts";

const DESCRIPTOR_BYTES = 4;

/** One VP8 frame behind descriptors with a 15-bit picture id (RFC 7741 4.2). */
export function packetizeVp8(
  frame: Uint8Array,
  pictureId: number,
  payload: Uint8Array,
  emit: EmitPayload,
): boolean {
  const room = payload.length - DESCRIPTOR_BYTES;
  for (let start = 0; start < frame.length; start += room) {
    const part = frame.subarray(start, start + room);
    // X; S on the first packet only; partition index 0 throughout, as libwebrtc writes it.
    payload[0] = start === 0 ? 0x90 : 0x80;
    payload[1] = 0x80;
    writeU16(payload, 2, 0x8000 | pictureId);
    payload.set(part, DESCRIPTOR_BYTES);
    emit(payload, DESCRIPTOR_BYTES + part.length, start + room >= frame.length);
  }
  return true;
}
