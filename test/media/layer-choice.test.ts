import { expect, test } from "bun:test";
import {
  LayerChoice,
  type LayerLimits,
  NO_LIMITS,
  type PathView,
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

/** A path that carries so much, as probes show at any time, of which nothing more is known. */
function path(targetBitrate: number, changes: Partial<PathView> = {}): PathView {
  const probed = { probedBitrate: targetBitrate, probedAt: Number.POSITIVE_INFINITY };
  const unknown = { acknowledgedBitrate: 0, recentBitrate: 0, queueUs: 0 };
  return { targetBitrate, ...unknown, ...probed, ...changes };
}

/** Asks every 100 ms; returns when each layer was taken, in ms. */
function run(choice: LayerChoice, ms: number, view: (ms: number) => PathView, from = 0) {
  const taken: [number, number][] = [];
  for (let at = from; at < from + ms; at += 100) {
    const before = choice.current;
    if (choice.choose(at * 1000, LAYERS, view(at)) !== before) taken.push([at, choice.current]);
  }
  return taken;
}

test("a stream with a usable layer is never withheld", () => {
  const choice = new LayerChoice();
  expect(choice.choose(0, LAYERS, path(1))).toBe(0);
  const limits: LayerLimits = { ...NO_LIMITS, widthMax: 10, rid: "h", bitrateMax: 5 };
  choice.setLimits(limits);
  // Nothing is within the limits: the least stands in.
  expect(choice.choose(S, LAYERS, path(9e9))).toBe(0);
  const top = [layer(2, 1_500_000)];
  expect(choice.choose(2 * S, top, path(1))).toBe(2);
  expect(choice.choose(3 * S, [layer(2, 0, { active: false })], path(1e9))).toBe(-1);
  expect(choice.nextRate).toBe(0);
});

test("down at once where the path shows that it does not carry the layer", () => {
  const queue = new LayerChoice();
  expect(queue.choose(0, LAYERS, path(2_000_000))).toBe(2);
  expect(queue.choose(S, LAYERS, path(900_000, { queueUs: 130_000 }))).toBe(1);
  expect(queue.choose(S + 1, LAYERS, path(10_000, { queueUs: 130_000 }))).toBe(0);
  const delivered = new LayerChoice();
  delivered.choose(0, LAYERS, path(2_000_000));
  const arriving = { acknowledgedBitrate: 1_000_000 };
  // What arrives follows a switch late.
  expect(delivered.choose(S, LAYERS, path(900_000, arriving))).toBe(2);
  expect(delivered.choose(1.6 * S, LAYERS, path(900_000, arriving))).toBe(1);
});

test("down where a queue has formed and less leaves it than goes in, before the target says so", () => {
  const taken = (recentBitrate: number, queueUs: number) => {
    const choice = new LayerChoice();
    choice.choose(0, LAYERS, path(2_000_000));
    return choice.choose(S, LAYERS, path(2_000_000, { recentBitrate, queueUs }));
  };
  expect(taken(1_400_000, 130_000)).toBe(2);
  expect(taken(900_000, 110_000)).toBe(2);
  expect(taken(900_000, 130_000)).toBe(1);
  // As far as what arrives carries.
  expect(taken(400_000, 130_000)).toBe(0);
});

test("down after a while where it shows in the target alone, and not for a moment's dip", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, path(2_000_000));
  // 7 % below the layer is within the tolerance: an estimate is cut to 85 % of what arrives.
  expect(run(choice, 5000, () => path(1_400_000), 100)).toEqual([]);
  expect(run(choice, 5000, (ms) => path(ms % 1000 < 600 ? 900_000 : 2e6), 6000)).toEqual([]);
  expect(run(choice, 5000, () => path(900_000), 12_000)).toEqual([[12_700, 1]]);
});

test("a queue that drains soon is waited for; one that stands, or that nothing is heard of, is not", () => {
  // The estimate carries the layer; what may be sent while a queue drains does not.
  const views = (perSecond: number, lasts: number) => (ms: number) => {
    const queueUs = Math.max(0, 900_000 - perSecond * Math.min(ms, lasts));
    return path(queueUs > 40_000 ? 400_000 : 600_000, { queueUs });
  };
  const taken = (perSecond: number, lasts: number) => {
    const choice = new LayerChoice();
    const view = views(perSecond, lasts);
    run(choice, 500, (ms) => ({ ...view(ms), targetBitrate: 600_000 }));
    return run(choice, 3000, view, 500);
  };
  // 0.5 s of queue a second: 900 ms are gone within 2 s.
  expect(taken(500, 3_000)).toEqual([]);
  expect(taken(50, 3_000)).toEqual([[500, 0]]);
  // It falls no further, or no feedback comes any more.
  expect(taken(500, 600)).toEqual([[1700, 0]]);
});

