/** What can happen to a node that gives media to others, and how it is made good. */
import type { StarCluster } from "./star-cluster.ts";

/** kill -9; SIGSTOP; a cut of the way to one child; a pause too short to be a death. */
export const KINDS = ["kill", "stop", "cut", "pause"] as const;
/**
 * Those of any node in the middle; kill -9 of the publisher's node, whose publisher goes to another
 * one; an end in good order, after which the node is back with another executable.
 */
export type Kind = (typeof KINDS)[number] | "root" | "upgrade";

const PAUSE_MS = 150;
/** A log is read so often. */
const LOOK_MS = 20;

export interface Fault {
  readonly kind: Kind;
  readonly victim: number;
  /** A node that has media from the victim. */
  readonly child: number;
  /** Where the publisher goes when its node is the victim. */
  readonly refuge: number;
}

export interface Happening {
  /** When it is over. */
  readonly done: Promise<Happened>;
  /** All is as before after it. */
  heal(): Promise<void>;
}

export interface Happened {
  /** ms that the victim stood still, where it goes on by itself. */
  readonly pauseMs: number;
  /** How the publisher came back; null where it was not touched. */
  readonly back: Return | null;
}

export interface Return {
  /** From the fault until it was connected. */
  readonly ms: number;
  /** How often it asked: all but the last were refused. */
  readonly posts: number;
}

const AT_ONCE: Happened = { pauseMs: 0, back: null };

/** `upgrade`: the executable that the victim comes back with. */
export function happen(cluster: StarCluster, fault: Fault, upgrade: string): Happening {
  const { kind, victim, child } = fault;
  const node = cluster.nodes[victim]!;
  if (kind === "kill") return { done: node.kill().then(() => AT_ONCE), heal: () => node.start() };
  if (kind === "root") return { done: killRoot(cluster, fault), heal: () => node.start() };
  if (kind === "upgrade") return { done: replace(cluster, fault, upgrade), heal: async () => {} };
  if (kind === "cut") {
    cluster.star.cut(victim, child, true);
    const heal = async () => cluster.star.cut(victim, child, false);
    return { done: Promise.resolve(AT_ONCE), heal };
  }
  node.signal("SIGSTOP");
  const resume = async () => node.signal("SIGCONT");
  if (kind === "stop") return { done: Promise.resolve(AT_ONCE), heal: resume };
  const started = performance.now();
  const done = Bun.sleep(PAUSE_MS).then(async () => {
    await resume();
    return { ...AT_ONCE, pauseMs: performance.now() - started };
  });
  return { done, heal: async () => {} };
}

async function killRoot(cluster: StarCluster, { victim, refuge }: Fault): Promise<Happened> {
  const at = Date.now();
  await Promise.all([cluster.nodes[victim]!.kill(), cluster.silence()]);
  return { ...AT_ONCE, back: await publishAnew(cluster, refuge, at) };
}

/** A publisher whose node ends goes to another one as soon as it is told. */
async function replace(
  cluster: StarCluster,
  { victim, refuge }: Fault,
  path: string,
): Promise<Happened> {
  const node = cluster.nodes[victim]!;
  const isRoot = cluster.root === victim;
  const logged = node.logged;
  const stopping = { done: false };
  const stopped = node.stop().finally(() => {
    stopping.done = true;
  });
  let back: Return | null = null;
  if (isRoot) {
    const gone = () => node.said("Publisher gone", logged)[0];
    while (gone() === undefined && !stopping.done) await Bun.sleep(LOOK_MS);
    back = await publishAnew(cluster, refuge, gone() ?? Date.now());
  }
  await stopped;
  node.path = path;
  await node.start();
  return { ...AT_ONCE, back };
}

/** `at`: of the fault, ms since 1970. */
async function publishAnew(cluster: StarCluster, node: number, at: number): Promise<Return> {
  const { logged } = cluster.nodes[node]!;
  const posts = await cluster.publish(node);
  const connected = cluster.nodes[node]!.said("Publisher connected", logged).at(-1);
  return { ms: (connected ?? Number.POSITIVE_INFINITY) - at, posts };
}
