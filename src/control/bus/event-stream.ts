/** A response of server-sent events (HTML standard, 9.2). */
import { EVENT_HEARTBEAT_US, EVENT_QUEUE_MAX } from "../../limits.ts";
import type { Remark } from "../streams/remark.ts";

/** One event as it goes out. `id`: what a player says that it had last when it comes again. */
export function encodeEvent(name: string, data: unknown, id: number | null): Uint8Array {
  const numbered = id === null ? "" : `id: ${id}\n`;
  return encoder.encode(`event: ${name}\n${numbered}data: ${JSON.stringify(data)}\n\n`);
}

/** What was said, one after the other. */
export function encodeRemarks(remarks: readonly Remark[]): Uint8Array {
  const encoded = remarks.map((remark) => encodeEvent(remark.type, remark, remark.id));
  return Buffer.concat(encoded);
}

const encoder = new TextEncoder();
/** A first line makes proxies and browsers see the response begin. */
const FIRST = encoder.encode(": spillway\n\n");
const ALIVE = encoder.encode(": alive\n\n");

interface Queued {
  readonly bytes: Uint8Array;
  /** It has an id. */
  readonly numbered: boolean;
}

/** Events wait in it, bounded, until somebody reads. */
export class EventStream {
  readonly #queue: Queued[] = [];
  #reader: ReadableStreamDefaultController<Uint8Array> | null = null;
  #lastUs = 0;

  /** Events, encoded. */
  push(bytes: Uint8Array, numbered: boolean): void {
    this.#queue.push({ bytes, numbered });
    if (this.#queue.length > EVENT_QUEUE_MAX) this.#queue.shift();
    this.#flush();
  }

  /** Those with ids go out from these on, in place of what waits: its next reader had all before. */
  repeat(bytes: Uint8Array): void {
    this.#close();
    const others = this.#queue.filter(({ numbered }) => !numbered);
    this.#queue.splice(0, this.#queue.length, ...others);
    if (bytes.length > 0) this.push(bytes, true);
  }

  /** A new reader takes the place of the one before. */
  open(nowUs: number, whenLeft: () => void): ReadableStream<Uint8Array> {
    this.#close();
    this.#lastUs = nowUs;
    let mine: ReadableStreamDefaultController<Uint8Array> | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          mine = controller;
          this.#reader = controller;
          controller.enqueue(FIRST);
          this.#flush();
        },
        pull: () => this.#flush(),
        cancel: () => {
          if (this.#reader !== mine) return;
          this.#reader = null;
          whenLeft();
        },
      },
      { highWaterMark: EVENT_QUEUE_MAX },
    );
  }

  heartbeat(nowUs: number): void {
    if (this.#reader === null || nowUs - this.#lastUs < EVENT_HEARTBEAT_US) return;
    this.#lastUs = nowUs;
    if ((this.#reader.desiredSize ?? 0) > 0) this.#reader.enqueue(ALIVE);
  }

  /** Drops the queue and ends the reader's response. */
  destroy(): void {
    this.#queue.length = 0;
    this.#close();
  }

  #flush(): void {
    while (this.#reader !== null && this.#queue.length > 0 && (this.#reader.desiredSize ?? 0) > 0) {
      this.#reader.enqueue(this.#queue.shift()!.bytes);
    }
  }

  #close(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.close();
  }
}
