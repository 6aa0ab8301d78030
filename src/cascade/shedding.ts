/** Strain that lasts so long is no burst of loss ... */
const STRAIN_US = 800_000;
/** ... and shows what a cut came to after so long. */
const SETTLE_US = 1_500_000;
/** What comes back has to be carried for so long before readers hear of it. */
const TRY_US = 5_000_000;
/** So long after a cut it is tried, and twice as long after each time that it was in vain ... */
const WAIT_MIN_US = 5_000_000;
const WAIT_MAX_US = 300_000_000;
/** ... or did not hold for so long. */
const RELAPSE_US = 30_000_000;

/** In place of a ring's number: a second parent that gives the same. */
const SECOND = -1;

/** What of a stream is not to come for now. */
export interface Relief {
  /** One parent gives it, no second one as well. */
  readonly single: boolean;
  /** Rings that are not there for readers, a bit each. */
  readonly withheld: number;
  /** Those of them that flow all the same, to find out whether there is room. */
  readonly tried: number;
  /** Rings that readers have again, in place of another: there may be no room for both. */
  readonly offered: number;
}

/** A stream that is pulled, and could be pulled less of. */
export interface Burden {
  /** Nobody who gives it does well, and what gets lost of it stays lost. */
  readonly strained: boolean;
  /** More than one gives it. */
  readonly doubled: boolean;
  /** Of each ring, bits a second of its video; 0 for audio, and where nothing is sent. */
  readonly rates: readonly number[];
  /** Rings that flow here, a bit each. */
  readonly flowing: number;
  /** Bits of its video that came in the last second. */
  readonly come: number;
  relieve(relief: Relief, now: number): void;
}

/** What was cut of a burden. */
interface Cut {
  readonly burden: Burden;
  readonly ring: number;
  /** Rings that flowed when it was cut: who had those did not choose it. */
  readonly beside: number;
  triedAt: number;
  /** There was room for it in place of what is below it: readers are to hear of it at once when it is tried. */
  offered: boolean;
}

/**
 * A node pulls what its links carry and no more: better one layer less than packets of all. First a
 * second parent goes that is of no help, then the highest layers, one at a time in the whole node, as
 * its links may be one line. Never the audio or the last layer. What was cut is tried again one by one,
 * ever more seldom while that is in vain. It flows beside what readers have, and none of them sees it; where
 * that is too much, but as much comes as it would be in place of that, it is offered to them the next time.
 */
export class Shedding {
  /** The newest last. */
  readonly #cuts: Cut[] = [];
  #trying: Cut | null = null;
  #strainedSince: number | null = null;
  #changedAt = Number.NEGATIVE_INFINITY;
  #provenAt = Number.NEGATIVE_INFINITY;
  #tryAt = 0;
  #waitUs = WAIT_MIN_US;

  /** Some times a second, with all streams that are pulled. */
  look(now: number, burdens: readonly Burden[]): void {
    this.#forget(burdens);
    // Whoever has nothing left to give up does not keep the others from coming back.
    const strained = burdens.filter((burden) => {
      return burden.strained && (burden === this.#trying?.burden || this.#next(burden) !== null);
    });
    if (strained.length > 0) this.#strain(strained, now);
    else this.#ease(now);
    for (const burden of burdens) burden.relieve(this.#reliefOf(burden), now);
  }

  #strain(strained: readonly Burden[], now: number): void {
    this.#strainedSince ??= now;
    if (now - this.#strainedSince < STRAIN_US) return;
    if (this.#trying !== null) this.#giveUpTrying(now);
    else if (now - this.#changedAt >= SETTLE_US) this.#cut(strained, now);
  }

  #ease(now: number): void {
    this.#strainedSince = null;
    if (this.#trying === null) {
      if (now >= this.#tryAt) this.#try(now);
    } else if (now - this.#changedAt >= TRY_US) {
      this.#cuts.splice(this.#cuts.indexOf(this.#trying), 1);
      this.#trying = null;
      this.#provenAt = now;
      this.#change(now, WAIT_MIN_US);
    }
  }

  /** Of what can be spared the most: a second parent's all, or the largest layer. */
  #cut(strained: readonly Burden[], now: number): void {
    const sizeOf = ({ burden, ring }: Cut): number =>
      ring === SECOND ? Number.POSITIVE_INFINITY : burden.rates[ring]!;
    const cuts = strained.map(
      (burden): Cut => ({
        ...{ burden, ring: this.#next(burden)!, beside: burden.flowing },
        ...{ triedAt: 0, offered: false },
      }),
    );
    const isRelapse = now - this.#provenAt < RELAPSE_US;
    if (isRelapse) this.#waitLonger();
    else if (this.#cuts.length === 0) this.#waitUs = WAIT_MIN_US;
    this.#provenAt = Number.NEGATIVE_INFINITY;
    this.#cuts.push(cuts.reduce((most, each) => (sizeOf(each) > sizeOf(most) ? each : most)));
    this.#change(now, this.#waitUs);
  }

  /** Of each stream what went last, of those which was tried longest ago. */
  #try(now: number): void {
    const last = this.#cuts.filter(
      (cut, i) => !this.#cuts.slice(i + 1).some(({ burden }) => burden === cut.burden),
    );
    if (last.length === 0) return;
    this.#trying = last.reduce((first, each) => (each.triedAt <= first.triedAt ? each : first));
    this.#trying.triedAt = now;
    this.#change(now, 0);
  }

  #giveUpTrying(now: number): void {
    const cut = this.#trying!;
    this.#trying = null;
    cut.offered = !cut.offered && this.#fitsInstead(cut);
    if (!cut.offered) this.#waitLonger();
    this.#change(now, this.#waitUs);
  }

  /** What comes by a link that is full is what it carries. */
  #fitsInstead({ burden, ring, beside }: Cut): boolean {
    if (ring === SECOND) return false;
    // After long it may be others that have them.
    const kept = this.#waitUs < WAIT_MAX_US ? beside : 0;
    return burden.come >= insteadOf(burden, ring, kept);
  }

  #waitLonger(): void {
    this.#waitUs = Math.min(WAIT_MAX_US, 2 * this.#waitUs);
  }

