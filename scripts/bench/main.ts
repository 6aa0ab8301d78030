/**
 * `bun run bench [NAME...] [--quick]`: runs the benchmarks named, or all. A full run's figures are
 * kept in scripts/bench/results; `bun run readme` draws them and puts them into README.md.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { adaptation } from "./adaptation.ts";
import { connect } from "./connect.ts";
import { correctness } from "./correctness.ts";
import { crowd } from "./crowd.ts";
import { delay } from "./delay.ts";
import { fanout, floor } from "./fanout.ts";
import { feedback } from "./feedback.ts";
import { type Bench, type BenchOptions, describeRun, EXECUTABLE, type Row } from "./harness.ts";
import { hot } from "./hot/hot.ts";
import { joins } from "./joins.ts";
import { network } from "./network.ts";
import { peers } from "./peers.ts";
import { profile } from "./profile.ts";
import { relay } from "./relay.ts";
import { RESULTS } from "./results.ts";
import { ring } from "./ring.ts";
import { memory, publishers, workers } from "./small.ts";
import { soak } from "./soak.ts";
import { tail } from "./tail.ts";
import { timeline } from "./timeline.ts";
import { tree } from "./tree.ts";
import { viewers } from "./viewers.ts";

const BENCHES: readonly Bench[] = [
  viewers,
  floor,
  fanout,
  hot,
  workers,
  delay,
  feedback,
  joins,
  crowd,
  connect,
  memory,
  relay,
  tree,
  tail,
  ring,
  publishers,
  correctness,
  profile,
  soak,
  adaptation,
  timeline,
  network,
  peers,
];

/** Those that measure a single point when asked to. */
const POINTS = [fanout, hot, profile].map(({ name }) => name);

const HELP = `Usage: bun run bench [NAME...] [--quick]
       bun run bench ${POINTS.join("|")} [--viewers N] [--bitrate MBPS]
       bun run bench fanout [--no-gro]

Without a NAME all of them run. --quick shows in a few seconds each that they work; it stores
nothing, and neither does a single point. --no-gro: only receivers that take each datagram by itself.

${BENCHES.map(({ name, summary }) => `${name.padEnd(13)}${summary}`).join("\n")}`;

const { values, positionals: names } = readArguments();
const { quick } = values;
const single = values.viewers !== undefined || values.bitrate !== undefined || values["no-gro"];
if (!existsSync(EXECUTABLE)) fail(`${EXECUTABLE} does not exist: bun run build`, 1);

const options: BenchOptions = {
  quick,
  viewers: values.viewers === undefined ? null : positive("viewers", values.viewers, 1),
  bitrate: values.bitrate === undefined ? null : positive("bitrate", values.bitrate, 0) * 1e6,
  gro: !values["no-gro"],
};
const started = performance.now();
for (const bench of BENCHES) {
  if (names.length > 0 && !names.includes(bench.name)) continue;
  await run(bench);
}
console.log(`\n${Math.round((performance.now() - started) / 1000)} s in all`);

async function run(bench: Bench): Promise<void> {
  console.log(`\n# ${bench.name}: ${bench.summary}`);
  const rows: Row[] = [];
  let columns: string[] = [];
  await bench.run(options, (row) => {
    rows.push(row);
    if (Object.keys(row).join() !== columns.join()) {
      columns = Object.keys(row);
      console.log(columns.map((name) => cell(name, name)).join(""));
    }
    console.log(columns.map((name) => cell(name, String(row[name] ?? "-"))).join(""));
  });
  const flags = process.argv.slice(2).filter((argument) => !names.includes(argument));
  const command = ["bun run bench", bench.name, ...flags].join(" ");
  const result = describeRun(bench, command, rows);
  console.log(JSON.stringify(result));
  if (quick || single) return;
  await mkdir(RESULTS, { recursive: true });
  await Bun.write(resolve(RESULTS, `${bench.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

function readArguments() {
  try {
    const read = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        viewers: { type: "string" },
        bitrate: { type: "string" },
        "no-gro": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const unknown = read.positionals.filter((name) => !BENCHES.some((each) => each.name === name));
    if (unknown.length > 0) fail(`There is no benchmark "${unknown[0]}".\n\n${HELP}`, 2);
    const points = read.values.viewers !== undefined || read.values.bitrate !== undefined;
    if (points && !POINTS.includes(read.positionals.join())) {
      fail(`--viewers and --bitrate choose a point of ${POINTS.join(", ")}, one of them alone`, 2);
    }
    if (read.values["no-gro"] && read.positionals.join() !== fanout.name) {
      fail("--no-gro is for fanout alone", 2);
    }
    if (read.values.help) {
      console.log(HELP);
      process.exit(0);
    }
    return read;
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), 2);
  }
}

function positive(name: string, text: string, least: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= least)) fail(`--${name} is a number from ${least} on, not "${text}"`, 2);
  return value;
}

function fail(message: string, code: number): never {
  console.error(message);
  process.exit(code);
}

/** Under its column's name, and apart from its neighbour however long it is. */
function cell(column: string, text: string): string {
  return `  ${text}`.padStart(Math.max(10, column.length + 2));
}
