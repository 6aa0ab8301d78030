import { seeded } from "../support/random.ts";
import type { Window } from "./measure.ts";
import { constant, lteLike, steps, wifiLike } from "./rate-trace.ts";
import type { Scenario } from "./simulate.ts";

/** What a run must reach; what is absent is reported only. */
export interface Targets {
  readonly settleSeconds?: number;
  readonly switchesPerMinute?: number;
  readonly used?: number;
  readonly queueMs?: number;
  readonly gapMs?: number;
  readonly audioLoss?: number;
}

export interface Case {
  readonly suite: string;
  readonly name: string;
  readonly scenario: Scenario;
  readonly window?: Window;
  readonly targets: Targets;
}

const COLD = { settleSeconds: 10, switchesPerMinute: 2, used: 0.85 } as const;
const CLEAN = { ...COLD, queueMs: 100, gapMs: 250, audioLoss: 0 } as const;
const SECONDS = 60;
/** The matrix: traces that are made from a seed take it from here. */
export function cases(seed: number): Case[] {
  return [
    ...fixed(),
    ...stepsUpAndDown(),
    ...losses(),
    ...roundTrips(),
    ...radio(seed),
    ...shared(),
    ...shallow(),
    ...scalable(),
    ...joins(),
  ];
}

function fixed(): Case[] {
  return [0.2, 0.4, 0.6, 0.8, 1, 1.3, 1.6, 2, 2.5, 3, 3.3, 4, 5].map((mbps) => ({
    suite: "fixed",
    name: `${mbps} Mb/s`,
    scenario: { seconds: SECONDS, rate: constant(mbps * 1e6) },
    // 0.2 Mb/s: the lowest layer takes 86 % of it, so what the first keyframe and probe leave in the
    // queue needs seconds to go.
    ...(mbps === 0.2 ? { window: { from: 10 } } : {}),
    targets: CLEAN,
  }));
}

function stepsUpAndDown(): Case[] {
  // Down to 60 % and more: no freeze. Below: what the queue takes to drain + 400 ms.
  const down = [
    [5, 3.3],
    [3.3, 2],
    [3.3, 1],
    [4, 0.8],
    [2, 1.2],
    [2, 0.5],
    [1, 0.6],
  ].map(([from, to]): Case => {
    const queueMs = 300;
    const drainMs = (queueMs * from!) / to!;
    return {
      suite: "step down",
      name: `${from} to ${to} Mb/s`,
      scenario: { seconds: 50, rate: steps([0, from! * 1e6], [20, to! * 1e6]), queueMs },
      window: { from: 20 },
      targets: {
        settleSeconds: 3,
        switchesPerMinute: 2,
        used: 0.85,
        audioLoss: 0,
        // What the queue held at the step drains no faster, and is the longer part of the time then.
        ...(to! / from! >= 0.6 ? { gapMs: 250, queueMs: 100 } : { gapMs: drainMs + 400 }),
      },
    };
  });
  const up = [
    [0.4, 1],
    [0.8, 2],
    [1, 5],
    [0.4, 5],
  ].map(
    ([from, to]): Case => ({
      suite: "step up",
      name: `${from} to ${to} Mb/s`,
      scenario: { seconds: 60, rate: steps([0, from! * 1e6], [20, to! * 1e6]) },
      window: { from: 20 },
      targets: { settleSeconds: 10, switchesPerMinute: 2, gapMs: 250, queueMs: 100, audioLoss: 0 },
    }),
  );
  return [...down, ...up];
}

function losses(): Case[] {
  const random = [0.02, 0.05, 0.1].flatMap((loss) =>
    [1, 3.3].map(
      (mbps): Case => ({
        suite: "loss",
        name: `${loss * 100} % at ${mbps} Mb/s`,
        scenario: { seconds: SECONDS, rate: constant(mbps * 1e6), link: { loss }, lossBack: loss },
        targets: { ...COLD, queueMs: 100 },
      }),
    ),
  );
  const bursts = [1, 3.3].map(
    (mbps): Case => ({
      suite: "loss",
      name: `bursts at ${mbps} Mb/s`,
      scenario: {
        seconds: SECONDS,
        rate: constant(mbps * 1e6),
        link: { burst: { enter: 0.005, leave: 0.15, loss: 0.7 } },
      },
      targets: { ...COLD, queueMs: 100 },
    }),
  );
  return [...random, ...bursts];
}

function roundTrips(): Case[] {
  return [20, 100, 200, 300].flatMap((ms) =>
    [1, 3.3].map(
      (mbps): Case => ({
        suite: "round trip",
        name: `${ms} ms at ${mbps} Mb/s`,
        scenario: {
          seconds: SECONDS,
          rate: constant(mbps * 1e6),
          rttUs: ms * 1000,
          link: { jitterUs: 5000 },
        },
        targets: CLEAN,
      }),
    ),
  );
}

