/**
 * `bun run cascade [--minutes N] [--seed S]`: runs simulated clusters (test/sim/cascade), each from a
 * seed of its own, until the time is over, and prints how many ran and which failed as JSON; exit code
 * 1 when one did. `--only S` runs one and tells what happened in it; `--nodes N`: of so many nodes, up to
 * 1,000 (64 of them cores at most; a seed takes minutes then, and gigabytes).
 */
import { parseArgs } from "node:util";
import { runSeed } from "../test/sim/cascade/run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: "1000" },
    only: { type: "string" },
    nodes: { type: "string" },
  },
});
const nodes = values.nodes === undefined ? undefined : numberOf("nodes");
if (values.only === undefined) runMany(numberOf("seed"), numberOf("minutes"));
else runOne(numberOf("only"));

function runMany(first: number, minutes: number): void {
  const end = Date.now() + minutes * 60_000;
  const failing: number[] = [];
  let seed = first;
  for (; Date.now() < end; seed += 1) {
    const { problems } = runSeed(seed, nodes);
    if (problems.length === 0) continue;
    failing.push(seed);
    const again = `bun run cascade --only ${seed}${nodes === undefined ? "" : ` --nodes ${nodes}`}`;
    console.error(`seed ${seed} fails: ${problems[0]}; again: ${again}`);
  }
  console.log(JSON.stringify({ first, seeds: seed - first, nodes, failing }));
  process.exit(failing.length === 0 ? 0 : 1);
}

function runOne(seed: number): void {
  const { problems, story } = runSeed(seed, nodes);
  for (const line of story) console.log(line);
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? "all held" : `${problems.length} did not hold`);
  process.exit(problems.length === 0 ? 0 : 1);
}

function numberOf(name: "minutes" | "seed" | "only" | "nodes"): number {
  const value = Number(values[name]);
  if (value >= 0) return value;
  console.error(`--${name} wants a number, not "${values[name]}"`);
  process.exit(2);
}
