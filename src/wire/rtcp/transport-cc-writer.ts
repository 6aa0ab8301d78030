/** Transport-wide feedback, the writer. Picture of the packet: transport-cc.ts. */
import { assert } from "../../assert.ts";
import { writeU16, writeU24 } from "../bytes.ts";
import { FeedbackFormat, RtcpType, writeFeedbackHeader } from "./compound.ts";
import {
  PacketStatus,
  REFERENCE_TICKS,
  TRANSPORT_CC_FIXED_BYTES,
  TRANSPORT_CC_TICK_US,
} from "./transport-cc.ts";

const RUN_MAX = 0x1fff;
/**
 * Least room: 20 bytes of chunks for 65,535 losses in front (65,535 / 8,191 = 9 runs, and one more),
 * 2 for a chunk, 2 for a large delta, 3 to fill the word, rounded up. So a call always gets on.
 */
export const TRANSPORT_CC_ROOM_MIN = TRANSPORT_CC_FIXED_BYTES + 28;

/** Where packets arrived: `us[sequence % us.length]`, monotonic microseconds, -1 for "did not". */
export interface ArrivalTable {
  readonly us: Float64Array;
}

/** Reused; `statusesMax` bounds the packets of one feedback. */
export class TransportFeedbackWriter {
  /** Packets that the last `write` spoke of, from its `base`; the rest wants another packet. */
  covered = 0;
  readonly #status: Uint8Array;
  /** Deltas in 250 us, by index like `#status`. */
  readonly #delta: Int16Array;

  constructor(statusesMax: number) {
    this.#status = new Uint8Array(statusesMax);
    this.#delta = new Int16Array(statusesMax);
  }

  /**
   * Reports packets `base` .. `base + count - 1` (unwrapped transport-wide sequence numbers) in at
   * most `room` bytes. Stops early (see `covered`) when the room is used up or when two arrivals
   * lie more than 8.19 s apart. Returns the packet's length, or 0 when none of them arrived: a
   * feedback needs one arrival (`covered` is then 0).
   */
  write(
    out: Uint8Array,
    offset: number,
    room: number,
    senderSsrc: number,
    mediaSsrc: number,
    feedbackCount: number,
    base: number,
    count: number,
    arrivals: ArrivalTable,
  ): number {
    assert(room >= TRANSPORT_CC_ROOM_MIN && offset + room <= out.length, "a feedback fits");
    const wanted = Math.min(count, this.#status.length, arrivals.us.length);
    const referenceTime = firstArrival(arrivals, base, wanted);
    this.covered = 0;
    if (referenceTime === -1) return 0;
    const covered = this.#collect(room, base, wanted, arrivals, referenceTime);
    assert(covered > 0, "a feedback speaks of one arrival at least");
    let position = this.#writeChunks(out, offset + TRANSPORT_CC_FIXED_BYTES, covered);
    position = this.#writeDeltas(out, position, covered);
    while (((position - offset) & 3) !== 0) {
      // libwebrtc and the draft (3.1) take zero bytes at the end; P bit padding is not needed.
      out[position] = 0;
      position += 1;
    }
    const length = position - offset;
    const type = RtcpType.transportFeedback;
    const format = FeedbackFormat.transportCc;
    writeFeedbackHeader(out, offset, format, type, length, senderSsrc, mediaSsrc);
    writeU16(out, offset + 12, base & 0xffff);
    writeU16(out, offset + 14, covered);
    writeU24(out, offset + 16, referenceTime & 0xffffff);
    out[offset + 19] = feedbackCount;
    this.covered = covered;
    return length;
  }

  /** Fills status and delta. Returns how many packets fit; ends with a received one. */
  #collect(
    room: number,
    base: number,
    wanted: number,
    arrivals: ArrivalTable,
    referenceTime: number,
  ): number {
    const budget = room - TRANSPORT_CC_FIXED_BYTES - 3;
    let previous = referenceTime * REFERENCE_TICKS;
    let deltaBytes = 0;
    let covered = 0;
    let leadBytes = 0;
    let first = 0;
    for (let i = 0; i < wanted; i += 1) {
      this.#status[i] = PacketStatus.notReceived;
      this.#delta[i] = 0;
      const us = arrivalOf(arrivals, base + i);
      if (us < 0) continue;
      // Differences of rounded absolute times: rounding errors do not add up.
      const ticks = Math.round(us / TRANSPORT_CC_TICK_US);
      const delta = ticks - previous;
      if (delta < -0x8000 || delta > 0x7fff) break;
      const size = delta >= 0 && delta <= 0xff ? 1 : 2;
      if (covered === 0) {
        // Losses in front are runs, and perhaps the head of a vector.
        leadBytes = i === 0 ? 0 : 2 * (1 + Math.ceil(i / RUN_MAX));
        first = i;
      }
      // Every further chunk but the last stands for 7 packets at least.
      if (leadBytes + deltaBytes + size + 2 * Math.ceil((i + 1 - first) / 7) > budget) break;
      this.#status[i] = size;
      this.#delta[i] = delta;
      deltaBytes += size;
      previous = ticks;
      covered = i + 1;
    }
    return covered;
  }

