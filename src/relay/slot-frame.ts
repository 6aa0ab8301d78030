/** A ring's slot as a DATA frame, and back. */
import { assert } from "../assert.ts";
import { EXTENSION_BYTES_MAX, Slot } from "../ring/layout.ts";
import {
  type DataFrame,
  DESCRIPTION_BYTES,
  writeDataHead,
  writeExtensionsHead,
  writePayloadHead,
} from "../wire/cascade/data.ts";
import { CODEC_NAMES } from "../wire/codecs.ts";

/** The bytes of a slot that describe its layers and picture ids: they travel as they stand. */
const DESCRIPTION_FROM = Slot.codec;
/** Of a grid word (src/ring/layout.ts), and decode targets that a descriptor has at most. */
const SPATIAL_LAYERS = 4;
const TEMPORAL_LAYERS = 8;
const TARGETS_MAX = 32;

/**
 * Writes the slot that stands at `slot[from]` to `out[at]`, with the stream's number on its link, the
 * ring's in the stream and its age. Returns the end of the frame.
 */
export function writeSlot(
  out: Uint8Array,
  at: number,
  slot: Uint8Array,
  from: number,
  frame: DataFrame,
): number {
  frame.codec = slot[from + Slot.codec]!;
  frame.sequence = readI32LE(slot, from + Slot.sequence);
  frame.flags = readU16LE(slot, from + Slot.flags);
  frame.timestamp = readI32LE(slot, from + Slot.timestamp) >>> 0;
  frame.descriptionLength = isDescribed(slot, from) ? DESCRIPTION_BYTES : 0;
  const extensions = readU16LE(slot, from + Slot.extensionLength);
  const payload = readU16LE(slot, from + Slot.payloadLength);
  let end = writeDataHead(out, at, frame);
  end = copy(out, end, slot, from + DESCRIPTION_FROM, frame.descriptionLength);
  end = writeExtensionsHead(out, end, extensions);
  end = copy(out, end, slot, from + Slot.extensions, extensions);
  end = writePayloadHead(out, end, payload);
  return copy(out, end, slot, from + Slot.payload, payload);
}

/** Bytes of the frame that `writeSlot` makes of the slot. */
export function frameBytes(slot: Uint8Array, from: number, overhead: number): number {
  const described = isDescribed(slot, from) ? DESCRIPTION_BYTES : 0;
  const extensions = readU16LE(slot, from + Slot.extensionLength);
  return overhead + described + extensions + readU16LE(slot, from + Slot.payloadLength);
}

/**
 * Lays a frame that stands in `bytes` out as a slot at the front of `slot`, but for the times, which
 * are for the ring to say. False when it is none that a slot could hold.
 */
export function readSlot(frame: DataFrame, bytes: Uint8Array, slot: Uint8Array): boolean {
  const { descriptionLength, extensionsLength, payloadLength } = frame;
  if (frame.codec >= CODEC_NAMES.length) return false;
  if (Slot.payload + payloadLength > slot.length) return false;
  if (!isExtensions(bytes, frame.extensionsOffset, extensionsLength)) return false;
  if (descriptionLength !== 0 && !isDescription(frame, bytes)) return false;
  slot.fill(0, 0, Slot.payload);
  if (descriptionLength === 0) {
    writeU32LE(slot, Slot.pictureId, -1);
    writeU16LE(slot, Slot.tl0PicIdx, -1);
  } else copy(slot, DESCRIPTION_FROM, bytes, frame.descriptionOffset, DESCRIPTION_BYTES);
  slot[Slot.codec] = frame.codec;
  writeU32LE(slot, Slot.flags, frame.flags);
  writeU32LE(slot, Slot.timestamp, frame.timestamp);
  writeU16LE(slot, Slot.payloadLength, payloadLength);
  writeU16LE(slot, Slot.extensionLength, extensionsLength);
  copy(slot, Slot.extensions, bytes, frame.extensionsOffset, extensionsLength);
  copy(slot, Slot.payload, bytes, frame.payloadOffset, payloadLength);
  return true;
}

/** Readers go by what a description says without a look at its packet. */
function isDescription(frame: DataFrame, bytes: Uint8Array): boolean {
  const { descriptionLength, descriptionOffset, payloadLength } = frame;
  if (descriptionLength !== DESCRIPTION_BYTES) return false;
  const from = descriptionOffset - DESCRIPTION_FROM;
  const pictureId = bytes[from + Slot.pictureIdOffset]!;
  return (
    bytes[from + Slot.spatialId]! < SPATIAL_LAYERS &&
    bytes[from + Slot.temporalId]! < TEMPORAL_LAYERS &&
    bytes[from + Slot.frameNumberBits]! <= 16 &&
    bytes[from + Slot.targets]! <= TARGETS_MAX &&
    readU16LE(bytes, from + Slot.targetsBit) <= 8 * EXTENSION_BYTES_MAX &&
    // Offsets are counted from 1; a picture id has two bytes at most.
    (pictureId === 0 || pictureId + 1 <= payloadLength) &&
    bytes[from + Slot.tl0PicIdxOffset]! <= payloadLength
  );
}

/** Elements of an id, a length and so many bytes, one behind the other to the end. */
function isExtensions(bytes: Uint8Array, offset: number, length: number): boolean {
  const end = offset + length;
  let at = offset;
  while (at + 2 <= end) at += 2 + bytes[at + 1]!;
  return length <= EXTENSION_BYTES_MAX && at === end;
}

assert(Slot.late === DESCRIPTION_FROM + DESCRIPTION_BYTES, "a description ends before the times");

function isDescribed(slot: Uint8Array, from: number): boolean {
  return (
    slot[from + Slot.frameNumberBits] !== 0 ||
    slot[from + Slot.pictureIdOffset] !== 0 ||
    slot[from + Slot.tl0PicIdxOffset] !== 0
  );
}

function copy(
  to: Uint8Array,
  at: number,
  from: Uint8Array,
  offset: number,
  length: number,
): number {
  if (length > 0) to.set(from.subarray(offset, offset + length), at);
  return at + length;
}

function readU16LE(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

function readI32LE(bytes: Uint8Array, at: number): number {
  return readU16LE(bytes, at) | (readU16LE(bytes, at + 2) << 16);
}

function writeU16LE(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >> 8;
}

function writeU32LE(out: Uint8Array, at: number, value: number): void {
  writeU16LE(out, at, value);
  writeU16LE(out, at + 2, value >> 16);
}
