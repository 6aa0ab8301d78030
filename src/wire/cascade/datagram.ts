/** Walks the frames of one datagram: DATA first, written by hand, then everything else. */
import { decodeMulti } from "@msgpack/msgpack";
import { DATA_OVERHEAD, type DataFrame, isData, readData } from "./data.ts";
import { type Elements, elementsOf, LIMITS } from "./elements.ts";

export interface FrameSink {
  /** A media packet; `frame` is reused, its offsets are in `bytes`. */
  data(frame: DataFrame, bytes: Uint8Array): void;
  /** Any other frame: `type` is its first element, which has been read. */
  frame(type: number, elements: Elements): void;
}

/** False when some of it was no frame: what stood before it counts. */
export function readDatagram(
  bytes: Uint8Array,
  offset: number,
  end: number,
  scratch: DataFrame,
  sink: FrameSink,
): boolean {
  let at = offset;
  while (at + DATA_OVERHEAD <= end && isData(bytes, at)) {
    const next = readData(bytes, at, end, scratch);
    if (next < 0) return false;
    sink.data(scratch, bytes);
    at = next;
  }
  return at === end || readOthers(bytes.subarray(at, end), sink);
}

function readOthers(bytes: Uint8Array, sink: FrameSink): boolean {
  const values: unknown[] = [];
  const whole = decodeAll(bytes, values);
  for (const value of values) {
    const elements = elementsOf(value);
    if (elements === null) return false;
    const type = elements.uint(255);
    if (!elements.ok) return false;
    sink.frame(type, elements);
  }
  return whole;
}

/** False when it breaks off; what came before that is in `out`. */
function decodeAll(bytes: Uint8Array, out: unknown[]): boolean {
  try {
    for (const value of decodeMulti(bytes, LIMITS)) out.push(value);
    return true;
  } catch {
    return false;
  }
}
