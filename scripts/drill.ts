/**
 * `bun run drill [OPTIONS]`: real processes in namespaces, in three regions; something happens to a
 * node, again and again, or nothing does, and what viewers saw of it is told as JSON. Needs root;
 * exit code 1 when a bound was missed: `misses` says which.
 */
import { parseArgs } from "node:util";
import { type DrillResult, drill, isUndisturbed } from "../test/net/drill.ts";
import { lacksEmulator } from "../test/net/emulator.ts";
import { KINDS, type Kind } from "../test/net/faults.ts";
import { stayQuiet } from "../test/net/quiet.ts";
import { StarCluster, type StarClusterOptions } from "../test/net/star-cluster.ts";
import { seeded } from "../test/support/random.ts";
import {
  type Bounds,
  type Findings,
  isFarther,
  missesOf,
  summary,
  told,
} from "./drill-findings.ts";

/** Round trips within a region, to the second, and to the third. */
const ROUND_TRIPS_MS = [0.5, 40, 90] as const;
const REGIONS = ["near", "far", "away"] as const;
/** With so many viewers a node has its stream by two ways at once. */
const HOT_VIEWERS = 10;
const GAP_MS_MAX = { warm: 500, hot: 40 } as const;
/** From when a publisher is back until its media is everywhere. */
const AFTER_RETURN_MS_MAX = 1_000;
/** Of one drill at most. */
const DRILL_SECONDS = 120;
/** An end in good order waits for viewers so long. */
const DRAIN_SECONDS = 2;

