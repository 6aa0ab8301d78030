import { difference16 } from "../wire/bytes.ts";

/** A jump of more packets than this, either way, is a restarted encoder and no loss. */
export const SEQUENCE_JUMP_MAX = 3000;
/** The first packet's origin sequence lies this far above its RTP sequence number. */
const ORIGIN_START = 65_536;
/** Packets of the old numbering come this late at most, counted in either numbering. */
const STRAGGLERS_MAX = 1000;

/**
 * The origin sequence of each packet of a ring: its unwrapped RTP sequence number. A restarted
 * encoder goes on at the next number, so that it neither opens a giant hole nor stalls the ring.
 * Reused: `map` leaves its answer in the fields.
 */
export class OriginSequence {
  /** Of the packet last mapped, int32, wraps. */
  origin = 0;
  /** The packet last mapped is the first of a new numbering. */
  discontinuity = false;
  #started = false;
  #restarted = false;
  /** Highest origin sequence so far, and its RTP sequence number. */
  #head = 0;
  #newest = 0;
  /** First origin sequence of the present numbering. */
  #floor = 0;
  /** The same of the numbering before it, for its stragglers. */
  #hasPrevious = false;
  #previousNewest = 0;

  /** Highest origin sequence so far. */
  get head(): number {
    return this.#head;
  }

  /** The next packet comes from another SSRC: it takes the next number, whatever its own is. */
  restart(): void {
    this.#restarted = true;
    this.#hasPrevious = false;
  }

  /** Numbers a packet by its RTP sequence number; false when it belongs nowhere. */
  map(sequence: number): boolean {
    this.discontinuity = false;
    if (!this.#started) return this.#start(sequence);
    if (this.#restarted) return this.#jump(sequence, false);
    const ahead = difference16(sequence, this.#newest);
    if (this.#straggler(sequence, ahead)) return true;
    if (Math.abs(ahead) <= SEQUENCE_JUMP_MAX) return this.#near(sequence, ahead);
    return this.#jump(sequence, true);
  }

  /** The same for a retransmission (RTX), which never begins a numbering. */
  mapRetransmission(sequence: number): boolean {
    this.discontinuity = false;
    if (!this.#started || this.#restarted) return false;
    const ahead = difference16(sequence, this.#newest);
    if (this.#straggler(sequence, ahead)) return true;
    return Math.abs(ahead) <= SEQUENCE_JUMP_MAX && this.#near(sequence, ahead);
  }

  /** RTP sequence number of an origin sequence of the present numbering. */
  toRtp(origin: number): number {
    return (this.#newest - ((this.#head - origin) | 0)) & 0xffff;
  }

  #start(sequence: number): true {
    this.#started = true;
    this.#restarted = false;
    // Leaves numbers for packets that come late, from before the first one.
    this.#floor = 0;
    this.#head = ORIGIN_START + sequence;
    this.#newest = sequence;
    this.origin = this.#head;
    return true;
  }

  #near(sequence: number, ahead: number): boolean {
    const origin = (this.#head + ahead) | 0;
    if (ahead > 0) {
      this.#head = origin;
      this.#newest = sequence;
      // Keep the floor within half of the number space.
      if (((origin - this.#floor) | 0) > 1 << 30) this.#floor = (origin - (1 << 29)) | 0;
    } else if (((origin - this.#floor) | 0) < 0) {
      return false;
    }
    this.origin = origin;
    return true;
  }

  /** A late packet of the numbering before the present one: nearer to its end than to our head. */
  #straggler(sequence: number, ahead: number): boolean {
    if (!this.#hasPrevious) return false;
    if (((this.#head - this.#floor) | 0) > STRAGGLERS_MAX) {
      // The present numbering may reach the old numbers soon.
      this.#hasPrevious = false;
      return false;
    }
    const behind = difference16(sequence, this.#previousNewest);
    if (behind > 0 || behind < -STRAGGLERS_MAX || -behind >= Math.abs(ahead)) return false;
    this.origin = (this.#floor - 1 + behind) | 0;
    return true;
  }

  #jump(sequence: number, sameSource: boolean): true {
    this.#restarted = false;
    this.#hasPrevious = sameSource;
    this.#previousNewest = this.#newest;
    this.#head = (this.#head + 1) | 0;
    this.#floor = this.#head;
    this.#newest = sequence;
    this.origin = this.#head;
    this.discontinuity = true;
    return true;
  }
}
