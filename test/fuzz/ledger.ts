import type { MediaKind } from "../../src/wire/codecs.ts";

/** One payload that a publisher sent, as far as it must be found again at a viewer. */
export interface SentPayload {
  readonly payload: Uint8Array;
  /** Bits that a server may change (picture ids, payload types inside of RED), by offset. */
  readonly loose: ReadonlyMap<number, number>;
  /** Header extension elements by internal id. */
  readonly elements: readonly (readonly [internal: number, data: Uint8Array])[];
}

/** From here on a payload is random, and its last bytes find it. */
const HEAD_BYTES = 40;
const TAIL_BYTES = 8;

/** Everything that the publishers of one stream have sent. */
export class Ledger {
  readonly #payloads = new Map<string, SentPayload[]>();
  readonly #units = new Set<string>();

  note(kind: MediaKind, sent: SentPayload): void {
    const key = keyOf(kind, sent.payload);
    const list = this.#payloads.get(key);
    if (list === undefined) this.#payloads.set(key, [sent]);
    else list.push(sent);
  }

  /** A parameter set, by itself. */
  noteUnit(unit: Uint8Array): void {
    this.#units.add(textOf(unit));
  }

  hasUnit(unit: Uint8Array): boolean {
    return this.#units.has(textOf(unit));
  }

  /** What a payload at a viewer can have been; empty for what nobody sent. */
  find(kind: MediaKind, payload: Uint8Array): SentPayload[] {
    const list = this.#payloads.get(keyOf(kind, payload)) ?? [];
    return list.filter((sent) => isSame(sent, payload));
  }
}

function isSame({ payload, loose }: SentPayload, found: Uint8Array): boolean {
  for (let i = 0; i < payload.length; i += 1) {
    const difference = payload[i]! ^ found[i]!;
    if (difference !== 0 && (difference & ~(loose.get(i) ?? 0)) !== 0) return false;
  }
  return true;
}

function keyOf(kind: MediaKind, payload: Uint8Array): string {
  const tail = payload.subarray(Math.max(HEAD_BYTES, payload.length - TAIL_BYTES));
  return `${kind} ${payload.length} ${textOf(tail)}`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
