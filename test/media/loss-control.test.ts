import { expect, test } from "bun:test";
import { LossControl } from "../../src/media/loss-control.ts";
import { seeded } from "../support/random.ts";

const PACKET_BITS = 9600;

/**
 * Sends at `min(rate, limit)` for some seconds over a path that loses a share at random and all that
 * exceeds its capacity. Returns the least limit.
 */
function run(losses: LossControl, seed: number, rate: number, share: number, capacity: number) {
  const random = seeded(seed);
  let least = Number.POSITIVE_INFINITY;
  let delivered = rate;
  for (let at = 0; at < 30e6; at += 50_000) {
    const sending = Math.min(rate, losses.limit);
    const packets = Math.round((sending * 0.05) / PACKET_BITS);
    const excess = Math.max(0, (sending - capacity) / sending);
    let lost = 0;
    for (let i = 0; i < packets; i += 1) if (random() < share + (1 - share) * excess) lost += 1;
    losses.add(packets, lost, (packets * PACKET_BITS) / 8);
    delivered += 0.2 * ((sending * (packets - lost)) / Math.max(1, packets) - delivered);
    losses.update(at, delivered, rate * 1.25);
    if (at > 2e6) least = Math.min(least, losses.limit);
  }
  return least;
}

test("random loss of 2, 5 and 10 % does not bring a layer down", () => {
  for (const share of [0.02, 0.05, 0.1]) {
    for (const rate of [0.6e6, 2.5e6]) {
      for (let seed = 1; seed <= 5; seed += 1) {
        const least = run(new LossControl(), seed, rate, share, 100e6);
        expect(least, `seed ${seed}, ${share} at ${rate}`).toBeGreaterThan(rate);
      }
    }
  }
});

test("a policer without a queue is found by its loss alone", () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const losses = new LossControl();
    run(losses, seed, 2.5e6, 0, 1.5e6);
    expect(losses.limit, `seed ${seed}`).toBeLessThan(1.9e6);
    expect(losses.limit, `seed ${seed}`).toBeGreaterThan(1.2e6);
  }
});

test("the limit goes when the loss has gone", () => {
  const losses = new LossControl();
  run(losses, 1, 2.5e6, 0, 1.5e6);
  expect(losses.limit).toBeLessThan(Number.POSITIVE_INFINITY);
  for (let at = 31e6; at < 50e6; at += 50_000) {
    losses.add(12, 0, 14_400);
    losses.update(at, 2.3e6, 2.5e6);
  }
  expect(losses.limit).toBe(Number.POSITIVE_INFINITY);
});

test("a probe lifts the limit that a low layer could not outgrow", () => {
  const losses = new LossControl();
  run(losses, 1, 2.5e6, 0, 0.4e6);
  for (let at = 31e6; at < 60e6; at += 50_000) {
    losses.add(10, 0, 1250);
    losses.update(at, 0.2e6, 2.5e6);
  }
  expect(losses.limit).toBeLessThan(1e6);
  losses.setProbed(1.2e6);
  expect(losses.limit).toBe(1.2e6);
});

test("reports: draft-ietf-rmcat-gcc-02 6", () => {
  const losses = new LossControl();
  expect(losses.report(1e6, 0.01)).toBeCloseTo(1.05e6);
  expect(losses.report(1e6, 0.05)).toBe(1e6);
  expect(losses.report(1e6, 0.2)).toBeCloseTo(0.9e6);
});
