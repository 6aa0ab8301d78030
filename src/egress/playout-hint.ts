/** The unit of the playout-delay extension, us. */
const UNIT_US = 10_000;
/** Less loss than this is left to chance. */
const LOSS_MIN = 0.002;
/** A retransmission is there one round trip after the NACK, which leaves a packet or two late. */
const ROUND_TRIPS = 1.5;
const MARGIN_US = 20_000;
/** A change smaller than this is not worth a new hint. */
const STEP_UNITS = 3;

/** 10 ms units. */
export interface PlayoutDelay {
  readonly min: number;
  readonly max: number;
}

/**
 * The playout delay that a viewer's receiver is asked for, within what the stream's use allows: the
 * least where its path is clean, and where packets are lost enough for a retransmission to come in
 * time.
 */
export class PlayoutHint {
  /** 10 ms units. */
  min: number;
  readonly max: number;
  /** Rises with each change. */
  version = 0;

  constructor(private readonly range: PlayoutDelay) {
    this.min = range.min;
    this.max = range.max;
  }

  /** `loss`: share lost of late, 0 to 1. */
  update(roundTripUs: number | null, loss: number): void {
    const needed =
      roundTripUs === null || loss < LOSS_MIN
        ? 0
        : Math.ceil((roundTripUs * ROUND_TRIPS + MARGIN_US) / UNIT_US);
    const min = Math.min(this.range.max, Math.max(this.range.min, needed));
    // Up as soon as it is needed, down only when it matters: each change moves the picture.
    if (min <= this.min && this.min - min < STEP_UNITS * (loss > 0 ? 5 : 1)) return;
    this.min = min;
    this.version += 1;
  }
}
