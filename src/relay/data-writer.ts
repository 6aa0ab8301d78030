import { LINK_PAYLOAD_MIN } from "../cascade/path-size.ts";
import { Counter, countUp } from "../contract/counters.ts";
import type { Staging } from "../feed/staging.ts";
import { LINK_BURST_PACKETS, LINK_REPEATS_PER_SECOND, SLOT_BYTES } from "../limits.ts";
import { TokenBucket } from "../media/token-bucket.ts";
import { DATA_OVERHEAD, DataFrame } from "../wire/cascade/data.ts";
import type { LinkOutput } from "./link-output.ts";
import { SPLIT_FRAME_MAX } from "./link-output.ts";
import { frameBytes, writeSlot } from "./slot-frame.ts";

const AGE_MAX = 0xffff_ffff;

/** One at a time in a thread. */
const frame = new DataFrame();
const long = new Uint8Array(SLOT_BYTES + DATA_OVERHEAD);

/** Writes staged packets as DATA frames for one link. */
export class DataWriter {
  readonly #output: LinkOutput;
  readonly #counters: Float64Array;
  readonly #stored = new TokenBucket(LINK_BURST_PACKETS, LINK_REPEATS_PER_SECOND);

  /** `counters`: of the worker (src/contract/counters.ts). */
  constructor(output: LinkOutput, counters: Float64Array) {
    this.#output = output;
    this.#counters = counters;
  }

  /** Sends slot `i`; its bytes on the link, or -1 when the output is full: then once more. */
  send(alias: number, ring: number, batch: Staging, i: number, now: number): number {
    return this.#send(alias, ring, batch, i, now, this.#output.size.bytes);
  }

  /** The same of what was asked for again: perhaps it was too long for the path. */
  repeat(alias: number, ring: number, batch: Staging, i: number, now: number): number {
    return this.#send(alias, ring, batch, i, now, LINK_PAYLOAD_MIN);
  }

  /**
   * Whether one more packet that lies in a ring may leave now, of whichever ring: many rings that
   * begin at once are no burst that the other end cannot read.
   */
  mayRepeat(now: number): boolean {
    return this.#stored.take(now, 1);
  }

  #send(
    alias: number,
    ring: number,
    batch: Staging,
    i: number,
    now: number,
    wholeMax: number,
  ): number {
    const { bytes } = batch.region;
    const from = batch.slotOffset(i);
    const length = frameBytes(bytes, from, DATA_OVERHEAD);
    frame.alias = alias;
    frame.ring = ring;
    frame.ageUs = Math.min(AGE_MAX, Math.max(0, Math.round(now - batch.arrivals[i]!)));
    if (length > wholeMax) {
      if (length > SPLIT_FRAME_MAX) return 0;
      if (length <= this.#output.size.bytes) this.#output.size.doubt(now);
      writeSlot(long, 0, bytes, from, frame);
      if (!this.#output.split(long.subarray(0, length))) return -1;
    } else {
      const at = this.#output.reserve(length);
      if (at < 0) return -1;
      this.#output.put(writeSlot(this.#output.buffer, at, bytes, from, frame));
    }
    countUp(this.#counters, Counter.packetsOut!);
    return length;
  }
}
