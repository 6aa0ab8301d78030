import { meanRate } from "./rate-trace.ts";
import { at, type Run, SAMPLE_US, type Scenario, simulate, type ViewerRun } from "./simulate.ts";

/** Share of the capacity that the best layer may take: the issue asks for 85 % to be used. */
const USED_SHARE = 0.85;
const STAYS_SECONDS = 4;
const SAMPLES_PER_SECOND = 1e6 / SAMPLE_US;

/** Figures of one viewer in one run. */
export interface Figures {
  /** Seconds until the best step of the ladder flows and stays; Infinity when it never does. */
  readonly settleSeconds: number;
  /** Layer switches a minute from then on. */
  readonly switchesPerMinute: number;
  /**
   * Rate of what flows over that of the best step, mean over the time measured; of viewers who share
   * the link, all together.
   */
  readonly used: number;
  /** 95th percentile of the bottleneck's queue, ms. */
  readonly queueMs: number;
  /** Longest time without a new frame, ms, after the first second. */
  readonly gapMs: number;
  readonly audioLoss: number;
  /** Share of what came that said nothing new: probes, and repairs that came twice. */
  readonly wasted: number;
  readonly plis: number;
  /** Highest step that should flow, and the one that most often does. */
  readonly best: number;
  readonly level: number;
}

/** Seconds from and to which a run is judged; the whole of it after `from` by default. */
export interface Window {
  readonly from?: number;
  readonly to?: number;
  /** Capacity for each viewer; default: the trace's mean over the window. */
  readonly capacity?: number;
}

export function measure(scenario: Scenario, seed: number, window: Window = {}): Figures[] {
  const run = simulate(scenario, seed);
  return run.viewers.map((viewer) => figures(scenario, run, viewer, window));
}

export function figures(
  scenario: Scenario,
  run: Run,
  viewer: ViewerRun,
  window: Window = {},
): Figures {
  const from = window.from ?? 0;
  const to = window.to ?? scenario.seconds;
  const capacity =
    window.capacity ?? meanRate(scenario.rate, from * 1e6, to * 1e6) / (scenario.viewers ?? 1);
  const { ladder } = run;
  const best = highestWithin(ladder, capacity * USED_SHARE);
  const possible = highestWithin(ladder, capacity);
  const part = viewer.levels.subarray(from * SAMPLES_PER_SECOND, to * SAMPLES_PER_SECOND);
  const settled = settleIndex(part, best, possible);
  const since = Math.max(0, settled);
  const minutes = (part.length - since) / SAMPLES_PER_SECOND / 60;
  const afterStart = Math.max(from, 1);
  const { browser } = viewer;
  return {
    settleSeconds: settled < 0 ? Number.POSITIVE_INFINITY : settled / SAMPLES_PER_SECOND,
    switchesPerMinute: switchCount(part.subarray(since)) / Math.max(minutes, 1 / 6),
    used: usedShare(
      run.viewers.map(({ levels }) =>
        levels.subarray(from * SAMPLES_PER_SECOND, to * SAMPLES_PER_SECOND),
      ),
      ladder,
      best,
    ),
    queueMs: percentile(run.queue.subarray(afterStart * 1000, to * 1000), 0.95) / 1000,
    gapMs: longestGap(browser.pictures.shownAt, at(afterStart), at(to)) / 1000,
    audioLoss: audioLoss(viewer, from * 50),
    wasted: browser.wastedBytes / browser.bytes,
    plis: browser.plis,
    best,
    level: mostFrequent(part),
  };
}

function highestWithin(ladder: readonly number[], rate: number): number {
  let best = 0;
  for (let i = 0; i < ladder.length; i += 1) if (ladder[i]! <= rate) best = i;
  return best;
}

function switchCount(levels: Int8Array): number {
  let count = 0;
  for (let i = 1; i < levels.length; i += 1) if (levels[i] !== levels[i - 1]) count += 1;
  return count;
}

/** Index of the first sample from which the level is right for some seconds, or -1. */
function settleIndex(part: Int8Array, best: number, possible: number): number {
  let start = -1;
  for (let i = 0; i < part.length; i += 1) {
    const right = part[i]! >= best && part[i]! <= possible;
    if (!right) start = -1;
    else if (start < 0) start = i;
    if (start >= 0 && i - start >= STAYS_SECONDS * SAMPLES_PER_SECOND) return start;
  }
  return -1;
}

function usedShare(parts: readonly Int8Array[], ladder: readonly number[], best: number): number {
  const most = ladder[best]! * parts.length;
  const samples = parts[0]!.length;
  let sum = 0;
  for (let i = 0; i < samples; i += 1) {
    let rate = 0;
    for (const levels of parts) rate += levels[i]! < 0 ? 0 : ladder[levels[i]!]!;
    sum += Math.min(1, rate / most);
  }
  return sum / samples;
}

function longestGap(shownAt: readonly number[], from: number, to: number): number {
  let longest = 0;
  let previous = from;
  for (const time of shownAt) {
    if (time < from || time > to) continue;
    longest = Math.max(longest, time - previous);
    previous = time;
  }
  return Math.max(longest, to - previous);
}

/** `from`: packets since the first. What came last shows how many there were. */
function audioLoss({ browser }: ViewerRun, from: number): number {
  const first = browser.audioFirst + from;
  const last = Math.max(...browser.audio);
  let lost = 0;
  for (let index = first; index < last; index += 1) if (!browser.audio.has(index)) lost += 1;
  return lost / (last - first);
}

function percentile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

function mostFrequent(part: Int8Array): number {
  const counts = new Map<number, number>();
  for (const level of part) counts.set(level, (counts.get(level) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
}
