/** Finds how many viewers hold, in few steps: each costs seconds. Knows nothing of what it asks. */

export interface Step {
  readonly viewers: number;
  readonly held: boolean;
  /** How much of what is sure to end was taken, 0 to 1: the next step is guessed from it. */
  readonly busy: number;
}

export interface SearchOptions {
  /** Viewers of the first step. */
  readonly first: number;
  /** More than these cannot be tried. */
  readonly ceiling: number;
  /** Whether there is time for a step of so many viewers; the first one is not asked for. */
  readonly fits: (viewers: number) => boolean;
}

export interface Found<S extends Step> {
  /** The largest that held; null when none did. */
  readonly held: S | null;
  /** The smallest above it that did not; null when none was found. */
  readonly failed: S | null;
  readonly end: SearchEnd;
  readonly steps: readonly S[];
}

/** Found within RESOLUTION, as many as can be tried held, or the time was up. */
export type SearchEnd = "found" | "ceiling" | "time";

/** Steps closer than this share tell nothing new: the machine's moods are as large. */
const RESOLUTION = 0.05;
/** A step goes to where this much should be taken: what a server ends at is near. */
const BUSY_WANTED = 0.85;
/** But not further at once: few viewers tell little of what many cost ... */
const GROWTH_MAX = 6;
/** ... and not less, or it never ends. */
const GROWTH_MIN = 1.2;
/** A failure with so little taken may be somebody else's, so it is measured again. */
const BUSY_DOUBTED = 0.7;

/** Calls `run` for each step; null means that the time was up before the step was over. */
export async function search<S extends Step>(
  run: (viewers: number) => Promise<S | null>,
  options: SearchOptions,
): Promise<Found<S>> {
  const steps: S[] = [];
  let held: S | null = null;
  let failed: S | null = null;
  const found = (end: SearchEnd): Found<S> => ({ held, failed, end, steps });
  for (;;) {
    const viewers = nextViewers(held, failed, options);
    if (viewers === null) return found(held?.viewers === options.ceiling ? "ceiling" : "found");
    if (steps.length > 0 && !options.fits(viewers)) return found("time");
    const step = await measure(run, viewers, options, steps);
    if (step === null) return found("time");
    if (step.held) held = step;
    else failed = step;
  }
}

/** One step, twice where the first time is hard to believe. */
async function measure<S extends Step>(
  run: (viewers: number) => Promise<S | null>,
  viewers: number,
  { fits }: SearchOptions,
  steps: S[],
): Promise<S | null> {
  let step = await run(viewers);
  if (step !== null) steps.push(step);
  if (step === null || !isDoubtful(step) || !fits(viewers)) return step;
  step = (await run(viewers)) ?? step;
  if (steps.at(-1) !== step) steps.push(step);
  return step;
}

function isDoubtful({ held, busy }: Step): boolean {
  return !held && busy < BUSY_DOUBTED;
}

/** Null when another step would tell nothing new. */
function nextViewers(
  held: Step | null,
  failed: Step | null,
  { first, ceiling }: SearchOptions,
): number | null {
  if (failed !== null) {
    const low = held?.viewers ?? 0;
    const gap = failed.viewers - low;
    if (gap <= Math.max(1, low * RESOLUTION)) return null;
    return low + Math.floor(gap / 2);
  }
  if (held === null) return Math.min(first, ceiling);
  if (held.viewers >= ceiling) return null;
  const growth = BUSY_WANTED / Math.max(held.busy, 0.001);
  const bounded = Math.min(GROWTH_MAX, Math.max(GROWTH_MIN, growth));
  return Math.min(ceiling, Math.ceil(held.viewers * bounded));
}
