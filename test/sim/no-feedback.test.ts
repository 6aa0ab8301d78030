/**
 * Receivers without transport-cc, in virtual time: reports alone each 1 or 5 s, or a REMB by
 * abs-send-time (aiortc, older browsers).
 */
import { describe, expect, test } from "bun:test";
import { figures } from "./measure.ts";
import { constant } from "./rate-trace.ts";
import { type Scenario, simulate } from "./simulate.ts";

const SEEDS = [1];
const RECEIVERS = {
  "reports each second": { reportUs: 1e6, remb: false },
  "reports each 5 s": { reportUs: 5e6, remb: false },
  "REMB, and reports each second": { reportUs: 1e6, remb: true },
  "REMB, and reports each 5 s": { reportUs: 5e6, remb: true },
} as const;

function run(scenario: Omit<Scenario, "seconds">, seconds: number, seed: number) {
  const whole = { ...scenario, seconds };
  const result = simulate(whole, seed);
  return { result, figures: figures(whole, result, result.viewers[0]!, {}) };
}

describe.each(Object.entries(RECEIVERS))("C9: %s", (_name, receiver) => {
  for (const [name, scenario] of [
    ["a clean path of 50 Mb/s", { rate: constant(50e6) }],
    ["a clean path that carries the top layer and little more", { rate: constant(4e6) }],
    ["2 % of loss", { rate: constant(50e6), link: { loss: 0.02 } }],
    ["a cached keyframe and its backlog", { rate: constant(50e6), keyframeAgeUs: 500_000 }],
    ["200 ms of round trip", { rate: constant(50e6), rttUs: 200_000 }],
  ] as const) {
    test(`C9: ${name}: the top layer within 8 s, and it stays`, () => {
      for (const seed of SEEDS) {
        const { result } = run({ ...scenario, receiver }, 16, seed);
        const { levels } = result.viewers[0]!;
        expect(
          levels.subarray(85, 105).every((level) => level === 3),
          `${levels}`,
        ).toBeTrue();
      }
    });
  }

  for (const [mbps, best] of [
    [1, 1],
    [2, 2],
  ] as const) {
    test(`C9: ${mbps} Mb/s: what it carries is found, and the picture goes on`, () => {
      for (const seed of SEEDS) {
        const { result, figures } = run({ rate: constant(mbps * 1e6), receiver }, 30, seed);
        const { levels } = result.viewers[0]!;
        expect(levels.subarray(0, 100).includes(best), `seed ${seed}: ${levels}`).toBeTrue();
        expect(figures.used, `seed ${seed}`).toBeGreaterThan(0.6);
        expect(figures.audioLoss, `seed ${seed}`).toBeLessThan(0.15);
      }
    });
  }
});
