/** Packets remembered by transport sequence, at first and at most: 0.6 and 5 s at 400 a second. */
const CAPACITY_START = 256;
export const SENT_PACKETS_MAX = 2048;
/** A packet that waits longer for its feedback than this makes no room necessary. */
const WAIT_MAX_US = 3_000_000;

export const PacketKind = { media: 0, rtx: 1, probe: 2 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/** What is known of a packet's fate. */
export const PacketFate = { none: 0, inFlight: 1, lost: 2, received: 3 } as const;

/**
 * What left for one viewer, by transport-wide sequence number. Feedback is matched in O(packets it
 * reports). 10 B a packet: 2.5 KiB a viewer, up to 20 KiB where a round trip holds more packets.
 */
export class SentPackets {
  /** Bytes sent and neither reported nor given up. */
  inFlightBytes = 0;
  bytes = new Uint16Array(CAPACITY_START);
  /** Probe cluster, 0 for none. */
  cluster = new Uint8Array(CAPACITY_START);
  /** us, modulo 2^32. */
  private sentUs = new Uint32Array(CAPACITY_START);
  private fate = new Uint8Array(CAPACITY_START);
  private sequences = new Uint16Array(CAPACITY_START);
  private mask = CAPACITY_START - 1;
  private newestUs = 0;

  /** A packet of `bytes` on the wire left at `now` (us). */
  note(sequence: number, now: number, bytes: number, cluster: number): void {
    this.newestUs = now;
    let slot = sequence & this.mask;
    if (this.fate[slot] === PacketFate.inFlight) {
      if (this.mask + 1 < SENT_PACKETS_MAX && now - this.sentAt(slot) < WAIT_MAX_US) {
        this.grow();
        slot = sequence & this.mask;
      } else {
        // Overwritten unreported: its feedback was lost long ago.
        this.inFlightBytes -= this.bytes[slot]!;
      }
    }
    this.sequences[slot] = sequence;
    this.sentUs[slot] = now;
    this.bytes[slot] = bytes;
    this.cluster[slot] = cluster;
    this.fate[slot] = PacketFate.inFlight;
    this.inFlightBytes += bytes;
  }

  /** Slot of a transport sequence number, or -1 when it was not sent or is forgotten. */
  find(sequence: number): number {
    const slot = sequence & this.mask;
    return this.sequences[slot] === sequence && this.fate[slot] !== PacketFate.none ? slot : -1;
  }

  /** When the packet of a slot left, us: within 71 minutes before the newest. */
  sentAt(slot: number): number {
    return this.newestUs - ((this.newestUs - this.sentUs[slot]!) >>> 0);
  }

  /** Writes a packet's fate. Returns the fate it had. A received packet never becomes lost. */
  settle(slot: number, fate: number): number {
    const before = this.fate[slot]!;
    if (before === PacketFate.inFlight) this.inFlightBytes -= this.bytes[slot]!;
    if (before !== PacketFate.received) this.fate[slot] = fate;
    return before;
  }

  /** Doubles the memory; every packet goes where the longer mask puts it. */
  private grow(): void {
    const { sequences, sentUs, bytes, cluster, fate } = this;
    const capacity = (this.mask + 1) * 2;
    this.mask = capacity - 1;
    this.sequences = new Uint16Array(capacity);
    this.sentUs = new Uint32Array(capacity);
    this.bytes = new Uint16Array(capacity);
    this.cluster = new Uint8Array(capacity);
    this.fate = new Uint8Array(capacity);
    for (let from = 0; from < sequences.length; from += 1) {
      const to = sequences[from]! & this.mask;
      this.sequences[to] = sequences[from]!;
      this.sentUs[to] = sentUs[from]!;
      this.bytes[to] = bytes[from]!;
      this.cluster[to] = cluster[from]!;
      this.fate[to] = fate[from]!;
    }
  }
}