  #change(now: number, waitUs: number): void {
    this.#changedAt = now;
    this.#strainedSince = null;
    this.#tryAt = now + waitUs;
  }

  /** Streams that are pulled no more, and layers that are sent no more. */
  #forget(burdens: readonly Burden[]): void {
    for (const cut of [...this.#cuts]) {
      const { burden, ring } = cut;
      if (burdens.includes(burden) && (ring === SECOND || burden.rates[ring]! > 0)) continue;
      this.#cuts.splice(this.#cuts.indexOf(cut), 1);
      if (this.#trying === cut) this.#trying = null;
    }
  }

  /** What could go next; null for nothing. */
  #next(burden: Burden): number | null {
    const { single, withheld } = this.#reliefOf(burden);
    if (burden.doubled && !single) return SECOND;
    const { rates, flowing } = burden;
    const left = rates.map((rate, ring) => ((withheld & (1 << ring)) === 0 ? rate : 0));
    let top: number | null = null;
    for (const [ring, rate] of left.entries()) {
      if ((flowing & (1 << ring)) !== 0 && rate > (top === null ? 0 : left[top]!)) top = ring;
    }
    const hasLower = top !== null && left.some((rate) => rate > 0 && rate < left[top]!);
    return hasLower ? top : null;
  }

  /** What is above a layer that was cut goes with it: nobody is to choose that instead. */
  #reliefOf(burden: Burden): Relief {
    const cuts = this.#cuts.filter((cut) => cut.burden === burden);
    const tried = cuts.find((cut) => cut === this.#trying) ?? null;
    const rings = cuts.filter((cut) => cut.ring !== SECOND && !(cut === tried && cut.offered));
    const floor = Math.min(...rings.map(({ ring }) => burden.rates[ring]!));
    let withheld = 0;
    for (const [ring, rate] of burden.rates.entries()) if (rate >= floor) withheld |= 1 << ring;
    const ring = tried === null || tried.ring === SECOND ? 0 : 1 << tried.ring;
    return {
      single: cuts.some((cut) => cut.ring === SECOND && cut !== tried),
      withheld,
      tried: ring & withheld,
      offered: ring & ~withheld,
    };
  }
}

/**
 * Bits a second that flow when those who have the layer below a ring have that instead; not those of the
 * rings `kept`.
 */
function insteadOf({ rates, flowing }: Burden, ring: number, kept: number): number {
  let sum = rates[ring]!;
  let below: number | null = null;
  for (const [other, rate] of rates.entries()) {
    if (other === ring || (flowing & (1 << other)) === 0) continue;
    sum += rate;
    if (rate < rates[ring]! && rate > (below === null ? 0 : rates[below]!)) below = other;
  }
  return below === null || (kept & (1 << below)) !== 0 ? sum : sum - rates[below]!;
}
