/**
 * AV1 payloads (RTP Payload Format for AV1, 4.3 - 4.5): an aggregation header |Z|Y| W |N|-|-|-|,
 * then OBU elements, each with a LEB128 size except, when W is not 0, the last.
 */
import { readSequenceSize } from "./av1-sequence.ts";
import { Leb128 } from "./leb128.ts";
import type { PayloadDescription } from "./payload-description.ts";

export const ObuType = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  tileGroup: 4,
  frame: 6,
  tileList: 8,
  padding: 15,
} as const;

const leb128 = new Leb128();

/** Fills `out` from one payload. False when an element does not fit. */
export function describeAv1(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  const end = offset + length;
  const aggregation = bytes[offset]!;
  const continued = (aggregation & 0x80) !== 0;
  const elements = (aggregation >> 4) & 3;
  // 4.4: N is the first packet of a coded video sequence; such a packet continues nothing.
  const sequenceStart = (aggregation & 0x08) !== 0;
  if ((sequenceStart && continued) || length < 2) return false;
  out.keyframe = sequenceStart;
  out.frameStart = !continued;
  let position = offset + 1;
  let index = 0;
  let layered = false;
  while (position < end) {
    let elementEnd = end;
    index += 1;
    if (elements !== 0 && index > elements) return false;
    if (index !== elements) {
      position = leb128.read(bytes, position, end);
      if (position === -1) return false;
      elementEnd = position + leb128.value;
      if (elementEnd > end) return false;
    }
    if (elementEnd > position && (index > 1 || !continued)) {
      layered = readObu(bytes, position, elementEnd, layered, out);
    }
    position = elementEnd;
  }
  return elements === 0 || index === elements;
}

/** Notes layer ids of the first OBU that has them, and the size from a sequence header. */
function readObu(
  bytes: Uint8Array,
  offset: number,
  end: number,
  layered: boolean,
  out: PayloadDescription,
): boolean {
  const header = bytes[offset]!;
  const extended = (header & 0x04) !== 0;
  let position = offset + 1;
  if (extended) {
    if (position >= end) return layered;
    if (!layered) {
      out.temporalId = bytes[position]! >> 5;
      out.spatialId = (bytes[position]! >> 3) & 3;
    }
    position += 1;
  }
  if ((header & 0x02) !== 0) {
    position = leb128.read(bytes, position, end);
    if (position === -1) return layered || extended;
  }
  if (((header >> 3) & 15) === ObuType.sequenceHeader) readSequenceSize(bytes, position, end, out);
  return layered || extended;
}
