/** A drill: something happens to a node that gives media to another; what viewers below see of it. */
import type { LoadReport } from "../../src/load/report.ts";
import { until } from "../support/until.ts";
import { type Place, ROOT, type StarCluster } from "./star-cluster.ts";
import type { StarLoad } from "./star-load.ts";

export const KINDS = ["kill", "stop", "cut", "pause"] as const;
/** kill -9; SIGSTOP; a cut of the way to one child; a pause too short to be a death. */
export type Kind = (typeof KINDS)[number];

const VIEWERS = 3;
const PAUSE_MS = 150;
/** A tree that has stood for so long is measured; the load tool begins a second after the last join. */
const SETTLED_MS = 1_500;
const BEFORE_MS = 500;
/** For what follows, and until every node has told of it. */
const AFTER_MS = 3_500;
const TOLD_MS = 2_000;
/** At the end nothing is lost for so long: what is missing then never came. */
const CALM_MS = 800;
const READY_MS = 15_000;
/** ms that the forwarder, and a pause, may be late: more is this machine's doing. */
const LATE_P99_MS = 5;
const PAUSE_MS_MAX = 175;

export interface DrillResult {
  readonly kind: Kind;
  readonly victim: number;
  /** Nodes that had media by the victim. */
  readonly below: readonly number[];
  /** Why it says nothing; empty when it counts. */
  readonly void: string;
  /** At the viewers below: longest pause between packets, and between whole frames. */
  readonly gapMs: number;
  readonly freezeMs: number;
  /** The same pause at the viewers of other nodes. */
  readonly elsewhereMs: number;
  /** Packets that viewers (but for the victim's) never got. */
  readonly lost: number;
  readonly viewers: number;
  readonly kept: number;
  /** Nodes that left a parent to which nothing had happened. */
  readonly falseDeaths: readonly number[];
  /** The places of nodes before and after. */
  readonly before: readonly (Place | null)[];
  readonly after: readonly (Place | null)[];
  readonly lateP99Ms: number;
}

/** Runs one; the cluster is whole again after it. `random` chooses among victims. */
export async function drill(
  cluster: StarCluster,
  kind: Kind,
  random: () => number,
): Promise<DrillResult> {
  const numbers = cluster.nodes.map(({ number }) => number).filter((number) => number !== ROOT);
  const loads = new Map(numbers.map((node) => [node, cluster.watch(node, VIEWERS)]));
  try {
    const before = await settledTree(cluster, numbers);
    const victims = spared(before);
    if (victims.length === 0) throw new Error("the tree changed by itself");
    const victim = victims[Math.floor(random() * victims.length)]!;
    const below = numbers.filter((node) => before[node]?.path.includes(victim));
    const child = childrenOf(before, victim)[0]!;
    await cluster.star.figures();
    await Bun.sleep(BEFORE_MS);
    const carried = cluster.star.between(await cluster.star.figures(), victim, child).bytes;
    const others = cluster.nodes.filter(({ number }) => number !== victim);
    const logged = others.map((node) => node.logged);
    const happening = happen(cluster, kind, victim, child);
    const at = performance.now();
    await Bun.sleep(AFTER_MS);
    const actualMs = await happening.done;
    const { lateMs } = await cluster.star.figures();
    const after = cluster.nodes.map(({ number }) => cluster.place(number, at + TOLD_MS));
    const late = others.filter((node, place) => node.late(logged[place]!));
    cluster.star.calm(true);
    await happening.heal();
    await Bun.sleep(CALM_MS);
    const reports = await stopLoads(loads);
    reports.delete(victim);
    return {
      ...{ kind, victim, below, before, after, lateP99Ms: lateMs.p99 },
      void: voidness({ carried, lateP99Ms: lateMs.p99, pauseMs: actualMs, late: late.length }),
      ...seen(reports, below),
      falseDeaths: falseDeaths(kind, { before, after, victim }),
    };
  } finally {
    cluster.star.calm(false);
    for (const load of loads.values()) await load.kill();
    await cluster.linked();
  }
}

