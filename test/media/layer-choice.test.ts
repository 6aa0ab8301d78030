import { expect, test } from "bun:test";
import {
  LayerChoice,
  type LayerLimits,
  NO_LIMITS,
  type UsableLayer,
} from "../../src/media/layer-choice.ts";
import { seeded } from "../support/random.ts";

const S = 1_000_000;

function layer(id: number, bitrate: number, changes: Partial<UsableLayer> = {}): UsableLayer {
  const width = 320 << id;
  const more = { rid: "lmh"[id] ?? "", spatialId: 0, temporalId: 0, height: (width * 9) / 16 };
  return { id, bitrate, width, active: true, ...more, ...changes };
}

const LAYERS = [layer(0, 150_000), layer(1, 500_000), layer(2, 1_500_000)];

/** Runs every 100 ms; returns when each layer was taken, in ms. */
function run(choice: LayerChoice, ms: number, estimate: (ms: number) => number, from = 0) {
  const taken: [number, number][] = [];
  for (let at = from; at < from + ms; at += 100) {
    const before = choice.current;
    if (choice.choose(at * 1000, LAYERS, estimate(at), 0) !== before)
      taken.push([at, choice.current]);
  }
  return taken;
}

test("a stream with a usable layer is never withheld", () => {
  const choice = new LayerChoice();
  expect(choice.choose(0, LAYERS, 1, 0)).toBe(0);
  const limits: LayerLimits = { ...NO_LIMITS, widthMax: 10, rid: "h", bitrateMax: 5 };
  choice.setLimits(limits);
  // Nothing is within the limits: the least stands in.
  expect(choice.choose(S, LAYERS, 9e9, 0)).toBe(0);
  const top = [layer(2, 1_500_000)];
  expect(choice.choose(2 * S, top, 1, 0)).toBe(2);
  expect(choice.choose(3 * S, [layer(2, 0, { active: false })], 1e9, 0)).toBe(-1);
});

test("down at once, to what fits", () => {
  const choice = new LayerChoice();
  expect(choice.choose(0, LAYERS, 2_000_000, 0)).toBe(2);
  expect(choice.choose(S, LAYERS, 1_490_000, 0)).toBe(2);
  expect(choice.choose(S + 1, LAYERS, 900_000, 0)).toBe(1);
  expect(choice.choose(S + 2, LAYERS, 10_000, 0)).toBe(0);
});

test("up after room for two seconds, or at once after a probe", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, 200_000, 0);
  expect(choice.wanted).toBeCloseTo(575_000);
  expect(run(choice, 5000, () => 600_000, 1000)).toEqual([[3000, 1]]);
  // Not enough above the layer's rate.
  expect(run(choice, 5000, () => 1_600_000, 6000)).toEqual([]);
  expect(choice.wanted).toBeCloseTo(1_725_000);
  expect(choice.choose(12 * S, LAYERS, 1_600_000, 1_800_000)).toBe(2);
  expect(choice.wanted).toBe(0);
});

test("room that goes away meanwhile does not count", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, 200_000, 0);
  expect(run(choice, 20_000, (ms) => (ms % 1500 < 1200 ? 700_000 : 400_000))).toEqual([]);
});

test("a layer that dies is left at once, and is taken again when it lives", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, 5_000_000, 0);
  const dead = [LAYERS[0]!, LAYERS[1]!, layer(2, 0, { active: false })];
  expect(choice.choose(1000, dead, 5_000_000, 0)).toBe(1);
  expect(run(choice, 5000, () => 5_000_000, 1)).toEqual([[2001, 2]]);
});

test("limits hold at once, in both directions", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, 5_000_000, 0);
  const expectWith = (limits: Partial<LayerLimits>, id: number) => {
    choice.setLimits({ ...NO_LIMITS, ...limits });
    expect(choice.choose(1000, LAYERS, 5_000_000, 0)).toBe(id);
  };
  expectWith({ rid: "l" }, 0);
  expectWith({ rid: "m" }, 1);
  expectWith({}, 2);
  expectWith({ widthMax: 640 }, 1);
  expectWith({ heightMax: 200 }, 0);
  expectWith({ bitrateMax: 1_000_000 }, 1);
  const points = [0, 1, 2, 3].map((id) =>
    layer(id, 100_000 * (id + 1), {
      width: 640,
      height: 360,
      spatialId: id >> 1,
      temporalId: id & 1,
    }),
  );
  choice.setLimits({ ...NO_LIMITS, spatialMax: 0 });
  expect(choice.choose(1000, points, 5_000_000, 0)).toBe(1);
  choice.setLimits({ ...NO_LIMITS, temporalMax: 0 });
  expect(choice.choose(1000, points, 5_000_000, 0)).toBe(2);
});

test("at most two switches a minute at a constant capacity with a noisy estimate", () => {
  let switches = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seeded(seed);
    const capacity = 200_000 + random() * 2_500_000;
    const noise = 0.05 + random() * 0.3;
    const choice = new LayerChoice();
    let level = 1;
    // Noise with a memory of seconds; a layer that is too much pulls the estimate down to capacity.
    const taken = run(choice, 600_000, () => {
      level += (1 - level) * 0.05 + (random() - 0.5) * noise * 0.8;
      return capacity * Math.max(0.5, Math.min(1.5, level));
    });
    for (const [at] of taken) {
      if (at < 60_000) continue;
      switches += 1;
      const within = taken.filter(([other]) => other > at - 60_000 && other <= at).length;
      if (within > 2) throw new Error(`seed ${seed}: ${within} switches before ${at} ms`);
    }
  }
  // The noise was enough to be tempted.
  expect(switches).toBeGreaterThan(30);
});

test("a failed try above does not bar what lies below", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, 5_000_000, 0);
  choice.choose(S, LAYERS, 100_000, 0);
  expect(choice.current).toBe(0);
  const taken = run(choice, 120_000, () => 1_200_000, 1000);
  expect(taken).toEqual([[3000, 1]]);
  expect(run(choice, 10_000, () => 3_000_000, 130_000).at(-1)?.[1]).toBe(2);
});