test("up with a margin, and as far as the target carries", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, path(200_000));
  expect(choice.nextRate).toBe(500_000);
  expect(choice.bestRate).toBe(1_500_000);
  expect(run(choice, 5000, () => path(540_000), 1000)).toEqual([]);
  expect(run(choice, 1000, () => path(560_000), 6000)).toEqual([[6000, 1]]);
  expect(run(choice, 1000, () => path(1_700_000), 6100)).toEqual([[6800, 2]]);
  expect(choice.nextRate).toBe(0);
  const far = new LayerChoice();
  far.choose(0, LAYERS, path(200_000));
  expect(run(far, 1000, () => path(2_000_000), 1000)).toEqual([[1000, 2]]);
  expect([choice.upgrades, far.upgrades, far.downgrades]).toEqual([2, 1, 0]);
});

test("a layer that failed is left alone, longer each time, and what lies below is not", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, path(200_000));
  const fails = (ms: number) =>
    choice.current === 2 ? path(1_200_000, { queueUs: 200_000 }) : path(ms < 300_000 ? 2e6 : 3e6);
  const taken = run(choice, 120_000, fails, 1000);
  const tries = taken.filter(([, id]) => id === 2).map(([at]) => at);
  expect(tries.length).toBeGreaterThan(2);
  const pauses = tries.slice(1).map((at, i) => at - tries[i]!);
  for (let i = 1; i < pauses.length; i += 1) expect(pauses[i]!).toBeGreaterThan(pauses[i - 1]!);
  expect(taken.every(([, id]) => id > 0)).toBe(true);
  // While it is barred probes look for more than it needs.
  choice.choose(122 * S, LAYERS, path(1_200_000, { queueUs: 200_000 }));
  expect(choice.current).toBe(1);
  expect(choice.nextRate).toBe(1_500_000 * 1.25);
});

test("more frames of the same picture are tried again later than a larger one", () => {
  const points = [
    layer(0, 100_000, { rid: "", temporalId: 0 }),
    layer(1, 150_000, { rid: "", temporalId: 1, width: 320, height: 180 }),
  ];
  const again = (layers: readonly UsableLayer[]): number => {
    const choice = new LayerChoice();
    choice.choose(0, layers, path(110_000));
    choice.choose(S, layers, path(1_000_000));
    expect(choice.choose(2 * S, layers, path(110_000, { queueUs: 200_000 }))).toBe(0);
    let at = 3 * S;
    while (at < 100 * S && choice.choose(at, layers, path(190_000)) === 0) at += 0.1 * S;
    return Math.round(at / S);
  };
  expect(again(points)).toBe(22);
  expect(again([points[0]!, { ...points[1]!, spatialId: 1, width: 640, height: 360 }])).toBe(7);
});

test("a layer that failed is taken again when a probe has shown it since, not by growth alone", () => {
  const choice = new LayerChoice();
  const believed = { probedBitrate: 1_800_000, probedAt: 0 };
  // The first layer is an attempt as well.
  expect(choice.choose(0, LAYERS, path(2_000_000, believed))).toBe(2);
  choice.choose(S, LAYERS, path(600_000, { ...believed, queueUs: 200_000 }));
  expect([choice.current, choice.nextRate]).toEqual([1, 1_875_000]);
  choice.choose(10 * S, LAYERS, path(2_000_000, believed));
  expect([choice.current, choice.nextRate, choice.nextUnproven]).toEqual([1, 1_500_000, true]);
  const low = { probedBitrate: 1_600_000, probedAt: 11 * S };
  expect(choice.choose(11 * S, LAYERS, path(2_000_000, low))).toBe(1);
  const high = { probedBitrate: 1_700_000, probedAt: 12 * S };
  expect(choice.choose(12 * S, LAYERS, path(2_000_000, high))).toBe(2);
});

test("a layer that failed is taken again at once when a probe shows far more than it needs", () => {
  const tried = (probedBitrate: number) => {
    const choice = new LayerChoice();
    choice.choose(0, LAYERS, path(2_000_000));
    choice.choose(S, LAYERS, path(600_000, { probedBitrate: 0, queueUs: 200_000 }));
    return choice.choose(2 * S, LAYERS, path(3_000_000, { probedBitrate, probedAt: 1.9 * S }));
  };
  expect(tried(2_000_000)).toBe(1);
  expect(tried(2_100_000)).toBe(2);
});

test("a layer that failed holds up neither those below it nor a path that cannot be probed", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, path(2_000_000));
  const none = { probedBitrate: 0, probedAt: 0 };
  choice.choose(S, LAYERS, path(100_000, { ...none, queueUs: 200_000 }));
  expect(choice.current).toBe(0);
  expect(choice.choose(20 * S, LAYERS, path(2_000_000, none))).toBe(1);
  const blind = { probedBitrate: 0, probedAt: Number.NEGATIVE_INFINITY };
  expect(choice.choose(21 * S, LAYERS, path(2_000_000, blind))).toBe(2);
});

