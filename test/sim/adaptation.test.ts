/**
 * The real egress behind emulated networks in virtual time, a seed a case; `bun run bench adaptation`
 * runs ten others and keeps the figures.
 */
import { expect, test } from "bun:test";
import { measure } from "./measure.ts";
import { cases } from "./scenarios.ts";
import { simulate } from "./simulate.ts";
import { missedTargets } from "./targets.ts";

const SEED = 1;

for (const { suite, name, scenario, window, targets } of cases(SEED)) {
  test(`${suite}: ${name}`, () => {
    for (const run of measure(scenario, SEED, window)) {
      expect(missedTargets(run, targets), `seed ${SEED}: ${JSON.stringify(run)}`).toEqual([]);
    }
  });
}

test("the same seed gives the same run", () => {
  const scenario = { ...cases(3)[4]!.scenario, seconds: 10, link: { loss: 0.02, jitterUs: 9000 } };
  const [first, second] = [simulate(scenario, 3), simulate(scenario, 3)];
  expect(second.queue).toEqual(first.queue);
  expect(second.viewers[0]!.estimates).toEqual(first.viewers[0]!.estimates);
});

test("three viewers that share 5 Mb/s do not overrun it", () => {
  const scenario = { ...cases(3)[12]!.scenario, seconds: 30, viewers: 3 };
  const run = simulate(scenario, 3);
  const late = run.queue.subarray(10_000).filter((us) => us > 150_000).length;
  expect(late / 20_000).toBeLessThan(0.05);
});
