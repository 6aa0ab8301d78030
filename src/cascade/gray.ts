/** What is looked at so often. */
const LOOK_US = 200_000;
/** Loss is of the last second, and of the last three where a second has too few to tell. */
const WINDOW_LOOKS = 5;
const LONG_WINDOW_LOOKS = 3 * WINDOW_LOOKS;
const ENOUGH_SENT = 300;
const LOSS_MAX = 0.08;
/** Of fewer datagrams a second a share says little. */
const SENT_MIN = 50;
/** What a link may lose all the time, and be well: holes are filled. */
const LOSS_WELL = 0.05;
/** More comes of that by chance in one of 30,000 looks: so many standard deviations above it ... */
const CERTAINTY = 4;
/** ... and so many datagrams, as counts of what is rare lean (Cornish and Fisher: a sixth of z^2 - 1). */
const LEANING = ((CERTAINTY ** 2 - 1) * (1 - 2 * LOSS_WELL)) / 6;
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

  /** Share of what was sent of late that did not come; 0 where that may be chance. */
  #loss(figures: LinkFigures): number {
    const before = this.#before;
    const last = before.at(-1);
    // Another session carries it, which counts anew.
    if (last !== undefined && figures.newest < last.newest) before.length = 0;
    before.push(figures);
    if (before.length > LONG_WINDOW_LOOKS + 1) before.shift();
    const loss = this.#lossOf(WINDOW_LOOKS);
    const first = before.at(-1 - WINDOW_LOOKS);
    if (loss > 0 || first === undefined || figures.newest - first.newest >= ENOUGH_SENT)
      return loss;
    return this.#lossOf(LONG_WINDOW_LOOKS);
  }

  /** Of what was sent since the look so many before the last. */
  #lossOf(looks: number): number {
    const first = this.#before.at(-1 - looks);
    if (first === undefined) return 0;
    const last = this.#before.at(-1)!;
    const sent = last.newest - first.newest;
    const lost = sent - (last.come - first.come);
    const chance = CERTAINTY * Math.sqrt(sent * LOSS_WELL * (1 - LOSS_WELL)) + LEANING;
    const isMuch = lost > sent * LOSS_MAX && lost > sent * LOSS_WELL + chance;
    return isMuch && sent >= (SENT_MIN * looks) / WINDOW_LOOKS ? lost / sent : 0;
  }
}

function ms(us: number): number {
  return Math.round(us / 1000);
}
