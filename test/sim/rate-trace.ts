/** Capacity over time, in steps: `bps[i]` holds from `times[i]` (us); `times[0]` is 0. */
export interface RateTrace {
  readonly times: readonly number[];
  readonly bps: readonly number[];
}

export function constant(bps: number): RateTrace {
  return { times: [0], bps: [bps] };
}

/** `[seconds, bits a second]` pairs, the first at 0. */
export function steps(...pairs: readonly (readonly [number, number])[]): RateTrace {
  return { times: pairs.map(([at]) => at * 1e6), bps: pairs.map(([, bps]) => bps) };
}

/**
 * Like LTE on the move: a random walk of the logarithm in steps of 100 ms around `mean`, and each
 * 20 s or so a handover of 60 to 250 ms in which nothing passes.
 */
export function lteLike(random: () => number, seconds: number, mean: number): RateTrace {
  const times: number[] = [];
  const bps: number[] = [];
  let level = 0;
  for (let at = 0; at < seconds * 1e6; at += 100_000) {
    level = 0.97 * level + 0.24 * (random() + random() - 1);
    times.push(at);
    bps.push(mean * Math.exp(Math.max(-1.2, Math.min(0.9, level))));
    if (at > 0 && random() < 0.005) {
      times.push(at + 1000);
      bps.push(0);
      const until = at + 60_000 + random() * 190_000;
      while (at + 100_000 < until) at += 100_000;
      times.push(until);
      bps.push(bps.at(-2)!);
    }
  }
  return { times, bps };
}

/**
 * Like shared Wi-Fi: the rate falls and rises by steps of some seconds, and the channel is taken by
 * others for 2 to 25 ms some ten times a second.
 */
export function wifiLike(random: () => number, seconds: number, mean: number): RateTrace {
  const times: number[] = [];
  const bps: number[] = [];
  let rate = mean;
  let changeAt = 0;
  let at = 0;
  while (at < seconds * 1e6) {
    if (at >= changeAt) {
      rate = mean * (0.6 + 0.8 * random());
      changeAt = at + 1e6 + random() * 6e6;
    }
    times.push(at);
    bps.push(rate);
    at += 30_000 + random() * 120_000;
    times.push(at);
    bps.push(0);
    at += 2_000 + random() * 23_000 * random();
  }
  // The last step holds for ever: it must not be a pause.
  times.push(at);
  bps.push(rate);
  return { times, bps };
}

export function meanRate(trace: RateTrace, from: number, to: number): number {
  let bits = 0;
  for (let i = 0; i < trace.times.length; i += 1) {
    const start = Math.max(from, trace.times[i]!);
    const end = Math.min(to, trace.times[i + 1] ?? Number.POSITIVE_INFINITY);
    if (end > start) bits += ((end - start) / 1e6) * trace.bps[i]!;
  }
  return bits / ((to - from) / 1e6);
}
