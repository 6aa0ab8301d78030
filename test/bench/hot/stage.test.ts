import { expect, test } from "bun:test";
import { sourcePlan } from "../../../scripts/bench/harness.ts";
import { hotOutput } from "../../../scripts/bench/hot/output.ts";
import { HotStage } from "../../../scripts/bench/hot/stage.ts";

const stageOf = (streams: number, viewers: number, spread: boolean) => {
  const plan = sourcePlan(1_500_000, spread);
  return new HotStage({ streams, viewers, plan }, hotOutput("sink"), null);
};

test("every packet leaves for every viewer, frame by frame in bursts", () => {
  const stage = stageOf(2, 5, false);
  const { packets, visits, ...rest } = stage.run(10_000, false);
  expect(packets).toBeGreaterThanOrEqual(10_000);
  // 30 frames of some six packets and 50 of audio a second.
  expect(packets / visits).toBeGreaterThan(2);
  expect(packets / visits).toBeLessThan(4);
  for (const part of [rest.forwardNs, rest.timersNs, rest.feedbackNs]) {
    expect(part).toBeGreaterThan(0);
  }
  expect(rest.instructions).toBeNull();
  stage.close();
});

test("spread frames are three visits or four, and sound rides with some", () => {
  const stage = stageOf(1, 3, true);
  const { packets, visits } = stage.run(5_000, false);
  expect(packets / visits).toBeGreaterThan(1.5);
  expect(packets / visits).toBeLessThan(1.9);
  stage.close();
});

test("in real time a second of media takes one", () => {
  const stage = stageOf(1, 2, false);
  stage.run(100, false);
  const start = performance.now();
  // A fifth of a second of 190 packets to two viewers.
  stage.run(76, true);
  expect(performance.now() - start).toBeGreaterThan(100);
  stage.close();
});
