/** What the network tests run, and the bounds that each stretch of time is held to. */
import type { PublishPlan } from "./chromium.ts";
import { scalable, simulcast, single } from "./publishers.ts";
import { type Phase, Watching } from "./watching.ts";

const RTT_MS = 40;
const QUEUE_MS = 300;
/** Seconds that a viewer may need: from cold or upwards, and down. */
const UP_SECONDS = 10;
const DOWN_SECONDS = 3;
/** Above this share of the rate before, a step down may not be seen. */
const MILD_STEP = 0.6;
const FREEZE_MS = 250;
const RECOVERY_MS = 400;

export interface Scenario {
  readonly name: string;
  readonly publish: PublishPlan;
  /** Bits a second of the three phases: from cold, after a step down, after the step up again. */
  readonly rates: readonly [number, number, number];
  /** Widths of which one must be seen at the end of each phase. */
  readonly widths: readonly [readonly number[], readonly number[], readonly number[]];
  /** Seconds that each phase lasts. */
  readonly seconds: readonly [number, number, number];
  readonly rttMs: number;
  readonly loss: number;
  /** Chromium to Chromium, for comparison: held to no bounds. */
  readonly direct: boolean;
  /** Run by the ordinary test run, too: one with simulcast, one with its layers in one stream. */
  readonly inSuite: boolean;
}

export interface PhaseResult {
  readonly phase: "cold" | "down" | "up";
  readonly bps: number;
  readonly seen: Phase;
  /** Longest gap allowed, ms; Infinity where the issue sets no bound. */
  readonly gapMs: number;
  /** What is worse than its bound, in words; empty when all is well. */
  readonly missed: readonly string[];
}

const SECONDS = [12, 8, 14] as const;
const DEFAULTS = {
  seconds: SECONDS,
  rttMs: RTT_MS,
  loss: 0,
  direct: false,
  inSuite: false,
} as const;

/** A step far down and up again. */
export const VP8_DEEP: Scenario = {
  ...DEFAULTS,
  name: "VP8 simulcast, 2 to 0.3 Mb/s",
  publish: simulcast("vp8"),
  rates: [2e6, 0.3e6, 2e6],
  widths: [[960], [240], [960]],
  inSuite: true,
};
/** The same for other publishers and networks. */
const DEEP: Scenario = { ...VP8_DEEP, inSuite: false };

export const SCENARIOS: readonly Scenario[] = [
  VP8_DEEP,
  mild("VP8 simulcast", simulcast("vp8"), [480], 2e6),
  { ...DEEP, name: "VP8 simulcast, 2 to 0.3 Mb/s, 200 ms RTT", rttMs: 200 },
  { ...DEEP, name: "VP8 simulcast, 2 to 0.3 Mb/s, 2 % loss", loss: 0.02 },
  { ...DEEP, name: "H.264 simulcast, 2 to 0.3 Mb/s", publish: simulcast("h264") },
  // OpenH264 makes 1 Mb/s of this picture, whatever it is given.
  mild("H.264 simulcast", simulcast("h264"), [480], 1.4e6),
  {
    ...VP8_DEEP,
    name: "VP9 L3T3, 2 to 0.3 Mb/s",
    publish: scalable("vp9", "L3T3"),
  },
  {
    ...DEEP,
    name: "AV1 L3T3, 2 to 0.3 Mb/s",
    publish: scalable("av1", "L3T3"),
  },
  {
    ...DEEP,
    name: "Chromium to Chromium, VP8, 2 to 0.3 Mb/s",
    publish: single("vp8"),
    direct: true,
  },
  {
    ...mild("Chromium to Chromium, VP8", single("vp8"), [960], 2e6),
    direct: true,
  },
  {
    ...mild("Chromium to Chromium, H.264", single("h264"), [960], 1.4e6),
    direct: true,
  },
];

/** Down to what a viewer may not see a freeze at, and up again. */
function mild(what: string, publish: PublishPlan, below: readonly number[], bps: number): Scenario {
  const low = bps * MILD_STEP;
  return {
    ...DEFAULTS,
    name: `${what}, ${bps / 1e6} to ${low / 1e6} Mb/s`,
    publish,
    rates: [bps, low, bps],
    widths: [[960], below, [960]],
  };
}

/** Runs a scenario; `each` is called with every phase as it ends. */
export async function runScenario(
  scenario: Scenario,
  seed: number,
  each: (result: PhaseResult) => void,
): Promise<void> {
  const { publish, rates, seconds, rttMs, loss, direct } = scenario;
  const watching = await Watching.open({
    ...{ seed, publish, bps: rates[0], rttMs, queueMs: QUEUE_MS, loss, direct },
  });
  try {
    for (const [place, phase] of (["cold", "down", "up"] as const).entries()) {
      const bps = rates[place]!;
      const steps = place === 0 ? null : ([[0, bps]] as const);
      const seen = await watching.phase(seconds[place]!, steps);
      const gapMs = gapBound(rates, place);
      const missed = direct ? [] : missedBounds(scenario, place, seen, gapMs);
      each({ phase, bps, seen, gapMs, missed });
    }
  } finally {
    await watching.close();
  }
}

/**
 * Bounds are for steps down. From cold and upwards a keyframe of a larger picture has to cross the
 * path, and two encoders, a decoder and the server share two cores: the gap is told, not judged.
 */
function gapBound(rates: Scenario["rates"], place: number): number {
  const [before, now] = [rates[place - 1] ?? 0, rates[place]!];
  if (now > before) return Number.POSITIVE_INFINITY;
  if (now >= before * MILD_STEP) return FREEZE_MS;
  // The queue is so many ms long at the first rate.
  return (QUEUE_MS * rates[0]) / now + RECOVERY_MS;
}

function missedBounds(scenario: Scenario, place: number, seen: Phase, gapMs: number): string[] {
  const { widths, rates, loss } = scenario;
  const expected = widths[place]!;
  const down = place > 0 && rates[place]! < rates[place - 1]!;
  const settle = (down ? DOWN_SECONDS : UP_SECONDS) * 1000;
  const missed: string[] = [];
  if (!expected.includes(seen.width)) missed.push(`width ${seen.width}, not ${expected.join("/")}`);
  if (seen.settledMs > settle) missed.push(`settled after ${Math.round(seen.settledMs)} ms`);
  if (seen.gapMs > gapMs) missed.push(`gap of ${Math.round(seen.gapMs)} ms, ${gapMs} allowed`);
  if (loss === 0 && seen.audioLost > 0) missed.push(`${seen.audioLost} packets of audio lost`);
  return missed;
}