/** Waits until all viewers are in, each node has a parent, and some victim's children a standby. */
async function settledTree(
  cluster: StarCluster,
  numbers: readonly number[],
): Promise<(Place | null)[]> {
  const since = performance.now();
  const places = () => cluster.nodes.map(({ number }) => cluster.place(number, since));
  const settled = (): boolean => {
    const all = places();
    const given = numbers.every(
      (node) => all[node]?.viewers === VIEWERS && all[node].parent !== null,
    );
    return given && spared(all).length > 0;
  };
  await until("a tree with a middle and standbys", READY_MS, settled, places);
  await Bun.sleep(SETTLED_MS);
  return places();
}

/** Nodes in the middle whose children can all have the stream from another at once. */
function spared(places: readonly (Place | null)[]): number[] {
  return [...places.keys()].filter((node) => {
    const children = childrenOf(places, node);
    const middle = node !== ROOT && children.length > 0;
    return middle && children.every((child) => places[child]!.standby.length > 0);
  });
}

/** One of two parents at once is not yet, or no more, on the way that media takes. */
function childrenOf(places: readonly (Place | null)[], node: number): number[] {
  return [...places.keys()].filter(
    (number) => places[number]?.parent === node && places[number].path.at(-1) === node,
  );
}

interface Happening {
  /** When it is over; ms that it took where that matters. */
  readonly done: Promise<number>;
  heal(): Promise<void>;
}

function happen(cluster: StarCluster, kind: Kind, victim: number, child: number): Happening {
  const node = cluster.nodes[victim]!;
  if (kind === "kill") return { done: node.kill().then(() => 0), heal: () => node.start() };
  if (kind === "cut") {
    cluster.star.cut(victim, child, true);
    const heal = async () => cluster.star.cut(victim, child, false);
    return { done: Promise.resolve(0), heal };
  }
  node.signal("SIGSTOP");
  const resume = async () => node.signal("SIGCONT");
  if (kind === "stop") return { done: Promise.resolve(0), heal: resume };
  const started = performance.now();
  const done = Bun.sleep(PAUSE_MS).then(async () => {
    await resume();
    return performance.now() - started;
  });
  return { done, heal: async () => {} };
}

async function stopLoads(loads: Map<number, StarLoad>): Promise<Map<number, LoadReport>> {
  const stopped = await Promise.all(
    [...loads].map(async ([node, load]) => [node, await load.stop()] as const),
  );
  return new Map(stopped);
}

function seen(reports: Map<number, LoadReport>, below: readonly number[]) {
  const all = [...reports];
  const longest = (
    figure: "longestGapMs" | "longestFreezeMs",
    wanted: (node: number) => boolean,
  ): number =>
    Math.max(
      0,
      ...all.map(([node, { traffic }]) =>
        wanted(node) ? (traffic[figure]?.max ?? Number.POSITIVE_INFINITY) : 0,
      ),
    );
  const isBelow = (node: number) => below.includes(node);
  const sum = (value: (report: LoadReport) => number): number =>
    all.reduce((total, [, report]) => total + value(report), 0);
  return {
    gapMs: longest("longestGapMs", isBelow),
    freezeMs: longest("longestFreezeMs", isBelow),
    elsewhereMs: longest("longestGapMs", (node) => !isBelow(node)),
    lost: sum(({ quality }) => quality.lost),
    viewers: sum(({ viewers }) => viewers),
    kept: sum(({ viewers, join }) => viewers - join.failed),
  };
}

function voidness({
  carried,
  lateP99Ms,
  pauseMs,
  late,
}: {
  readonly carried: number;
  readonly lateP99Ms: number;
  readonly pauseMs: number;
  readonly late: number;
}): string {
  if (carried === 0) return "the victim carried nothing";
  if (lateP99Ms > LATE_P99_MS) return `the forwarder was ${lateP99Ms} ms late at p99`;
  if (late > 0) return `workers of ${late} other nodes got no processor`;
  if (pauseMs > PAUSE_MS_MAX) return `the pause took ${Math.round(pauseMs)} ms`;
  return "";
}

function falseDeaths(
  kind: Kind,
  {
    before,
    after,
    victim,
  }: {
    readonly before: readonly (Place | null)[];
    readonly after: readonly (Place | null)[];
    readonly victim: number;
  },
): number[] {
  return [...before.keys()].filter((node) => {
    if (node === ROOT || node === victim || before[node] == null) return false;
    // What happened to its parent was one, but for a short pause.
    if (kind !== "pause" && before[node].parent === victim) return false;
    return after[node] != null && after[node].parent !== before[node].parent;
  });
}
