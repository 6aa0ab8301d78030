/**
 * `adaptation`: the real egress in front of emulated networks, in virtual time (test/sim): which
 * layer each viewer gets, how soon, and what it costs the path. The same seeds give the same figures
 * on any machine.
 */
import { type Figures, measure } from "../../test/sim/measure.ts";
import { cases, type Targets } from "../../test/sim/scenarios.ts";
import { missedTargets, RISING } from "../../test/sim/targets.ts";
import type { Bench, Row } from "./harness.ts";

/** Seeds that nothing was tuned on. */
const FIRST_SEED = 101;
const SEEDS = 10;

/** Columns of figures: name, unit and digits. */
const COLUMNS = {
  settleSeconds: ["settled s", 1, 1],
  switchesPerMinute: ["switches/min", 1, 1],
  used: ["used %", 100, 0],
  queueMs: ["queue p95 ms", 1, 0],
  gapMs: ["gap ms", 1, 0],
  audioLoss: ["audio lost %", 100, 2],
  wasted: ["probes %", 100, 1],
} as const;

interface Group {
  readonly suite: string;
  readonly name: string;
  readonly runs: Figures[];
  /** Runs that miss a target, and which targets are missed how often. */
  missed: number;
  readonly missedBy: Map<keyof Targets, number>;
}

export const adaptation: Bench = {
  name: "adaptation",
  summary: "Viewers behind emulated networks in virtual time: layers, switches, queues, freezes.",
  conditions: {
    network: "test/sim: rate, drop-tail queue, delay, jitter, loss, traces and rivals; RTT 40 ms",
    publisher:
      "VP8 simulcast of 0.1, 0.5, 1.5 and 2.5 Mb/s at 30 fps and Opus, where not said else",
    figures: "median of the runs, then the worst; a suite's row is over all of its runs",
    queue: "95th percentile of the bottleneck's queue, with what rivals put there",
    gap: "longest time without a new picture after the first second",
    seeds: `${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1}`,
  },
  async run({ quick }, row) {
    const groups = new Map<string, Group>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + (quick ? 1 : SEEDS); seed += 1) {
      for (const { suite, name, scenario, window, targets } of cases(seed)) {
        for (const run of measure(scenario, seed, window)) {
          note(groups, suite, name, run, targets);
          note(groups, suite, "all", run, targets);
        }
        // A run takes a second: whoever waits may stop it.
        await Bun.sleep(0);
      }
    }
    for (const group of groups.values()) if (group.name !== "all") row(rowOf(group));
    for (const group of groups.values()) if (group.name === "all") row(rowOf(group));
  },
};

function note(
  groups: Map<string, Group>,
  suite: string,
  name: string,
  run: Figures,
  targets: Targets,
): void {
  const key = `${suite}/${name}`;
  const empty: Group = { suite, name, runs: [], missed: 0, missedBy: new Map() };
  const group = groups.get(key) ?? empty;
  groups.set(key, group);
  const missed = missedTargets(run, targets);
  group.runs.push(run);
  if (missed.length > 0) group.missed += 1;
  for (const target of missed) group.missedBy.set(target, (group.missedBy.get(target) ?? 0) + 1);
}

function rowOf({ suite, name, runs, missed, missedBy }: Group): Row {
  const row: Record<string, string | number | null> = { suite, case: name, runs: runs.length };
  for (const [figure, [column, factor, digits]] of Object.entries(COLUMNS)) {
    const key = figure as keyof typeof COLUMNS;
    const sorted = runs.map((run) => run[key]).sort((left, right) => left - right);
    const worst = RISING.includes(figure) ? sorted[0]! : sorted.at(-1)!;
    row[column] = rounded(sorted[sorted.length >> 1]! * factor, digits);
    row[`${column}, worst`] = rounded(worst * factor, digits);
  }
  row.held = runs.length - missed;
  row.missed = [...missedBy].map(([target, count]) => `${target} ${count}`).join(", ");
  return row;
}

/** Null for what never came. */
function rounded(value: number, digits: number): number | null {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
}