  #writeChunks(out: Uint8Array, offset: number, covered: number): number {
    let position = offset;
    let index = 0;
    while (index < covered) {
      const run = this.#run(index, covered);
      // A run pays once a one-bit vector (14 packets) could not say more in the same two bytes.
      const enough = this.#status[index] === PacketStatus.largeDelta ? 7 : 14;
      if (run >= enough || index + run === covered) {
        writeU16(out, position, (this.#status[index]! << 13) | run);
        index += run;
      } else {
        const bits = this.#largeWithin(index, covered) ? 2 : 1;
        const symbols = Math.min(14 / bits, covered - index);
        let chunk = bits === 1 ? 0x8000 : 0xc000;
        for (let i = 0; i < symbols; i += 1) {
          chunk |= this.#status[index + i]! << (14 - bits * (i + 1));
        }
        writeU16(out, position, chunk);
        index += symbols;
      }
      position += 2;
    }
    return position;
  }

  /** How many packets from `index` on have the same status. */
  #run(index: number, covered: number): number {
    const end = Math.min(covered, index + RUN_MAX);
    const symbol = this.#status[index];
    let next = index + 1;
    while (next < end && this.#status[next] === symbol) next += 1;
    return next - index;
  }

  /** True when one bit cannot express the next 14 packets. */
  #largeWithin(index: number, covered: number): boolean {
    const end = Math.min(covered, index + 14);
    for (let i = index; i < end; i += 1) {
      if (this.#status[i] === PacketStatus.largeDelta) return true;
    }
    return false;
  }

  #writeDeltas(out: Uint8Array, offset: number, covered: number): number {
    let position = offset;
    for (let i = 0; i < covered; i += 1) {
      if (this.#status[i] === PacketStatus.smallDelta) {
        out[position] = this.#delta[i]!;
        position += 1;
      } else if (this.#status[i] === PacketStatus.largeDelta) {
        writeU16(out, position, this.#delta[i]!);
        position += 2;
      }
    }
    return position;
  }
}

/** Arrival of an unwrapped sequence number, in microseconds, or -1. */
function arrivalOf(arrivals: ArrivalTable, sequence: number): number {
  return arrivals.us[sequence % arrivals.us.length]!;
}

/** Reference time, in 64 ms, of the first packet that arrived, or -1. */
function firstArrival(arrivals: ArrivalTable, base: number, wanted: number): number {
  for (let i = 0; i < wanted; i += 1) {
    const us = arrivalOf(arrivals, base + i);
    if (us >= 0) return Math.floor(us / (TRANSPORT_CC_TICK_US * REFERENCE_TICKS));
  }
  return -1;
}
