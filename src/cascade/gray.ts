/** What is looked at so often. */
const LOOK_US = 200_000;
/** Loss is of the last second. */
const WINDOW_LOOKS = 5;
const LOSS_MAX = 0.08;
/** Of fewer datagrams a share says little. */
const SENT_MIN = 50;
/** So many standard deviations above what may be lost: a second is a small sample. */
const CERTAINTY = 1.5;
const LATER_MAX_US = 100_000;
const LAG_MAX_US = 100_000;
const UNANSWERED_MAX_US = 600_000;
/** A thread that stood still has asked once and no more: nobody is blamed for its own lateness. */
const UNANSWERED_PINGS = 3;
/** So long nothing must be wrong before a link is well again. */
const WELL_US = 3_000_000;

/** How a link does, as its two ends can tell. */
export interface LinkFigures {
  /** Number of the newest datagram that came by the session that carries it, and how many have come. */
  readonly newest: number;
  readonly come: number;
  /** The newest round trip is longer than the shortest of late, us. */
  readonly laterUs: number;
  /** How late the media of the other end is, us. */
  readonly lagUs: number;
  /** How long no PING was answered, us, and how many those are. */
  readonly unansweredUs: number;
  readonly unanswered: number;
}

/**
 * Whether a link that is there does badly: its other end is not cut for that, another parent is added.
 * Only the two ends see it, so only the node next to what fails acts.
 */
export class Gray {
  /** How often it has begun. */
  begun = 0;
  readonly #before: LinkFigures[] = [];
  #lookAt = 0;
  #since = Number.NEGATIVE_INFINITY;
  #words: string | null = null;

  /** Brings it up to date; looks at figures now and then only. */
  look(now: number, figures: () => LinkFigures): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_US;
    const words = this.#wrong(figures());
    if (words === null) {
      if (now - this.#since >= WELL_US) this.#words = null;
      return;
    }
    if (this.#words === null) this.begun += 1;
    this.#words = words;
    this.#since = now;
  }

  get isGray(): boolean {
    return this.#words !== null;
  }

  /** What is or was a moment ago wrong with it, for people; null when it is well. */
  get words(): string | null {
    return this.#words;
  }

  #wrong(figures: LinkFigures): string | null {
    const { laterUs, lagUs, unansweredUs, unanswered } = figures;
    const loss = this.#loss(figures);
    if (loss > 0) return `loses ${Math.round(loss * 100)} % of what is sent`;
    if (unansweredUs > UNANSWERED_MAX_US && unanswered >= UNANSWERED_PINGS)
      return "answers no ping";
    if (laterUs > LATER_MAX_US) return `takes ${ms(laterUs)} ms longer than before`;
    return lagUs > LAG_MAX_US ? `gives media ${ms(lagUs)} ms late` : null;
  }

  /** Share of the last second's datagrams that did not come; 0 where that may be chance. */
  #loss(figures: LinkFigures): number {
    const before = this.#before;
    const last = before.at(-1);
    // Another session carries it, which counts anew.
    if (last !== undefined && figures.newest < last.newest) before.length = 0;
    before.push(figures);
    if (before.length > WINDOW_LOOKS + 1) before.shift();
    if (before.length <= WINDOW_LOOKS) return 0;
    const sent = figures.newest - before[0]!.newest;
    const lost = sent - (figures.come - before[0]!.come);
    const chance = CERTAINTY * Math.sqrt(sent * LOSS_MAX * (1 - LOSS_MAX));
    return sent >= SENT_MIN && lost > sent * LOSS_MAX + chance ? lost / sent : 0;
  }
}

function ms(us: number): number {
  return Math.round(us / 1000);
}
