/** What made a sent packet's bytes, as far as the ring does not know it. */
export const SentFlag = {
  /** This place holds a packet. */
  sent: 1,
  /** Bytes of RTP padding: two bits. */
  paddingShift: 1,
  paddingMask: 0b110,
  /** Carried an extension of ours (playout-delay, capture time): cannot be rebuilt identically. */
  unrepeatable: 8,
} as const;

/** The last packets of one SSRC, by index: enough to answer NACKs from the ring. */
export class SentHistory {
  private readonly indices: Float64Array;
  private readonly transportSequences: Uint16Array;
  private readonly flags: Uint8Array;
  /** When it was last sent again, us. */
  private readonly resentAt: Float64Array;
  private readonly mask: number;

  /** `size` is a power of two. */
  constructor(size: number) {
    this.mask = size - 1;
    this.indices = new Float64Array(size).fill(-1);
    this.transportSequences = new Uint16Array(size);
    this.flags = new Uint8Array(size);
    this.resentAt = new Float64Array(size);
  }

  note(index: number, transportSequence: number, padding: number, unrepeatable: boolean): void {
    const at = index & this.mask;
    this.indices[at] = index;
    this.transportSequences[at] = transportSequence;
    this.flags[at] =
      SentFlag.sent |
      (padding << SentFlag.paddingShift) |
      (unrepeatable ? SentFlag.unrepeatable : 0);
    this.resentAt[at] = 0;
  }

  has(index: number): boolean {
    return this.indices[index & this.mask] === index;
  }

  transportSequence(index: number): number {
    return this.transportSequences[index & this.mask]!;
  }

  padding(index: number): number {
    return (this.flags[index & this.mask]! & SentFlag.paddingMask) >> SentFlag.paddingShift;
  }

  repeatable(index: number): boolean {
    return (this.flags[index & this.mask]! & SentFlag.unrepeatable) === 0;
  }

  /** True at most once per `intervalUs` and packet. */
  mayResend(index: number, now: number, intervalUs: number): boolean {
    const at = index & this.mask;
    if (now - this.resentAt[at]! < intervalUs) return false;
    this.resentAt[at] = now;
    return true;
  }
}
