/** A cluster to which nothing happens: no node may leave its parent, and no link may die. */
import { type DrillResult, WAITED_MS_MAX } from "./drill.ts";
import { others, settledTree } from "./drill-tree.ts";
import { Lateness } from "./lateness.ts";
import type { StarCluster } from "./star-cluster.ts";
import { nextSecond, seen, stopLoads, type ViewersSeen } from "./viewers-seen.ts";
import { Waits } from "./waits.ts";

/** Statuses come once a second. */
const LOOK_MS = 1_000;
const FIGURES_MS = 60_000;
/** What many processes did to each other when they began is over. */
const SETTLED_MS = 10_000;

export interface QuietResult extends Omit<ViewersSeen, "elsewhereMs"> {
  readonly seconds: number;
  /** A node has left its parent, though nothing has happened ... */
  readonly falseDeaths: readonly Change[];
  /** ... or the machine had no processor for some node. */
  readonly starvedDeaths: readonly Change[];
  /** Links that nodes say they have lost. */
  readonly unlinked: number;
  /** What the machine did, as a drill tells it. */
  readonly starved: number;
  readonly waitedMs: number;
  readonly wokenLateMs: DrillResult["wokenLateMs"];
  /** The forwarder, minute by minute. */
  readonly lateP99Ms: readonly number[];
}

interface Change {
  readonly node: number;
  readonly from: number;
  readonly to: number | null;
  /** Seconds from the start. */
  readonly at: number;
  /** How long a thread of some node waited for a processor in the seconds before, ms. */
  readonly waitedMs: number;
}

/** Statuses are told once a second, and a silent parent is left 200 ms later: it was in one of so many. */
const CHANGE_SECONDS = 4;

/** So many seconds; `viewers` at each node but the root. */
export async function stayQuiet(
  cluster: StarCluster,
  seconds: number,
  viewers: number,
): Promise<QuietResult> {
  const watching = others(cluster);
  const loads = new Map(watching.map((node) => [node, cluster.watch(node, viewers)]));
  try {
    const before = await settledTree(cluster, viewers, false, SETTLED_MS);
    const logged = cluster.nodes.map((node) => node.logged);
    const parents = new Map(watching.map((node) => [node, before[node]!.parent!]));
    const lateness = new Lateness();
    const waits = new Waits(() => cluster.nodes.flatMap(({ pid }) => pid ?? []));
    const since = await nextSecond();
    const { changes, lateP99Ms } = await observe(cluster, waits, parents, seconds);
    const wokenLateMs = lateness.stop();
    const machine = { starved: 0, waitedMs: waits.stop(), wokenLateMs, lateP99Ms };
    const unlinked = cluster.nodes.map((node, i) => node.said("Node unlinked", logged[i]!).length);
    machine.starved = cluster.nodes.filter((node, i) => node.late(logged[i]!)).length;
    cluster.star.calm(true);
    await Bun.sleep(LOOK_MS);
    const { elsewhereMs: _, ...told } = seen(await stopLoads(loads), since, watching);
    const links = unlinked.reduce((sum, count) => sum + count, 0);
    const isStarved = ({ waitedMs }: Change) => waitedMs > WAITED_MS_MAX;
    const starvedDeaths = changes.filter(isStarved);
    const falseDeaths = changes.filter((change) => !isStarved(change));
    return { seconds, falseDeaths, starvedDeaths, unlinked: links, ...machine, ...told };
  } finally {
    cluster.star.calm(false);
    for (const load of loads.values()) await load.kill();
  }
}

/** `parents`: of each node, as it is told from now on. */
async function observe(
  cluster: StarCluster,
  waits: Waits,
  parents: Map<number, number>,
  seconds: number,
): Promise<{ readonly changes: Change[]; readonly lateP99Ms: number[] }> {
  const changes: Change[] = [];
  const lateP99Ms: number[] = [];
  await cluster.star.figures();
  const start = performance.now();
  let figuresAt = start + FIGURES_MS;
  for (let now = start; now < start + seconds * 1000; now = performance.now()) {
    await Bun.sleep(LOOK_MS);
    for (const [node, from] of parents) {
      const place = cluster.place(node, now);
      if (place === null || place.parent === from) continue;
      const at = Math.round((now - start) / 1000);
      changes.push({ node, from, to: place.parent, at, waitedMs: waits.lately(CHANGE_SECONDS) });
      if (place.parent !== null) parents.set(node, place.parent);
    }
    if (now < figuresAt) continue;
    figuresAt += FIGURES_MS;
    lateP99Ms.push((await cluster.star.figures()).lateMs.p99);
  }
  lateP99Ms.push((await cluster.star.figures()).lateMs.p99);
  return { changes, lateP99Ms };
}
