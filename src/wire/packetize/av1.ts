import { ObuType } from "../av1.ts";
import { leb128Length, writeLeb128 } from "../leb128.ts";
import { type Obu, splitObus } from "../obus.ts";
import type { EmitPayload } from "./emit.ts";

const HAS_SIZE = 0x02;

/**
 * One temporal unit in the low-overhead format (AV1 RTP 4.3 - 4.5). Each element has its size, so
 * that W is 0. OBUs lose their size field; temporal delimiters, tile lists and padding are dropped.
 */
export function packetizeAv1(frame: Uint8Array, payload: Uint8Array, emit: EmitPayload): boolean {
  const units = splitObus(frame)?.filter(isForwarded);
  if (units === undefined || units.length === 0) return false;
  const keyframe = units.some(({ type }) => type === ObuType.sequenceHeader);
  const obus = units.map(withoutSize);
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

/** 5 of the RTP format: delimiters are removed; tile lists and padding should be. */
function isForwarded({ type }: Obu): boolean {
  return (
    type !== ObuType.temporalDelimiter && type !== ObuType.tileList && type !== ObuType.padding
  );
}

/** A copy without the size field. */
function withoutSize({ header, payload }: Obu): Uint8Array {
  const obu = new Uint8Array(header.length + payload.length);
  obu.set(header);
  obu[0] = header[0]! & ~HAS_SIZE;
  obu.set(payload, header.length);
  return obu;
}
