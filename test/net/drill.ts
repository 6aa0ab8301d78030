/** A drill: something happens to a node that gives media to another; what viewers below see of it. */

import { until } from "../support/until.ts";
import { childrenOf, falseDeaths, others, type Places, settledTree, spared } from "./drill-tree.ts";
import { type Fault, type Happened, happen, type Kind, type Return } from "./faults.ts";
import { Lateness } from "./lateness.ts";
import type { StarCluster } from "./star-cluster.ts";
import { nextSecond, seen, stopLoads, type ViewersSeen } from "./viewers-seen.ts";
import { Waits } from "./waits.ts";
import { type Seen, Witness } from "./witness.ts";

/** For what follows, and until every node has told of it. */
const AFTER_MS = 3_500;
const TOLD_MS = 2_000;
const TOLD_MS_MAX = 10_000;
/** At the end nothing is lost for so long: what is missing then never came. */
const CALM_MS = 800;
/** A node of which a thread waited longer for a processor may have seemed dead. */
export const WAITED_MS_MAX = 100;
/** ms that the forwarder, and a pause, may be late: more is this machine's doing. */
const LATE_P99_MS = 5;
const PAUSE_MS_MAX = 175;

export interface DrillOptions {
  /** Of each node but the root. */
  readonly viewers: number;
  /** Chooses among victims. */
  readonly random: () => number;
  /** A browser watches below the victim, too. */
  readonly browser?: boolean;
  /** Of an upgrade: the victim, and what it comes back with. */
  readonly upgrade?: { readonly node: number; readonly path: string };
}

/** Of viewers: of all but the victim's, from the second on in which it happened. */
export interface DrillResult extends ViewersSeen {
  readonly kind: Kind;
  readonly victim: number;
  /** Nodes that had media by the victim. */
  readonly below: readonly number[];
  /** Why it says nothing; empty when it counts. */
  readonly void: string;
  /** What the machine did: other nodes with workers that got no processor for a second ... */
  readonly starved: number;
  /** ... how long one of their threads waited for one at once (less than that is not seen) ... */
  readonly waitedMs: number;
  /** ... and how much later than due a process of no priority was woken, ms. */
  readonly wokenLateMs: { readonly p99: number; readonly max: number };
  /** Nodes that left a parent to which nothing had happened. */
  readonly falseDeaths: readonly number[];
  /** How the publisher came back elsewhere; null where it was not touched. */
  readonly back: Return | null;
  /** What a browser below saw; null without one. */
  readonly browser: Seen | null;
  readonly lateP99Ms: number;
  /** The places of nodes before and after. */
  readonly before: Places;
  readonly after: Places;
}

/** Runs one; the cluster is whole again after it. */
export async function drill(
  cluster: StarCluster,
  kind: Kind,
  options: DrillOptions,
): Promise<DrillResult> {
  const watching = others(cluster);
  const loads = new Map(watching.map((node) => [node, cluster.watch(node, options.viewers)]));
  let witness: Witness | null = null;
  try {
    let before = await settledTree(cluster, options.viewers, isOfTheMiddle(kind));
    let fault = choose(cluster, kind, before, options, null);
    if (options.browser) {
      witness = await Witness.open(cluster, fault.child);
      before = await settledTree(cluster, options.viewers, isOfTheMiddle(kind));
      fault = choose(cluster, kind, before, options, fault.child);
    }
    const below = watching.filter((node) => before[node]?.path.includes(fault.victim));
    await witness?.begin();
    const { heal, since, ...told } = await suffer(cluster, fault, before, options);
    cluster.star.calm(true);
    await heal();
    await Bun.sleep(CALM_MS);
    const browser = witness === null ? null : await witness.seen();
    const reports = await stopLoads(loads);
    reports.delete(fault.victim);
    return {
      kind,
      victim: fault.victim,
      below,
      before,
      ...told,
      ...seen(reports, since, below),
      browser,
    };
  } finally {
    cluster.star.calm(false);
    await witness?.close();
    for (const load of loads.values()) await load.kill();
    await cluster.linked();
  }
}

/** The fault itself, and what the cluster made of it. */
async function suffer(
  cluster: StarCluster,
  fault: Fault,
  before: Places,
  { upgrade }: DrillOptions,
) {
  const { kind, victim, child } = fault;
  await cluster.star.figures();
  const since = await nextSecond();
  const carried = cluster.star.between(await cluster.star.figures(), victim, child).bytes;
  const spectators = cluster.nodes.filter(({ number }) => number !== victim);
  const logged = spectators.map((node) => node.logged);
  const lateness = new Lateness();
  const waits = new Waits(() => spectators.flatMap(({ pid }) => pid ?? []));
  const { done, heal } = happen(cluster, fault, upgrade?.path ?? cluster.path);
  const happened = await done;
  const at = performance.now();
  await Bun.sleep(AFTER_MS);
  const wokenLateMs = lateness.stop();
  const waitedMs = waits.stop();
  const { lateMs } = await cluster.star.figures();
  const after = await placesSince(cluster, at + TOLD_MS, spectators);
  return {
    heal,
    since,
    after,
    lateP99Ms: lateMs.p99,
    void: voidness({ carried, lateP99Ms: lateMs.p99, ...happened }),
    wokenLateMs,
    waitedMs,
    starved: spectators.filter((node, place) => node.late(logged[place]!)).length,
    falseDeaths: falseDeaths(kind, before, after, victim),
    back: happened.back,
  };
}

/** Statuses come each second or two: waits until all of these nodes have told of theirs. */
async function placesSince(
  cluster: StarCluster,
  since: number,
  nodes: readonly { readonly number: number }[],
): Promise<Places> {
  const places = () => cluster.nodes.map(({ number }) => cluster.place(number, since));
  const told = () => nodes.every(({ number }) => places()[number] !== null);
  await until("every node tells of its place", TOLD_MS_MAX, told, places);
  return places();
}

/** Who suffers, of those above `watched` if one is; the publisher's refuge is a node that is not touched. */
function choose(
  cluster: StarCluster,
  kind: Kind,
  places: Places,
  { random, upgrade }: DrillOptions,
  watched: number | null,
): Fault {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const isAbove = (node: number) => watched === null || childrenOf(places, node).includes(watched);
  const victims = kind === "root" ? [cluster.root] : spared(places).filter(isAbove);
  if (upgrade === undefined && victims.length === 0) throw new Error("the tree changed by itself");
  const victim = upgrade?.node ?? one(victims);
  const unhurt = others(cluster).filter((node) => node !== victim);
  return {
    kind,
    victim,
    child: watched ?? childrenOf(places, victim)[0] ?? unhurt[0]!,
    refuge: one(unhurt),
  };
}

function isOfTheMiddle(kind: Kind): boolean {
  return kind !== "root" && kind !== "upgrade";
}

/** Everybody had a processor when it was wanted. */
export function isUndisturbed({
  starved,
  waitedMs,
  wokenLateMs,
}: Pick<DrillResult, "starved" | "waitedMs" | "wokenLateMs">): boolean {
  return starved === 0 && waitedMs <= WAITED_MS_MAX && wokenLateMs.p99 <= LATE_P99_MS;
}

function voidness({
  carried,
  lateP99Ms,
  pauseMs,
}: Happened & { readonly carried: number; readonly lateP99Ms: number }): string {
  if (carried === 0) return "the victim carried nothing";
  if (lateP99Ms > LATE_P99_MS) return `the forwarder was ${lateP99Ms} ms late at p99`;
  if (pauseMs > PAUSE_MS_MAX) return `the pause took ${Math.round(pauseMs)} ms`;
  return "";
}
