/** A jump of a source's own timestamps beyond what its packets' arrival explains. */
const UNEXPLAINED_US = 1_000_000;

/**
 * The RTP time line of one track toward a viewer. It rises by the time that really passed, whoever
 * publishes: without that jump, picture latency would grow by the length of each gap.
 */
export class TimeLine {
  /** Added to the source's timestamps, modulo 2^32. */
  offset = 0;
  private started = false;
  /** Newest packet that left: its timestamp on this line, and when it came from the publisher. */
  private timestamp = 0;
  private arrival = 0;
  /** Ticks by which the present segment is ahead of the line, since it could not begin in the past. */
  private ahead = 0;

  /** A packet left. */
  note(timestamp: number, arrival: number): void {
    if (this.started && ((timestamp - this.timestamp) | 0) <= 0) return;
    this.started = true;
    this.timestamp = timestamp;
    this.arrival = arrival;
  }

  /**
   * The offset of a segment that begins with this packet of a source. `sameSource`: its timestamps
   * go on from those of the segment before, unless they show that they do not.
   */
  begin(timestamp: number, arrival: number, clockRate: number, sameSource: boolean): number {
    if (!this.started) return this.offset;
    const elapsed = Math.max(0, arrival - this.arrival);
    const ticks = Math.max(1, Math.round((elapsed * clockRate) / 1e6));
    if (!sameSource || !this.goesOn(timestamp, ticks, clockRate)) {
      this.offset = (this.timestamp + ticks - timestamp) >>> 0;
      this.ahead = 0;
    }
    return this.offset;
  }

  /**
   * The offset of a segment that begins with this packet of another layer, whose clock says that
   * `offset` continues the segment before. Output time rises by one tick at least (design 4); what a
   * layer that comes late is put ahead by that is taken back at the next switch, or it would add up.
   */
  align(timestamp: number, offset: number): number {
    const exact = (offset - this.ahead) >>> 0;
    const behind = this.started && ((timestamp + exact - this.timestamp) | 0) <= 0;
    this.offset = behind ? (this.timestamp + 1 - timestamp) >>> 0 : exact;
    this.ahead = (this.offset - exact) | 0;
    return this.offset;
  }

  /**
   * As `align`, for a segment that may begin long before what has left: its own time line is kept,
   * and what is over by then is squeezed together (Rewound). `offset` is null where the layers'
   * clocks are not known against each other: then their arrival tells.
   */
  rewind(
    timestamp: number,
    arrival: number,
    clockRate: number,
    offset: number | null,
  ): { readonly first: number; readonly last: number } | null {
    const elapsed = Math.round(((arrival - this.arrival) * clockRate) / 1e6);
    const exact = offset === null ? this.timestamp + elapsed - timestamp : offset - this.ahead;
    this.offset = exact >>> 0;
    this.ahead = 0;
    const behind = this.started && ((timestamp + this.offset - this.timestamp) | 0) <= 0;
    return behind ? { first: timestamp, last: this.timestamp } : null;
  }

  private goesOn(timestamp: number, ticks: number, clockRate: number): boolean {
    const ahead = (timestamp + this.offset - this.timestamp) | 0;
    return ahead > 0 && Math.abs(ahead - ticks) <= (UNEXPLAINED_US / 1e6) * clockRate;
  }
}
