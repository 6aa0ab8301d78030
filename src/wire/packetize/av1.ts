import { ObuType } from "../av1.ts";
import { Leb128, leb128Length, writeLeb128 } from "../leb128.ts";
import type { EmitPayload } from "./emit.ts";

/**
 * One temporal unit in the low-overhead format (AV1 RTP 4.3 - 4.5). Each element has its size, so
 * that W is 0. OBUs lose their size field; temporal delimiters, tile lists and padding are dropped.
 */
export function packetizeAv1(frame: Uint8Array, payload: Uint8Array, emit: EmitPayload): boolean {
  const obus = splitTemporalUnit(frame);
  if (obus === null || obus.length === 0) return false;
  const keyframe = obus.some((obu) => obuType(obu) === ObuType.sequenceHeader);
  let position = 1;
  let continued = false;
  let first = true;
  const flush = (more: boolean, last: boolean) => {
    // 4.4: |Z|Y|W W|N|: N only in the first packet of a coded video sequence.
    payload[0] = (continued ? 0x80 : 0) | (more ? 0x40 : 0) | (first && keyframe ? 0x08 : 0);
    emit(payload, position, last);
    continued = more;
    first = false;
    position = 1;
  };
  for (let index = 0; index < obus.length; index += 1) {
    const obu = obus[index]!;
    let start = 0;
    while (start < obu.length) {
      const part = Math.min(obu.length - start, elementRoom(payload.length - position));
      if (part <= 0) {
        // Nothing of this OBU stands in the packet yet, or its part so far fills it.
        flush(start > 0, false);
        continue;
      }
      position = writeLeb128(payload, position, part);
      payload.set(obu.subarray(start, start + part), position);
      position += part;
      start += part;
    }
  }
  flush(false, true);
  return true;
}

/** Largest element whose size field and data fit `room` bytes. */
function elementRoom(room: number): number {
  return room - leb128Length(Math.max(0, room - 1));
}

const TILE_LIST = 8;
const PADDING = 15;

/** The OBUs of a temporal unit without size fields, as copies; null when one does not fit. */
function splitTemporalUnit(frame: Uint8Array): Uint8Array[] | null {
  const obus: Uint8Array[] = [];
  const size = new Leb128();
  let position = 0;
  while (position < frame.length) {
    const header = frame[position]!;
    // AV1 5.3.2: forbidden bit, type (4), extension flag, has_size flag, reserved.
    if ((header & 0x80) !== 0) return null;
    const headerLength = (header & 0x04) === 0 ? 1 : 2;
    let start = position + headerLength;
    let end = frame.length;
    if ((header & 0x02) !== 0) {
      start = size.read(frame, start, frame.length);
      if (start === -1) return null;
      end = start + size.value;
    }
    if (start > frame.length || end > frame.length) return null;
    const type = (header >> 3) & 15;
    // 5 of the RTP format: delimiters are removed; tile lists and padding should be.
    if (type !== ObuType.temporalDelimiter && type !== TILE_LIST && type !== PADDING) {
      const obu = new Uint8Array(headerLength + end - start);
      obu.set(frame.subarray(position, position + headerLength));
      obu[0] = header & ~0x02;
      obu.set(frame.subarray(start, end), headerLength);
      obus.push(obu);
    }
    position = end;
  }
  return obus;
}

function obuType(obu: Uint8Array): number {
  return (obu[0]! >> 3) & 15;
}
