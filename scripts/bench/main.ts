/**
 * `bun run bench [NAME...] [--quick]`: runs the benchmarks named, or all. A full run's figures are
 * kept in scripts/bench/results; scripts/bench/charts.ts draws them.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { delay } from "./delay.ts";
import { fanout, floor } from "./fanout.ts";
import { type Bench, describeRun, EXECUTABLE, type Row } from "./harness.ts";
import { joins } from "./joins.ts";
import { peers } from "./peers.ts";
import { ring } from "./ring.ts";
import { memory, publishers, workers } from "./small.ts";
import { soak } from "./soak.ts";

const BENCHES: readonly Bench[] = [
  floor,
  fanout,
  workers,
  delay,
  joins,
  memory,
  ring,
  publishers,
  soak,
  peers,
];
const RESULTS = resolve(import.meta.dir, "results");

const args = process.argv.slice(2);
const quick = args.includes("--quick");
const names = args.filter((arg) => arg !== "--quick");
const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0 || args.includes("--help")) {
  for (const { name, summary } of BENCHES) console.log(`${name.padEnd(12)}${summary}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}
if (!existsSync(EXECUTABLE)) {
  console.error(`${EXECUTABLE} does not exist: bun run build`);
  process.exit(1);
}
for (const bench of BENCHES) {
  if (names.length > 0 && !names.includes(bench.name)) continue;
  console.log(`\n# ${bench.name}: ${bench.summary}`);
  const rows: Row[] = [];
  let columns: string[] = [];
  await bench.run({ quick }, (row) => {
    rows.push(row);
    if (Object.keys(row).join() !== columns.join()) {
      columns = Object.keys(row);
      console.log(columns.map((name) => cell(name, name)).join(""));
    }
    console.log(columns.map((name) => cell(name, String(row[name] ?? "-"))).join(""));
  });
  const command = ["bun run bench", bench.name, ...(quick ? ["--quick"] : [])].join(" ");
  const result = describeRun(bench, command, rows);
  console.log(JSON.stringify(result));
  if (quick) continue;
  await mkdir(RESULTS, { recursive: true });
  await Bun.write(resolve(RESULTS, `${bench.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** Under its column's name, and apart from its neighbour however long it is. */
function cell(column: string, text: string): string {
  return `  ${text}`.padStart(Math.max(10, column.length + 2));
}
