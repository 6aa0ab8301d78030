/** Packets remembered by transport sequence: 5 s at 400 packets a second. A power of two. */
export const SENT_PACKETS_MAX = 2048;
const MASK = SENT_PACKETS_MAX - 1;

export const PacketKind = { media: 0, rtx: 1, probe: 2 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/** What is known of a packet's fate. */
export const PacketFate = { none: 0, inFlight: 1, lost: 2, received: 3 } as const;

/**
 * What left for one viewer, by transport-wide sequence number: 2,048 x (8 + 2 + 2 + 1 + 1 + 1) B =
 * 30 KiB. Feedback is matched in O(packets it reports).
 */
export class SentPackets {
  /** Bytes sent and neither reported nor given up. */
  inFlightBytes = 0;
  readonly sentUs = new Float64Array(SENT_PACKETS_MAX);
  readonly bytes = new Uint16Array(SENT_PACKETS_MAX);
  readonly kind = new Uint8Array(SENT_PACKETS_MAX);
  /** Probe cluster, 0 for none. */
  readonly cluster = new Uint8Array(SENT_PACKETS_MAX);
  readonly fate = new Uint8Array(SENT_PACKETS_MAX);
  private readonly sequences = new Uint16Array(SENT_PACKETS_MAX);

  /** A packet of `bytes` on the wire left at `now` (us). */
  note(sequence: number, now: number, bytes: number, kind: PacketKind, cluster: number): void {
    const slot = sequence & MASK;
    // Overwritten unreported: its feedback was lost long ago.
    if (this.fate[slot] === PacketFate.inFlight) this.inFlightBytes -= this.bytes[slot]!;
    this.sequences[slot] = sequence;
    this.sentUs[slot] = now;
    this.bytes[slot] = bytes;
    this.kind[slot] = kind;
    this.cluster[slot] = cluster;
    this.fate[slot] = PacketFate.inFlight;
    this.inFlightBytes += bytes;
  }

  /** Slot of a transport sequence number, or -1 when it was not sent or is forgotten. */
  find(sequence: number): number {
    const slot = sequence & MASK;
    return this.sequences[slot] === sequence && this.fate[slot] !== PacketFate.none ? slot : -1;
  }

  /** Writes a packet's fate. Returns the fate it had. A received packet never becomes lost. */
  settle(slot: number, fate: number): number {
    const before = this.fate[slot]!;
    if (before === PacketFate.inFlight) this.inFlightBytes -= this.bytes[slot]!;
    if (before !== PacketFate.received) this.fate[slot] = fate;
    return before;
  }
}