function radio(seed: number): Case[] {
  const random = seeded(seed ^ 0x5eed);
  return [1.5, 4].flatMap((mbps): Case[] => [
    {
      suite: "radio",
      name: `LTE, mean ${mbps} Mb/s`,
      scenario: {
        seconds: SECONDS,
        rate: lteLike(random, SECONDS, mbps * 1e6),
        rttUs: 60_000,
        queueMs: 500,
        link: { jitterUs: 8000 },
      },
      targets: { queueMs: 100, audioLoss: 0 },
    },
    {
      suite: "radio",
      name: `Wi-Fi, mean ${mbps} Mb/s`,
      scenario: {
        seconds: SECONDS,
        rate: wifiLike(random, SECONDS, mbps * 1e6),
        rttUs: 30_000,
        link: { jitterUs: 4000, loss: 0.005, reorder: { share: 0.005, byUs: 10_000 } },
      },
      targets: { queueMs: 100 },
    },
  ]);
}

function shared(): Case[] {
  const two = [1.6, 4].map(
    (mbps): Case => ({
      suite: "shared",
      name: `two viewers at ${mbps} Mb/s`,
      scenario: { seconds: SECONDS, rate: constant(mbps * 1e6), viewers: 2 },
      window: { from: 10 },
      // Who was first may keep a higher layer: nothing in the estimate makes two flows equal.
      targets: { queueMs: 100, gapMs: 250, audioLoss: 0, used: 0.85 },
    }),
  );
  const bulk = [2, 5].map(
    (mbps): Case => ({
      suite: "shared",
      name: `bulk transfer at ${mbps} Mb/s`,
      scenario: { seconds: 80, rate: constant(mbps * 1e6), bulk: [20, 50] },
      window: { from: 20, to: 50, capacity: (mbps * 1e6) / 2 },
      // The transfer keeps the queue full and gets most of the link: what counts is that it plays.
      targets: { gapMs: 800, audioLoss: 0.01 },
    }),
  );
  const after = [2, 5].map(
    (mbps): Case => ({
      suite: "shared",
      name: `after a bulk transfer, ${mbps} Mb/s`,
      scenario: { seconds: 80, rate: constant(mbps * 1e6), bulk: [20, 50] },
      window: { from: 51 },
      targets: { settleSeconds: 12, audioLoss: 0.01 },
    }),
  );
  return [...two, ...bulk, ...after];
}

function shallow(): Case[] {
  return [2, 3.3].flatMap((mbps) =>
    [30, 60, 1000].map(
      (queueMs): Case => ({
        suite: "queue",
        name: `${queueMs} ms at ${mbps} Mb/s`,
        scenario: { seconds: SECONDS, rate: constant(mbps * 1e6), queueMs },
        targets: { ...COLD, queueMs: 100, gapMs: 250 },
      }),
    ),
  );
}

/** Layers of one VP9 stream, and simulcast with temporal layers as Chrome sends it. */
function scalable(): Case[] {
  const kinds = [
    { mode: "L3T3", layers: [150_000, 500_000, 1_500_000] },
    { mode: "L1T3", layers: [150_000, 500_000, 1_500_000] },
  ];
  return kinds.flatMap((kind): Case[] => [
    ...[0.2, 0.4, 1, 2, 3.3].map(
      (mbps): Case => ({
        suite: kind.mode === "L1T3" ? "temporal" : "svc",
        name: `${kind.mode} at ${mbps} Mb/s`,
        scenario: { ...kind, seconds: SECONDS, rate: constant(mbps * 1e6) },
        targets: CLEAN,
      }),
    ),
    {
      suite: kind.mode === "L1T3" ? "temporal" : "svc",
      name: `${kind.mode}, 2 to 0.4 Mb/s`,
      scenario: { ...kind, seconds: 50, rate: steps([0, 2e6], [20, 0.4e6]) },
      window: { from: 20 },
      // The queue of 300 ms at 2 Mb/s takes 1.5 s to drain.
      targets: { settleSeconds: 3, switchesPerMinute: 2, gapMs: 1900, audioLoss: 0 },
    },
    {
      suite: kind.mode === "L1T3" ? "temporal" : "svc",
      name: `${kind.mode}, 0.4 to 2 Mb/s`,
      scenario: { ...kind, seconds: SECONDS, rate: steps([0, 0.4e6], [20, 2e6]) },
      window: { from: 20 },
      targets: { settleSeconds: 10, switchesPerMinute: 2, gapMs: 250, queueMs: 100, audioLoss: 0 },
    },
    {
      suite: kind.mode === "L1T3" ? "temporal" : "svc",
      name: `${kind.mode}, 5 % at 2 Mb/s`,
      scenario: { ...kind, seconds: SECONDS, rate: constant(2e6), link: { loss: 0.05 } },
      targets: { ...COLD, queueMs: 100 },
    },
  ]);
}

/** One layer alone, joined some time behind its keyframe: what is caught up with leaves at once. */
function joins(): Case[] {
  return [3.3, 20].map(
    (mbps): Case => ({
      suite: "join",
      name: `2.5 Mb/s at ${mbps} Mb/s`,
      scenario: {
        seconds: 20,
        rate: constant(mbps * 1e6),
        layers: [2_500_000],
        keyframeAgeUs: 1_000_000,
      },
      targets: { gapMs: 250, audioLoss: 0 },
    }),
  );
}
