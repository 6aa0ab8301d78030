import { MissingPackets } from "../media/missing.ts";
import { ReceiveStatistics } from "../media/receive-statistics.ts";
import { SEQUENCE_JUMP_MAX } from "../media/sequence.ts";
import { difference16 } from "../wire/bytes.ts";
import type { CodecId, MediaKind } from "../wire/codecs.ts";
import { FrameCheck } from "./frame-check.ts";
import type { Recording } from "./recording.ts";

/** Packets back that duplicates are told from. A power of two. */
const SEEN = 1024;

export const Arrival = { fresh: 0, duplicate: 1, reordered: 2, recovered: 3 } as const;
export type Arrival = (typeof Arrival)[keyof typeof Arrival];

/** One media stream at one viewer: numbering, holes, statistics, frames. */
export class ReceiveTrack {
  readonly missing = new MissingPackets();
  readonly statistics: ReceiveStatistics;
  readonly frames = new FrameCheck();
  /** Unwrapped number of the packet last noted. */
  sequence = 0;
  packets = 0;
  recording: Recording | null = null;
  #head = 0;
  #started = false;
  readonly #seen = new Int32Array(SEEN).fill(-1);

  constructor(
    readonly ssrc: number,
    readonly kind: MediaKind,
    readonly codec: CodecId,
    readonly clockRate: number,
  ) {
    this.statistics = new ReceiveStatistics(clockRate);
  }

  /** One packet, or one brought back by RTX (`repaired`). */
  note(
    sequence: number,
    timestamp: number,
    now: number,
    arrival: number,
    roundTripUs: number,
    repaired: boolean,
  ): Arrival {
    if (!repaired) this.statistics.update(sequence, timestamp, arrival, this.clockRate);
    if (!this.#started) {
      this.#started = true;
      // One cycle above zero, so that packets from before the first one stay positive.
      this.#head = 65_536 + sequence;
      return this.#take(this.#head, Arrival.fresh);
    }
    const ahead = difference16(sequence, this.#head & 0xffff);
    if (Math.abs(ahead) > SEQUENCE_JUMP_MAX) {
      // Another encoder behind the same SSRC: its numbering begins anew above the old one.
      this.missing.clear();
      this.#head += 65_536 - (this.#head & 0xffff) + sequence;
      return this.#take(this.#head, Arrival.fresh);
    }
    const number = this.#head + ahead;
    if (this.#seen[number & (SEEN - 1)] === number) {
      this.sequence = number;
      return Arrival.duplicate;
    }
    if (ahead > 1) this.missing.addGap(now, this.#head + 1, number, roundTripUs);
    if (ahead > 0) {
      this.#head = number;
      return this.#take(number, Arrival.fresh);
    }
    const asked = this.missing.asked(number);
    this.missing.fill(now, number);
    return this.#take(number, asked || repaired ? Arrival.recovered : Arrival.reordered);
  }

  #take(number: number, arrival: Arrival): Arrival {
    this.#seen[number & (SEEN - 1)] = number;
    this.sequence = number;
    this.packets += 1;
    this.frames.settle(this.missing.oldest ?? Number.POSITIVE_INFINITY);
    return arrival;
  }
}