const HELP = `Usage: bun run drill [OPTIONS]        as root

  --nodes N          nodes, in three regions (8)
  --kills N          things that happen, over all losses (100; 0 with --quiet or --upgrade)
  --kinds A,B        of kill (-9), stop, cut (one way, to one child), pause (150 ms): all four; and
                     root (kill -9 of the publisher's node; the publisher goes to another one)
  --viewers N        of each node but the publisher's (3); from ${HOT_VIEWERS} on it has the stream twice
  --loss P,Q         percent, on each way between two nodes (5,10)
  --gap MS           longest pause that is no miss, beyond that of two frames (${GAP_MS_MAX.warm}; hot ${GAP_MS_MAX.hot})
  --browser          Chromium watches a clip below the victim, too
  --quiet MINUTES    nothing happens for so long
  --upgrade OLD      nodes run the executable OLD; one after the other ends in good order and comes
                     back with that of this source
  --children-max N   nodes that have a stream from one
  --seed N           of chance: printed`;

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "8" },
    kills: { type: "string" },
    kinds: { type: "string", default: KINDS.join(",") },
    viewers: { type: "string", default: "3" },
    loss: { type: "string", default: "5,10" },
    gap: { type: "string" },
    browser: { type: "boolean", default: false },
    quiet: { type: "string", default: "0" },
    upgrade: { type: "string", default: "" },
    "children-max": { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const nodes = wholeOf("nodes", values.nodes, 3);
const seed = wholeOf("seed", values.seed, 0);
const viewers = wholeOf("viewers", values.viewers, 1);
const quietMinutes = Number(values.quiet);
if (!(quietMinutes >= 0)) refuse(`--quiet wants minutes, not "${values.quiet}"`);
const other = quietMinutes > 0 || values.upgrade !== "";
const kills = wholeOf("kills", values.kills ?? (other ? "0" : "100"), 0);
const kinds = values.kinds.split(",").map(kindOf);
const losses = values.loss.split(",").map(Number);
if (!losses.every((loss) => loss >= 0 && loss <= 50)) refuse("--loss wants percents, 0 to 50");
// With two places a node four get the stream by others; more nodes need more for their standbys.
const childrenMax = wholeOf(
  "children-max",
  values["children-max"] ?? String(Math.max(2, nodes - 5)),
  1,
);
const mode = viewers >= HOT_VIEWERS ? "hot" : "warm";
const bounds: Bounds = {
  kills,
  addedMs: wholeOf("gap", values.gap ?? String(GAP_MS_MAX[mode]), 1),
  afterReturnMs: AFTER_RETURN_MS_MAX,
};

if (!lacksEmulator("drills")) process.exit(await main());

async function main(): Promise<number> {
  const found: Findings = { results: [], quiet: [], upgrade: [], failures: [] };
  for (const [i, loss] of losses.entries()) {
    const share = Math.floor(kills / losses.length) + (i < kills % losses.length ? 1 : 0);
    if (share > 0) await drillsAt(loss, share, found);
    if (quietMinutes > 0) await quietAt(loss, found);
    if (values.upgrade !== "") await upgradeAt(loss, found);
  }
  const { results, ...others } = found;
  const counted = results.filter((result) => result.void === "");
  const misses = missesOf(found, bounds);
  const given = { seed, nodes, kills, viewers, mode, childrenMax, losses };
  const all = {
    conditions: { ...given, roundTripsMs: ROUND_TRIPS_MS, browser: values.browser, bounds },
    misses,
    all: summary(counted),
    // Where no choice of parents makes the pause as short as it is to be.
    farther: summary(counted.filter((each) => isFarther(each, bounds.addedMs))),
    // Where the machine had a processor for everybody.
    undisturbed: summary(counted.filter(isUndisturbed)),
    byKind: Object.fromEntries(
      kinds.map((kind) => [kind, summary(counted.filter((result) => result.kind === kind))]),
    ),
    ...others,
    results,
  };
  console.log(JSON.stringify(all, null, 2));
  return misses.length === 0 ? 0 : 1;
}

/** So many on one network; one that fails begins another, and its logs are kept. */
async function drillsAt(loss: number, count: number, found: Findings): Promise<void> {
  const random = seeded(seed + loss);
  let cluster: StarCluster | null = null;
  for (let number = 0; number < count; number += 1) {
    const kind = kinds[Math.floor(random() * kinds.length)]!;
    try {
      cluster ??= await open(loss, count * DRILL_SECONDS, { clip: values.browser });
      const options = { viewers, random, browser: values.browser };
      const result = await drill(cluster, kind, options);
      found.results.push(told(result, loss, wayMs));
      console.error(JSON.stringify({ ...found.results.at(-1), ...placesOf(result) }));
    } catch (error) {
      await failed(`${kind} at ${loss} %`, error, cluster, found);
      cluster = null;
    }
  }
  await cluster?.close();
}

async function quietAt(loss: number, found: Findings): Promise<void> {
  let cluster: StarCluster | null = null;
  try {
    cluster = await open(loss, quietMinutes * 60 + DRILL_SECONDS, {});
    const result = { loss, ...(await stayQuiet(cluster, quietMinutes * 60, viewers)) };
    console.error(JSON.stringify(result));
    found.quiet.push(result);
    await cluster.close(result.falseDeaths.length > 0);
  } catch (error) {
    await failed(`quiet at ${loss} %`, error, cluster, found);
  }
}

/** The publisher's node comes last: its publisher goes to a node that is new already. */
async function upgradeAt(loss: number, found: Findings): Promise<void> {
  const random = seeded(seed + loss);
  let cluster: StarCluster | null = null;
  try {
    const old = { path: values.upgrade, drainSeconds: DRAIN_SECONDS };
    cluster = await open(loss, nodes * DRILL_SECONDS, old);
    const { root, path } = cluster;
    const turns = [...cluster.nodes.keys()].filter((node) => node !== root);
    for (const node of [...turns, root]) {
      const options = { viewers, random, upgrade: { node, path } };
      const result = await drill(cluster, "upgrade", options);
      found.upgrade.push(told(result, loss, wayMs));
      console.error(JSON.stringify({ ...found.upgrade.at(-1), ...placesOf(result) }));
    }
    await cluster.close();
  } catch (error) {
    await failed(`upgrade at ${loss} %`, error, cluster, found);
  }
}

async function failed(
  what: string,
  error: unknown,
  cluster: StarCluster | null,
  { failures }: Findings,
): Promise<void> {
  const logs = cluster === null ? "" : `; logs: ${cluster.folder}`;
  failures.push(`${what}: ${error instanceof Error ? error.message : error}${logs}`);
  console.error(failures.at(-1));
  await cluster?.close(true);
}

async function open(
  loss: number,
  seconds: number,
  more: Partial<StarClusterOptions>,
): Promise<StarCluster> {
  return await StarCluster.open({
    ...{ seed: seed + loss, nodes, childrenMax, seconds: 60 + seconds },
    link: (from, to) => {
      const delayUs = wayMs(from, to) * 1000;
      return { delayUs, jitterUs: delayUs / 10, loss: loss / 100 };
    },
    region: (node) => REGIONS[node % REGIONS.length]!,
    ...more,
  });
}

/** From a node to another. */
function wayMs(from: number, to: number): number {
  const [a, b] = [from % REGIONS.length, to % REGIONS.length];
  return (a === b ? ROUND_TRIPS_MS[0] : ROUND_TRIPS_MS[Math.max(a, b)]!) / 2;
}

function placesOf({ before, after }: DrillResult): Pick<DrillResult, "before" | "after"> {
  return { before, after };
}

function kindOf(name: string): Kind {
  const kind = [...KINDS, "root" as const].find((each) => each === name);
  return kind ?? refuse(`--kinds knows ${KINDS.join(", ")} and root, not "${name}"`);
}

function wholeOf(name: string, text: string, least: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  return refuse(`--${name} wants a whole number of ${least} or more, not "${text}"`);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
