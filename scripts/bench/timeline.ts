/** `timeline`: one viewer's minute, as the charts of README.md show it. */
import { lteLike, meanRate, type RateTrace, steps } from "../../test/sim/rate-trace.ts";
import { simulate } from "../../test/sim/simulate.ts";
import { seeded } from "../../test/support/random.ts";
import type { Bench } from "./harness.ts";

const SEED = 101;
const SECONDS = 60;
const LTE_MEAN = 3e6;
/** Samples of a run come each 100 ms: every fifth is enough for a chart. */
const SAMPLES_PER_SECOND = 10;
const EVERY = 5;

const TRACES: Readonly<Record<string, () => RateTrace>> = {
  steps: () => steps([0, 4e6], [15, 0.8e6], [30, 2e6], [45, 4e6]),
  LTE: () => lteLike(seeded(SEED), SECONDS, LTE_MEAN),
};

export const timeline: Bench = {
  name: "timeline",
  summary: "One viewer's minute: what its network carries, what is believed, and what is sent.",
  conditions: {
    network: "test/sim, RTT 40 ms, a queue of 300 ms at the first rate",
    publisher: "VP8 simulcast of 0.1, 0.5, 1.5 and 2.5 Mb/s at 30 fps and Opus",
    seed: SEED,
    pinning: "virtual time",
  },
  run(_options, row) {
    for (const [name, make] of Object.entries(TRACES)) {
      const rate = make();
      const { viewers, ladder } = simulate({ seconds: SECONDS, rate }, SEED);
      const { levels, estimates } = viewers[0]!;
      for (let i = 0; i < levels.length; i += EVERY) {
        const second = i / SAMPLES_PER_SECOND;
        const carried = meanRate(rate, second * 1e6, (second + EVERY / SAMPLES_PER_SECOND) * 1e6);
        const sent = levels[i]! < 0 ? 0 : ladder[levels[i]!]!;
        row({
          network: name,
          second,
          carries: mbps(carried),
          believed: mbps(estimates[i]!),
          sent: mbps(sent),
        });
      }
    }
    return Promise.resolve();
  },
};

function mbps(bps: number): number {
  return Math.round(bps / 1e4) / 100;
}
