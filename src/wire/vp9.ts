/**
 * VP9 payloads (RFC 9628 4.2).
 *
 *  |I|P|L|F|B|E|V|Z| ; I: |M| picture id 7 or 15 | ; L: | TID |U| SID |D| ; L, not F: | TL0PICIDX |
 *  F and P: up to three | P_DIFF |N| ; V: scalability structure ; then VP9 data
 */
import { readU16 } from "./bytes.ts";
import type { PayloadDescription } from "./payload-description.ts";
import { Vp9Header } from "./vp9-header.ts";

const FLAG_I = 0x80;
const FLAG_P = 0x40;
const FLAG_L = 0x20;
const FLAG_F = 0x10;
const FLAG_B = 0x08;
const FLAG_E = 0x04;
const FLAG_V = 0x02;
const FLAG_Z = 0x01;

const header = new Vp9Header();

/** Fills `out` from one payload. False when the descriptor does not fit. */
export function describeVp9(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  const end = offset + length;
  const flags = bytes[offset]!;
  let position = offset + 1;
  position = readPictureId(bytes, offset, position, end, flags, out);
  if (position !== -1) position = readLayer(bytes, offset, position, end, flags, out);
  if (position !== -1) position = readReferences(bytes, position, end, flags, out);
  if (position !== -1 && (flags & FLAG_V) !== 0) {
    position = readStructure(bytes, offset, position, end, out);
  }
  if (position === -1 || position >= end) return false;
  out.frameStart = (flags & FLAG_B) !== 0;
  out.frameEnd = (flags & FLAG_E) !== 0;
  out.notReferencedAbove = (flags & FLAG_Z) !== 0;
  out.keyframe = out.frameStart && (flags & FLAG_P) === 0 && out.spatialId === 0;
  out.dataOffset = position - offset;
  if (out.keyframe && out.width === 0 && header.read(bytes, position, end)) {
    out.width = header.width;
    out.height = header.height;
  }
  return true;
}

function readPictureId(
  bytes: Uint8Array,
  offset: number,
  position: number,
  end: number,
  flags: number,
  out: PayloadDescription,
): number {
  if ((flags & FLAG_I) === 0) return position;
  if (position >= end) return -1;
  const wide = (bytes[position]! & 0x80) !== 0;
  if (wide && position + 2 > end) return -1;
  out.pictureId = wide ? readU16(bytes, position) & 0x7fff : bytes[position]!;
  out.pictureIdBits = wide ? 15 : 7;
  out.pictureIdOffset = position - offset;
  return position + (wide ? 2 : 1);
}

function readLayer(
  bytes: Uint8Array,
  offset: number,
  position: number,
  end: number,
  flags: number,
  out: PayloadDescription,
): number {
  if ((flags & FLAG_L) === 0) return position;
  if (position >= end) return -1;
  const layer = bytes[position]!;
  out.temporalId = layer >> 5;
  out.switchingPoint = (layer & 0x10) !== 0;
  out.spatialId = (layer >> 1) & 7;
  // Only the non-flexible mode has TL0PICIDX.
  if ((flags & FLAG_F) !== 0) return position + 1;
  if (position + 2 > end) return -1;
  out.tl0PicIdx = bytes[position + 1]!;
  out.tl0PicIdxOffset = position + 1 - offset;
  return position + 2;
}

/** At most three P_DIFF of seven bits; N in the lowest bit says that another follows. */
function readReferences(
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  out: PayloadDescription,
): number {
  out.interPicture = (flags & FLAG_P) !== 0;
  out.referencesKnown = !out.interPicture;
  if ((flags & FLAG_F) === 0 || !out.interPicture) return start;
  out.referencesKnown = true;
  let references = 0;
  let position = start;
  for (let i = 0; i < 3; i += 1) {
    if (position >= end) return -1;
    const back = bytes[position]! >> 1;
    const more = (bytes[position]! & 1) !== 0;
    position += 1;
    if (back >= 1 && back <= 32) references |= 1 << (back - 1);
    else out.farReference = true;
    out.references = references >>> 0;
    if (!more) return position;
  }
  return -1;
}

/** RFC 9628 4.2.1: | N_S |Y|G| RES | ; Y: sizes of N_S + 1 layers ; G: the picture group. */
function readStructure(
  bytes: Uint8Array,
  offset: number,
  start: number,
  end: number,
  out: PayloadDescription,
): number {
  if (start >= end) return -1;
  const head = bytes[start]!;
  out.spatialLayers = (head >> 5) + 1;
  let position = start + 1;
  if ((head & 0x10) !== 0) {
    const sizes = 4 * ((head >> 5) + 1);
    if (position + sizes > end) return -1;
    // The picture is as large as its highest spatial layer.
    out.width = readU16(bytes, position + sizes - 4);
    out.height = readU16(bytes, position + sizes - 2);
    position += sizes;
  }
  if ((head & 0x08) === 0) return position;
  if (position >= end) return -1;
  const pictures = bytes[position]!;
  out.pictureGroupOffset = position - offset;
  position += 1;
  for (let i = 0; i < pictures; i += 1) {
    if (position >= end) return -1;
    position += 1 + ((bytes[position]! >> 2) & 3);
  }
  return position > end ? -1 : position;
}
