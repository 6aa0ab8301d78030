/**
 * `bun run drill [--nodes N] [--kills N] [--kinds A,B] [--loss PERCENT,...] [--seed N]`: real processes
 * in namespaces, in three regions; something happens to a node in the middle, again and again, and
 * what viewers below saw of it is told as JSON. Needs root; exit code 1 when a bound was missed.
 */
import { parseArgs } from "node:util";
import { type DrillResult, drill, KINDS, type Kind } from "../test/net/drill.ts";
import { lacksEmulator } from "../test/net/emulator.ts";
import { StarCluster } from "../test/net/star-cluster.ts";
import { seeded } from "../test/support/random.ts";

/** Round trips within a region, to the second, and to the third. */
const ROUND_TRIPS_MS = [0.5, 40, 90] as const;
const REGIONS = ["near", "far", "away"] as const;
const GAP_MS_MAX = 500;
/** Of one drill at most. */
const DRILL_SECONDS = 120;
/** Of all that were tried. */
const COUNTED_SHARE_MIN = 0.3;

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "8" },
    kills: { type: "string", default: "100" },
    kinds: { type: "string", default: KINDS.join(",") },
    loss: { type: "string", default: "5,10" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    "children-max": { type: "string", default: "" },
  },
});
const nodes = numberOf("nodes", 3);
const kills = numberOf("kills", 1);
const seed = numberOf("seed", 0);
const kinds = values.kinds.split(",").map(kindOf);
const losses = values.loss.split(",").map(Number);
if (!losses.every((loss) => loss >= 0 && loss <= 50)) refuse("--loss wants percents, 0 to 50");
// With two places a node four get the stream by others; more nodes need more for their standbys.
const childrenMax =
  values["children-max"] === "" ? Math.max(2, nodes - 5) : numberOf("children-max", 1);

interface Told extends Omit<DrillResult, "before" | "after"> {
  readonly loss: number;
}

if (!lacksEmulator("drills")) process.exit(await main());

async function main(): Promise<number> {
  const results: Told[] = [];
  const failures: string[] = [];
  for (const [i, loss] of losses.entries()) {
    const share = Math.floor(kills / losses.length) + (i < kills % losses.length ? 1 : 0);
    if (share > 0) await drillsAt(loss, share, results, failures);
  }
  const counted = results.filter((result) => result.void === "");
  const conditions = { seed, nodes, kills, childrenMax, losses, roundTripsMs: ROUND_TRIPS_MS };
  const byKind = Object.fromEntries(
    kinds.map((kind) => [kind, summary(counted.filter((result) => result.kind === kind))]),
  );
  const all = summary(counted);
  console.log(JSON.stringify({ conditions, all, byKind, failures, results }, null, 2));
  const good =
    counted.length >= kills * COUNTED_SHARE_MIN &&
    all.gapMs.max <= GAP_MS_MAX &&
    all.falseDeaths === 0 &&
    all.kept === all.viewers;
  return good ? 0 : 1;
}

/** So many on one network; one that fails begins another, and its logs are kept. */
async function drillsAt(
  loss: number,
  count: number,
  results: Told[],
  failures: string[],
): Promise<void> {
  const random = seeded(seed + loss);
  let cluster: StarCluster | null = null;
  for (let number = 0; number < count; number += 1) {
    const kind = kinds[Math.floor(random() * kinds.length)]!;
    try {
      cluster ??= await open(loss, count);
      const { before, after, ...result } = await drill(cluster, kind, random);
      console.error(JSON.stringify({ loss, ...result, before, after }));
      results.push({ loss, ...result });
    } catch (error) {
      const logs = cluster === null ? "" : `; logs: ${cluster.folder}`;
      failures.push(
        `${kind} at ${loss} %: ${error instanceof Error ? error.message : error}${logs}`,
      );
      console.error(failures.at(-1));
      await cluster?.close(true);
      cluster = null;
    }
  }
  await cluster?.close();
}

async function open(loss: number, drills: number): Promise<StarCluster> {
  return await StarCluster.open({
    ...{ seed: seed + loss, nodes, childrenMax, seconds: 60 + drills * DRILL_SECONDS },
    link: (from, to) => {
      const delayUs = (roundTripMs(from % REGIONS.length, to % REGIONS.length) * 1000) / 2;
      return { delayUs, jitterUs: delayUs / 10, loss: loss / 100 };
    },
    region: (node) => REGIONS[node % REGIONS.length]!,
  });
}

function roundTripMs(from: number, to: number): number {
  return from === to ? ROUND_TRIPS_MS[0] : ROUND_TRIPS_MS[Math.max(from, to)]!;
}

function summary(results: readonly Told[]) {
  const sum = (value: (result: Told) => number): number =>
    results.reduce((total, result) => total + value(result), 0);
  return {
    counted: results.length,
    gapMs: spread(results.map(({ gapMs }) => gapMs)),
    freezeMs: spread(results.map(({ freezeMs }) => freezeMs)),
    lost: sum(({ lost }) => lost),
    viewers: sum(({ viewers }) => viewers),
    kept: sum(({ kept }) => kept),
    falseDeaths: sum(({ falseDeaths }) => falseDeaths.length),
  };
}

function spread(given: readonly number[]) {
  const sorted = [...given].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5) ?? 0, p99: at(0.99) ?? 0, max: sorted.at(-1) ?? 0 };
}

function kindOf(name: string): Kind {
  const kind = KINDS.find((each) => each === name);
  return kind ?? refuse(`--kinds knows ${KINDS.join(", ")}, not "${name}"`);
}

function numberOf(name: "nodes" | "kills" | "seed" | "children-max", least: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  return refuse(`--${name} wants a whole number of ${least} or more, not "${values[name]}"`);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
