import { AUDIO_HELD_MAX_US, HELD_COST_US, HELD_PACKETS_MAX } from "../limits.ts";
import { Glance } from "../ring/glance.ts";
import { LayerFlag, SlotFlag } from "../ring/layout.ts";
import { NextLayer } from "../ring/packet-layers.ts";
import type { RingReader } from "../ring/reader.ts";

/** The first packets of a frame wait for so long, and a full run does: what comes at once, a keyframe
 * also, leaves together. */
const START_US = 1_000;
/** Paths that take so much more than the stream are kept busy through a frame, as if nothing waited. */
const PATH_FACTOR = 1.3;
/** How often packets come is measured over so long; before that it is taken to be so, us. */
const SPACING_WINDOW_US = 250_000;
const SPACING_START_US = 1_000;

/** What is asked of whoever a ring's packets are for. */
interface Recipient {
  /** Highest spatial layer that it is sent; -1 while nobody knows. */
  readonly spatialId: number;
}

/** One at a time in a thread. */
const packet = new Glance();

/**
 * What waits in a ring, and until when it may. A viewer can use a frame when its last packet comes, so
 * only that one is urgent: it leaves at once, with all before it. So do packets that a decoder waits
 * for already, and a run that would take long to serve. The others may wait for one of these, as long
 * as a path that takes little more than the stream is busy with what has left of the frame.
 */
export class Holding {
  /** When something came that leaves at once, us; Infinity: nothing has. */
  #urgentAt = Number.POSITIVE_INFINITY;
  /** When the first that waits came, us. */
  #oldest = Number.POSITIVE_INFINITY;
  /** Of the arrivals not taken, those that were looked at. */
  #looked = 0;
  #started = false;
  /** The highest number that was looked at. */
  #highest = 0;
  /** Of the newest frame: its time, its packets that wait, and those that left, since when (us). */
  #timestamp = -1;
  #waiting = 0;
  #left = 0;
  #leftAt = 0;
  /** How far apart packets come, us, on the whole; measured since, by so many. */
  #spacingUs = SPACING_START_US;
  #measuredSince = Number.NEGATIVE_INFINITY;
  #measured = 0;
  /** The end of a layer's frame: what comes next tells whether it is the end of some viewer's. */
  #open: number | null = null;

  constructor(
    private readonly reader: RingReader,
    private readonly recipients: readonly Recipient[],
    private readonly audio: boolean,
  ) {}

  /** All that came so far is passed over. */
  skip(): void {
    this.taken(0);
    this.#left = 0;
    this.#started = !this.reader.empty;
    this.#highest = (this.reader.head - 1) | 0;
  }

  /** What waited is taken. */
  taken(now: number): void {
    if (this.#left === 0) this.#leftAt = now;
    this.#left += this.#waiting;
    this.#waiting = 0;
    this.#urgentAt = Number.POSITIVE_INFINITY;
    this.#oldest = Number.POSITIVE_INFINITY;
    this.#looked = 0;
    this.#open = null;
  }

  /** The last of what was taken waits again. */
  putBack(sequence: number): void {
    this.#highest = (sequence - 1) | 0;
  }

  /** Looks at what has come since the last call; `patience` as for `dueAt`. */
  look(now: number, patience: number): void {
    const { reader } = this;
    if (this.#open !== null && reader.glance(this.#open, packet)) this.#noteEnd(this.#open, now);
    const { backlog } = reader;
    while (this.#looked < backlog && this.#urgentAt === Number.POSITIVE_INFINITY) {
      this.#note(reader.untaken(this.#looked), now, patience);
    }
  }

  /** There is something that is not taken. */
  get waits(): boolean {
    return this.#looked > 0;
  }

  /** Something that waits leaves at once. */
  get urgent(): boolean {
    return this.#urgentAt !== Number.POSITIVE_INFINITY;
  }

  /** When what waits is due, us, if nothing may wait for longer than `patience`. */
  dueAt(patience: number): number {
    if (this.#urgentAt !== Number.POSITIVE_INFINITY) return this.#urgentAt;
    const oldest = this.#oldest;
    if (this.audio) return oldest + Math.min(patience, AUDIO_HELD_MAX_US);
    const full = this.#looked >= HELD_PACKETS_MAX;
    if (full || this.#left === 0) return oldest + Math.min(patience, START_US);
    const busyUntil = this.#leftAt + (this.#left * this.#spacingUs) / PATH_FACTOR;
    return Math.min(oldest + patience, Math.max(oldest, busyUntil));
  }

  /** Whether somebody may be sent more of a picture than this spatial layer. */
  reachesAbove(spatialId: number): boolean {
    for (const { spatialId: top } of this.recipients) if (top < 0 || top > spatialId) return true;
    return false;
  }

  #note(sequence: number, now: number, patience: number): void {
    this.#looked += 1;
    // The writer is a ring ahead of this worker.
    if (!this.reader.glance(sequence, packet)) {
      this.#urgentAt = now;
      return;
    }
    const at = Math.min(now, packet.receiptUs);
    if (at < this.#oldest) this.#oldest = at;
    this.#noteFrame(at);
    const late = this.#started && ((sequence - this.#highest) | 0) <= 0;
    if (!late) this.#highest = sequence;
    this.#started = true;
    if (late || this.#isMuch(patience)) this.#urgentAt = at;
    else if (!this.audio) this.#noteEnd(sequence, now);
  }

  /** In the middle of a frame more has come than may stand before its end. */
  #isMuch(patience: number): boolean {
    if (this.audio || this.#left === 0) return false;
    return this.#looked * this.recipients.length * HELD_COST_US >= patience;
  }

  #noteFrame(at: number): void {
    if (packet.timestamp !== this.#timestamp) {
      this.#timestamp = packet.timestamp;
      this.#waiting = 0;
      this.#left = 0;
    }
    this.#waiting += 1;
    this.#measured += 1;
    const window = at - this.#measuredSince;
    if (window < SPACING_WINDOW_US) return;
    // After a pause it is not known.
    if (window < 2 * SPACING_WINDOW_US) this.#spacingUs = window / this.#measured;
    this.#measuredSince = at;
    this.#measured = 0;
  }

  /** Asks of the packet at a glance whether it ends a frame. */
  #noteEnd(sequence: number, now: number): void {
    this.#open = null;
    const { flags, layerFlags, spatialId, active } = packet;
    const last = (flags & SlotFlag.marker) !== 0;
    if (!last && (layerFlags & LayerFlag.end) === 0) return;
    // 8 points a spatial layer; of the fourth nothing lies above.
    const goesOn = !last && spatialId < 3 && active >>> (spatialId * 8 + 8) !== 0;
    if (!goesOn || this.#endsBelow(sequence)) this.#urgentAt = Math.min(now, packet.receiptUs);
  }

  /** Whether the picture ends here for somebody, though not for all. */
  #endsBelow(sequence: number): boolean {
    const { spatialId } = packet;
    const next = this.reader.spatialAt((sequence + 1) | 0, packet.timestamp);
    if (next === NextLayer.unknown && this.reachesAbove(spatialId)) {
      this.#open = sequence;
      return false;
    }
    for (const { spatialId: top } of this.recipients) {
      if (top === spatialId || (top > spatialId && next > top)) return true;
    }
    return false;
  }
}
