/** Packets remembered by transport sequence, at first and at most: 0.6 and 5 s at 400 a second. */
const CAPACITY_START = 256;
const SENT_PACKETS_MAX = 2048;
/** A packet that waits longer for its feedback than this makes no room necessary. */
const WAIT_MAX_US = 3_000_000;

export const PacketKind = { media: 0, rtx: 1, probe: 2 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/** What is known of a packet's fate. */
export const PacketFate = { none: 0, inFlight: 1, lost: 2, received: 3 } as const;

/** Probe clusters are numbered from 1 to this, then from 1 again. */
export const CLUSTER_MAX = 7;

/**
 * The second word of a packet:
 *
 *   | sequence (16) | bytes (11) | cluster (3) | fate (2) |
 */
const SEQUENCE_SHIFT = 16;
const BYTES_SHIFT = 5;
const BYTES_MASK = 0x7ff;
const CLUSTER_SHIFT = 2;
const FATE_MASK = 3;

/**
 * What left for one viewer, by transport-wide sequence number. Feedback is matched in O(packets it
 * reports). 8 B a packet, side by side: with a column for each part, a frame's ten packets touched
 * five cache lines and five objects of every viewer (forwarding is bound by such misses). 2 KiB a
 * viewer, up to 16 KiB where a round trip holds more packets.
 */
export class SentPackets {
  /** Bytes sent and neither reported nor given up. */
  inFlightBytes = 0;
  /** Two words a packet: when it left in us modulo 2^32, and the rest. */
  private words = new Uint32Array(2 * CAPACITY_START);
  private mask = CAPACITY_START - 1;
  private newestUs = 0;

  /** A packet of `bytes` on the wire left at `now` (us); `cluster` is 0 without a probe. */
  note(sequence: number, now: number, bytes: number, cluster: number): void {
    this.newestUs = now;
    let slot = sequence & this.mask;
    if (this.fate(slot) === PacketFate.inFlight) {
      if (this.mask + 1 < SENT_PACKETS_MAX && now - this.sentAt(slot) < WAIT_MAX_US) {
        this.grow();
        slot = sequence & this.mask;
      } else {
        // Overwritten unreported: its feedback was lost long ago.
        this.inFlightBytes -= this.bytes(slot);
      }
    }
    const kept = Math.min(bytes, BYTES_MASK);
    this.words[2 * slot] = now;
    this.words[2 * slot + 1] =
      (sequence << SEQUENCE_SHIFT) |
      (kept << BYTES_SHIFT) |
      (cluster << CLUSTER_SHIFT) |
      PacketFate.inFlight;
    this.inFlightBytes += kept;
  }

  /** Slot of a transport sequence number, or -1 when it was not sent or is forgotten. */
  find(sequence: number): number {
    const slot = sequence & this.mask;
    const word = this.words[2 * slot + 1]!;
    return word >>> SEQUENCE_SHIFT === sequence && (word & FATE_MASK) !== PacketFate.none
      ? slot
      : -1;
  }

  /** When the packet of a slot left, us: within 71 minutes before the newest. */
  sentAt(slot: number): number {
    return this.newestUs - ((this.newestUs - this.words[2 * slot]!) >>> 0);
  }

  bytes(slot: number): number {
    return (this.words[2 * slot + 1]! >>> BYTES_SHIFT) & BYTES_MASK;
  }

  /** Its probe cluster, 0 for none. */
  cluster(slot: number): number {
    return (this.words[2 * slot + 1]! >>> CLUSTER_SHIFT) & CLUSTER_MAX;
  }

  /** Writes a packet's fate. Returns the fate it had. A received packet never becomes lost. */
  settle(slot: number, fate: number): number {
    const before = this.fate(slot);
    if (before === PacketFate.inFlight) this.inFlightBytes -= this.bytes(slot);
    if (before !== PacketFate.received) {
      this.words[2 * slot + 1] = (this.words[2 * slot + 1]! & ~FATE_MASK) | fate;
    }
    return before;
  }

  private fate(slot: number): number {
    return this.words[2 * slot + 1]! & FATE_MASK;
  }

  /** Doubles the memory; every packet goes where the longer mask puts it. */
  private grow(): void {
    const before = this.words;
    const capacity = (this.mask + 1) * 2;
    this.mask = capacity - 1;
    this.words = new Uint32Array(2 * capacity);
    for (let at = 0; at < before.length; at += 2) {
      const to = 2 * ((before[at + 1]! >>> SEQUENCE_SHIFT) & this.mask);
      this.words[to] = before[at]!;
      this.words[to + 1] = before[at + 1]!;
    }
  }
}