test("what a failed attempt falls back to has not failed", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, path(2_000_000));
  // It fell too little, with the queue of the layer above, and further 100 ms later.
  expect(choice.choose(S, LAYERS, path(600_000, { queueUs: 200_000 }))).toBe(1);
  expect(choice.choose(1.1 * S, LAYERS, path(300_000, { queueUs: 200_000 }))).toBe(0);
  expect(choice.choose(2 * S, LAYERS, path(700_000))).toBe(1);
});

test("a layer that dies is left at once, and is taken again when it lives", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, path(5_000_000));
  const dead = [LAYERS[0]!, LAYERS[1]!, layer(2, 0, { active: false })];
  expect(choice.choose(1000, dead, path(5_000_000))).toBe(1);
  expect(run(choice, 5000, () => path(5_000_000), 1)).toEqual([[801, 2]]);
});

test("a layer that dies is no reason for a larger one, however little that takes for the moment", () => {
  const points = (top: boolean) => [
    layer(0, 80_000, { id: 10 }),
    layer(0, 150_000, { id: 11, temporalId: 1, active: top }),
    layer(1, 100_000, { id: 20 }),
    layer(1, 500_000, { id: 21, temporalId: 1, active: top }),
  ];
  const choice = new LayerChoice();
  expect(choice.choose(0, points(true), path(250_000))).toBe(11);
  // The encoder leaves out frames of all its layers: no smaller picture carries more of them.
  expect(choice.choose(S, points(false), path(250_000))).toBe(10);
  expect(choice.choose(2 * S, points(true), path(250_000))).toBe(11);
});

test("limits hold at once, in both directions", () => {
  const choice = new LayerChoice();
  choice.choose(0, LAYERS, path(5_000_000));
  const expectWith = (limits: Partial<LayerLimits>, id: number) => {
    choice.setLimits({ ...NO_LIMITS, ...limits });
    expect(choice.choose(1000, LAYERS, path(5_000_000))).toBe(id);
  };
  expectWith({ rid: "l" }, 0);
  expectWith({ rid: "m" }, 1);
  expectWith({}, 2);
  expectWith({ widthMax: 640 }, 1);
  expectWith({ heightMax: 200 }, 0);
  expectWith({ bitrateMax: 1_000_000 }, 1);
});

/** Two spatial by two temporal layers, as an SVC stream has them. */
const POINTS = [0, 1, 2, 3].map((id) =>
  layer(id, 100_000 * (id + 1), {
    ...{ rid: "", width: 320 << (id >> 1), height: 180 << (id >> 1) },
    ...{ spatialId: id >> 1, temporalId: id & 1 },
  }),
);

test("points of an SVC stream are limited by spatial and by temporal layer", () => {
  const choice = new LayerChoice();
  choice.setLimits({ ...NO_LIMITS, spatialMax: 0 });
  expect(choice.choose(1000, POINTS, path(5_000_000))).toBe(1);
  choice.setLimits({ ...NO_LIMITS, temporalMax: 0 });
  expect(choice.choose(1000, POINTS, path(5_000_000))).toBe(2);
});

test("a picture is kept fluent before it is made larger", () => {
  // 300 kb/s carry the larger picture at half the frames; the smaller one is fluent.
  expect(new LayerChoice().choose(0, POINTS, path(310_000))).toBe(1);
  expect(new LayerChoice().choose(0, POINTS, path(410_000))).toBe(3);
  // Fewer frames are the last way out.
  expect(new LayerChoice().choose(0, POINTS, path(150_000))).toBe(0);
});

test("at most two switches a minute at a constant capacity with a noisy estimate", () => {
  let switches = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seeded(seed);
    const capacity = 200_000 + random() * 2_500_000;
    const noise = 0.05 + random() * 0.2;
    const choice = new LayerChoice();
    let level = 1;
    // Noise with a memory of a second; a layer that is too much shows in what arrives.
    const taken = run(choice, 600_000, () => {
      level += (1 - level) * 0.1 + (random() - 0.5) * noise * 0.8;
      const target = capacity * Math.max(0.5, Math.min(1.5, level));
      const carried = Math.min(capacity, target);
      return path(target, { acknowledgedBitrate: carried, probedBitrate: carried });
    });
    const late = taken.filter(([at]) => at > 60_000).length;
    switches += late;
    if (late > 18) throw new Error(`seed ${seed}: ${late} switches in 9 minutes`);
  }
  // The noise was enough to be tempted.
  expect(switches).toBeGreaterThan(30);
});
