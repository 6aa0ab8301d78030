/**
 * The adaptation matrix in virtual time: `bun scripts/bench/adaptation.ts [seeds] [suite]`. Prints
 * JSON: a row a case with the median and the worst of its seeds, and the targets missed.
 */
import { type Figures, measure } from "../../test/sim/measure.ts";
import { type Case, cases, type Targets } from "../../test/sim/scenarios.ts";
import { missedTargets, RISING } from "../../test/sim/targets.ts";

const FIGURES = [
  "settleSeconds",
  "switchesPerMinute",
  "used",
  "queueMs",
  "gapMs",
  "audioLoss",
  "probeShare",
] as const;
const seeds = Number(process.argv[2] ?? 10);
const suite = process.argv[3];
const rows = new Map<string, Row>();

interface Row {
  readonly case: Case;
  readonly runs: Figures[];
  missed: number;
}

for (let seed = 1; seed <= seeds; seed += 1) {
  for (const entry of cases(seed)) {
    if (suite !== undefined && entry.suite !== suite) continue;
    const key = `${entry.suite}: ${entry.name}`;
    const row = rows.get(key) ?? { case: entry, runs: [], missed: 0 };
    rows.set(key, row);
    for (const run of measure(entry.scenario, seed, entry.window)) {
      row.runs.push(run);
      if (missedTargets(run, entry.targets).length > 0) row.missed += 1;
    }
  }
}

console.log(JSON.stringify({ seeds, rows: [...rows.values()].map(summary) }, null, 1));

function summary(row: Row): object {
  const values: Record<string, readonly number[]> = {};
  for (const name of FIGURES) {
    const sorted = row.runs.map((run) => run[name]).sort((a, b) => a - b);
    const worst = RISING.includes(name) ? sorted[0]! : sorted.at(-1)!;
    values[name] = [rounded(sorted[sorted.length >> 1]!), rounded(worst)];
  }
  const targets = Object.keys(row.case.targets) as (keyof Targets)[];
  const missedBy = targets.flatMap((name) => {
    const runs = row.runs.filter((run) => missedTargets(run, row.case.targets).includes(name));
    return runs.length > 0 ? [`${name} (${runs.length})`] : [];
  });
  return {
    suite: row.case.suite,
    name: row.case.name,
    runs: row.runs.length,
    missed: row.missed,
    missedBy,
    bestLayer: row.runs[0]!.bestLayer,
    layers: row.runs.map((run) => run.layer).join(""),
    medianAndWorst: values,
  };
}

function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : -1;
}
