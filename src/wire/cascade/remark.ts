/** What is said of a stream: EVENTS? asks a parent for it, EVENT tells it. What it says is for control. */
import type { Elements } from "./elements.ts";
import { Message } from "./kinds.ts";
import { ALIAS_MAX } from "./subscription.ts";

/** Bytes of one, as JSON: 2 KiB that somebody sent, his name, and what is told beside. */
const REMARK_BYTES_MAX = 3500;
/** In one message, which has room for 16,000 bytes. */
export const REMARKS_MAX = 100;

/** EVENTS?: all that is kept and newer than this, and what is said from then on. */
export interface RemarksWish {
  readonly alias: number;
  readonly since: number;
}

export function writeRemarksWish({ alias, since }: RemarksWish): unknown[] {
  return [Message.remarksWish, alias, since];
}

export function readRemarksWish(elements: Elements): RemarksWish | null {
  const wish = { alias: elements.uint(ALIAS_MAX), since: elements.uint(Number.MAX_SAFE_INTEGER) };
  return elements.ok ? wish : null;
}

export interface NumberedRemark {
  readonly id: number;
  readonly json: Uint8Array;
}

/** EVENT: the next of them, by rising numbers. */
export interface Remarks {
  readonly alias: number;
  readonly remarks: readonly NumberedRemark[];
}

export function writeRemarks({ alias, remarks }: Remarks): unknown[] {
  return [Message.remarks, alias, remarks.map(({ id, json }) => [id, json])];
}

export function readRemarks(elements: Elements): Remarks | null {
  const told = {
    alias: elements.uint(ALIAS_MAX),
    remarks: elements.list(REMARKS_MAX, (each) => each.nested(readNumbered)),
  };
  return elements.ok ? told : null;
}

function readNumbered(elements: Elements): NumberedRemark {
  return {
    id: elements.uint(Number.MAX_SAFE_INTEGER),
    json: elements.bytes(1, REMARK_BYTES_MAX),
  };
}
