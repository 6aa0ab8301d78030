/**
 * `bun run fuzz [--minutes N] [--seed N] [--cases N] [--target NAME]`: runs the fuzzers of
 * scripts/fuzz/targets.ts by turns until the time is over, each case from a seed of its own. A target
 * that fails prints its seed and what runs that case again; exit code 1.
 */
import { parseArgs } from "node:util";
import { type FuzzTarget, TARGETS } from "./fuzz/targets.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    cases: { type: "string" },
    target: { type: "string" },
  },
});
const minutes = numberOf("minutes");
const firstSeed = numberOf("seed");
const casesMax = values.cases === undefined ? Number.POSITIVE_INFINITY : numberOf("cases");
const running = new Set(TARGETS.filter(({ name }) => [undefined, name].includes(values.target)));
if (running.size === 0) {
  refuse(`no target "${values.target}"; there are: ${TARGETS.map(({ name }) => name).join(", ")}`);
}

const end = Date.now() + minutes * 60_000;
const done = new Map<FuzzTarget, number>();
let failed = 0;
console.log(`from seed ${firstSeed}: ${[...running].map(({ name }) => name).join(", ")}`);
for (let i = 0; i < casesMax && Date.now() < end && running.size > 0; i += 1) {
  for (const target of running) {
    const seed = firstSeed + i;
    try {
      await target.run(seed);
      done.set(target, (done.get(target) ?? 0) + 1);
    } catch (error) {
      failed += 1;
      running.delete(target);
      console.error(`${target.name} fails with seed ${seed}:`);
      console.error(error);
      console.error(`again: bun run fuzz --target ${target.name} --seed ${seed} --cases 1`);
    }
  }
}
for (const [{ name }, cases] of done) console.log(`${name}: ${cases} cases passed`);
process.exit(failed === 0 ? 0 : 1);

function numberOf(name: "minutes" | "seed" | "cases"): number {
  const value = Number(values[name]);
  if (!(value >= 0)) refuse(`--${name} wants a number, not "${values[name]}"`);
  return value;
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
