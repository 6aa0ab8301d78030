/** Whether a run of `peers` allows to say how much cheaper Spillway is, and the figure if so. */

/** What the viewers offer: all that browsers do, the best first, or what every server has. */
export type Ciphers = "negotiated" | "the same";

/** One server at one point, over all rounds. */
export interface Outcome {
  readonly server: string;
  readonly viewers: number;
  readonly arrival: string;
  readonly srtp: Ciphers;
  /** CPU of the server a packet that reached a viewer, us; null without a figure. */
  readonly cost: number | null;
  readonly lossPercent: number | null;
  /** Packets a second that reached viewers; below the others' where a server cannot keep up. */
  readonly rate: number | null;
  /** Viewers that were connected, in the worst round. */
  readonly joined: number;
  /** Why a round gave no figure. */
  readonly failure: string | null;
}

export interface PointVerdict {
  readonly viewers: number;
  readonly arrival: string;
  readonly srtp: Ciphers;
  /** The cheapest other server; null when none gave a figure. */
  readonly best: Outcome | null;
  /** Its cost in Spillway's; null when either is unknown. */
  readonly ratio: number | null;
  /** What keeps this point from counting; empty when it counts. */
  readonly missing: readonly string[];
}

export interface Verdict {
  readonly holds: boolean;
  /** The smallest ratio of the points that count; null when none does. */
  readonly ratio: number | null;
  readonly reasons: readonly string[];
}

/** By what the viewers offer and how packets arrive. */
export const CLAIMED: Readonly<Record<Ciphers, Readonly<Record<string, number>>>> = {
  negotiated: { burst: 2.2, spread: 2 },
  "the same": { burst: 1.6, spread: 1.5 },
};
const OWN = "spillway";
/** One server of each group must have delivered at a point for it to count. */
const REQUIRED: readonly (readonly string[])[] = [
  [OWN],
  ["srs"],
  ["janus"],
  ["mediamtx", "broadcast-box"],
];
/**
 * A server that loses more, or brings less than this share of what the best brings (it queues
 * instead), was overloaded there: its cost is not that of the same work.
 */
const LOSS_MAX_PERCENT = 1;
const RATE_MIN_SHARE = 0.95;

/**
 * Judges one point. The best is sought among all that gave a figure, overloaded or not: that can
 * only make the ratio smaller.
 */
export function judgePoint(outcomes: readonly Outcome[]): PointVerdict {
  const { viewers, arrival, srtp } = outcomes[0]!;
  const own = outcomes.find(({ server }) => server === OWN)?.cost ?? null;
  const others = outcomes
    .filter(({ server, cost }) => server !== OWN && cost !== null)
    .sort((a, b) => a.cost! - b.cost!);
  const best = others[0] ?? null;
  // Where much is lost, much is sent again: that rate is no measure for the others.
  const clean = outcomes.filter(({ lossPercent }) => (lossPercent ?? 100) <= LOSS_MAX_PERCENT);
  const fullRate = Math.max(0, ...clean.map(({ rate }) => rate ?? 0));
  const missing = REQUIRED.flatMap((group) => {
    const present = outcomes.filter(({ server }) => group.includes(server));
    if (present.some((outcome) => shortcoming(outcome, fullRate) === null)) return [];
    if (present.length === 0) return [`${group.join(" or ")} did not run`];
    return present.map((outcome) => `${outcome.server} ${shortcoming(outcome, fullRate)}`);
  });
  const ratio = own === null || own === 0 || best === null ? null : best.cost! / own;
  return { viewers, arrival, srtp, best, ratio, missing };
}

/** The claim stands when every kind of point counts somewhere and keeps its ratio wherever it counts. */
export function judge(points: readonly PointVerdict[]): Verdict {
  const counted = points.filter(({ missing, ratio }) => missing.length === 0 && ratio !== null);
  const ratio = counted.length === 0 ? null : Math.min(...counted.map((point) => point.ratio!));
  const reasons: string[] = [];
  for (const kind of new Set(points.map(kindOf))) {
    if (counted.some((point) => kindOf(point) === kind)) continue;
    const why = points.filter((point) => kindOf(point) === kind).flatMap((p) => p.missing);
    reasons.push(`no ${kind} point counts: ${[...new Set(why)].join(", ") || "no figures"}`);
  }
  for (const point of counted) {
    const { viewers, ratio: at, best } = point;
    if (at! >= claimedAt(point)) continue;
    reasons.push(`${at!.toFixed(2)} x at ${viewers} viewers, ${kindOf(point)} (${best!.server})`);
  }
  return { holds: counted.length > 0 && reasons.length === 0, ratio, reasons };
}

/** How many times fewer us a packet are claimed at a point. */
export function claimedAt({ srtp, arrival }: Pick<PointVerdict, "srtp" | "arrival">): number {
  return CLAIMED[srtp][arrival] ?? Number.POSITIVE_INFINITY;
}

function kindOf({ arrival, srtp }: PointVerdict): string {
  return `${arrival}, ${srtp}`;
}

/** Why this outcome is not that of a server that served all its viewers; null when it is. */
function shortcoming(outcome: Outcome, fullRate: number): string | null {
  const { viewers, cost, lossPercent, rate, joined, failure } = outcome;
  if (failure !== null) return `failed: ${failure}`;
  if (cost === null || lossPercent === null || rate === null) return "gave no figure";
  if (joined < viewers) return `connected only ${joined} of ${viewers}`;
  if (lossPercent > LOSS_MAX_PERCENT) return `lost ${lossPercent.toFixed(1)} %`;
  if (rate >= RATE_MIN_SHARE * fullRate) return null;
  return `delivered ${((100 * rate) / fullRate).toFixed(0)} % of the rate`;
}
