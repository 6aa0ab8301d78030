/** A cluster to which nothing happens: no node may leave its parent, and no link may die. */
import { type DrillResult, seen, stopLoads, type ViewersSeen } from "./drill.ts";
import { others, settledTree } from "./drill-tree.ts";
import { Lateness } from "./lateness.ts";
import type { StarCluster } from "./star-cluster.ts";

/** Statuses come once a second. */
const LOOK_MS = 1_000;
const FIGURES_MS = 60_000;

export interface QuietResult extends Omit<ViewersSeen, "elsewhereMs"> {
  readonly seconds: number;
  /** A node has left its parent, though nothing has happened. */
  readonly falseDeaths: readonly Change[];
  /** Links that nodes say they have lost. */
  readonly unlinked: number;
  /** What the machine did, as a drill tells it. */
  readonly starved: number;
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
}

/** So many seconds; `viewers` at each node but the root. */
export async function stayQuiet(
  cluster: StarCluster,
  seconds: number,
  viewers: number,
): Promise<QuietResult> {
  const watching = others(cluster);
  const loads = new Map(watching.map((node) => [node, cluster.watch(node, viewers)]));
  try {
    const before = await settledTree(cluster, viewers, false);
    const logged = cluster.nodes.map((node) => node.logged);
    const parents = new Map(watching.map((node) => [node, before[node]!.parent!]));
    const lateness = new Lateness();
    const { falseDeaths, lateP99Ms } = await observe(cluster, parents, seconds);
    const wokenLateMs = lateness.stop();
    const unlinked = cluster.nodes.map((node, i) => node.said("Node unlinked", logged[i]!).length);
    const starved = cluster.nodes.filter((node, i) => node.late(logged[i]!)).length;
    cluster.star.calm(true);
    await Bun.sleep(LOOK_MS);
    const { elsewhereMs: _, ...told } = seen(await stopLoads(loads), watching);
    const links = unlinked.reduce((sum, count) => sum + count, 0);
    return { seconds, falseDeaths, unlinked: links, starved, wokenLateMs, lateP99Ms, ...told };
  } finally {
    cluster.star.calm(false);
    for (const load of loads.values()) await load.kill();
  }
}

/** `parents`: of each node, as it is told from now on. */
async function observe(
  cluster: StarCluster,
  parents: Map<number, number>,
  seconds: number,
): Promise<Pick<QuietResult, "falseDeaths" | "lateP99Ms">> {
  const falseDeaths: Change[] = [];
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
      falseDeaths.push({ node, from, to: place.parent, at });
      if (place.parent !== null) parents.set(node, place.parent);
    }
    if (now < figuresAt) continue;
    figuresAt += FIGURES_MS;
    lateP99Ms.push((await cluster.star.figures()).lateMs.p99);
  }
  lateP99Ms.push((await cluster.star.figures()).lateMs.p99);
  return { falseDeaths, lateP99Ms };
}
