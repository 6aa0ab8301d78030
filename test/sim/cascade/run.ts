/** Runs what a seed says, and tells what did not hold. */
import { Checks } from "./checks.ts";
import { Costs, GROUP_US } from "./costs.ts";
import { ACTIVE_US, type Script, scriptOf, worldOf } from "./script.ts";
import { Standbys } from "./standbys.ts";
import type { World } from "./world.ts";

const LOOK_US = 20_000;
/** Links are there again so long after the last fault: dialling has its pauses. */
const HEALED_US = 6_000_000;
/** What a node publishes is known to all that it has links with after so long. */
const TOLD_US = 1_000_000;
/** Nothing happens for so long, and all is measured. */
const CALM_US = 3_000_000;
/** All streams are gone for so long. */
const OVER_US = 3_500_000;
/** Two links to one node are one again after so long. */
const DOUBLED_US = 1_000_000;
const SILENCE_US = 200_000;
const LOSS_CALM_MAX = 0.05;
export interface Outcome {
  readonly seed: number;
  readonly problems: readonly string[];
  /** What happened, in words. */
  readonly story: readonly string[];
}

/**
 * `nodes`: so many, in place of what the seed says. `brief`: without the time in which links that were
 * lost are made again.
 */
export function runSeed(seed: number, nodes?: number, brief = false): Outcome {
  const script = scriptOf(seed, nodes);
  const world = worldOf(script);
  const { path, roundTripUs } = script;
  const lossy = path.loss! > 0 || path.bursts! > 0;
  const checks = new Checks({ world, roundTripUs, lossy });
  const story = storyOf(script);
  try {
    play(script, world, checks, brief);
  } catch (error) {
    checks.report("error", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return { seed, problems: checks.problems, story };
}

function play(script: Script, world: World, checks: Checks, brief: boolean): void {
  for (const deed of script.deeds) {
    world.timeline.at(deed.at, () => {
      deed.run(world);
      checks.happened(deed.fault);
    });
  }
  const standbys = new Standbys(world, checks);
  const runTo = (end: number, look = (): void => {}): void => {
    while (world.now < end) {
      world.run(Math.min(LOOK_US, end - world.now));
      checks.look();
      standbys.look();
      look();
    }
  };
  runTo(ACTIVE_US);
  checks.happened(true);
  let links = linksOf(world);
  runTo(ACTIVE_US + TOLD_US);
  checkNames(world, checks, links);
  if (brief) return;
  runTo(ACTIVE_US + HEALED_US - GROUP_US);
  const costs = new Costs(world);
  runTo(ACTIVE_US + HEALED_US - TOLD_US, () => costs.look());
  links = linksOf(world);
  runTo(ACTIVE_US + HEALED_US, () => costs.look());
  checkNames(world, checks, links);
  checkOwners(world, checks);
  costs.begin();
  runTo(world.now + CALM_US, () => costs.look());
  costs.check(checks);
  checkMedia(script, world, checks);
  end(world);
  world.run(OVER_US);
  checkBaseline(world, checks);
}

function storyOf({ seed, options, path, deeds, seeds, delays, regions }: Script): string[] {
  const { nodes, childrenMax } = options;
  const roles = Array.from({ length: nodes }, (_, i) => options.role!(i)[0]).join("");
  const ground = { seed, nodes, roles, childrenMax, seeds, regions: regions.join(""), delays };
  const lines = deeds.map(({ at, what }) => `${Math.round(at / 1000)} ms: ${what}`);
  return [JSON.stringify({ ...ground, ...path }), ...lines];
}

/** The sessions that count for both ends. */
function linksOf({ nodes }: World): Set<number> {
  const sessions = nodes.flatMap(({ relay }) => {
    return [...relay.node.links.open()].map(({ session }) => session);
  });
  return new Set(sessions);
}

/** I4: what links that lived for a while have told is what their nodes publish. */
function checkNames(world: World, checks: Checks, links: ReadonlySet<number>): void {
  for (const a of world.nodes) {
    for (const b of world.nodes) {
      if (!checks.isLinked(a, b)) continue;
      const { session } = a.relay.node.links.to(b.id)!;
      const back = b.relay.node.links.to(a.id)!.session;
      if (!links.has(session) || !links.has(back)) continue;
      const heard = [...a.relay.node.names.toldBy(session)]
        .filter(({ owner }) => owner === b.id)
        .map(({ name, epoch }) => `${name} ${epoch}`);
      const owned = [...b.relay.node.names.owned()].map(({ name, epoch }) => `${name} ${epoch}`);
      if (heard.sort().join() === owned.sort().join()) continue;
      checks.report("I4", `${a.number} has [${heard}] of ${b.number}, which has [${owned}]`);
    }
  }
}

function checkOwners(world: World, checks: Checks): void {
  for (const name of ["a", "b"]) {
    const owners = world.nodes.filter(({ alive, publishers }) => alive && publishers.has(name));
    const numbers = owners.map(({ number }) => number);
    if (owners.length > 1) checks.report("I4", `${name} is published at [${numbers}]`);
  }
  for (const a of world.nodes) {
    for (const b of world.nodes) {
      if (a === b || !a.alive || !b.alive || a.role === "edge" || b.role === "edge") continue;
      if (!checks.isLinked(a, b)) checks.report("links", `${a.number} has none to ${b.number}`);
    }
  }
}

/** Everybody who can have a stream has all of it. */
function checkMedia({ path }: Script, world: World, checks: Checks): void {
  if (path.loss! > LOSS_CALM_MAX || path.bursts! > 0) return;
  for (const node of world.nodes) {
    for (const watcher of node.watchers) {
      const ring = watcher.of(0);
      if (ring === undefined || world.now - ring.newestAt > SILENCE_US) continue;
      const from = ring.highest - 60;
      const missing = ring.missingFrom(Math.max(ring.lowest, from), ring.highest - 15);
      if (missing === 0) continue;
      checks.report("loss", `${missing} packets of ${watcher.name} at ${node.number} never came`);
    }
  }
}

function end(world: World): void {
  for (const node of world.nodes) {
    if (!node.alive) continue;
    for (const watcher of [...node.watchers]) node.unwatch(watcher);
    for (const name of [...node.publishers.keys()]) node.unpublish(name);
  }
}

/** I10: nothing is left of streams and of nodes that are gone. */
function checkBaseline(world: World, checks: Checks): void {
  const living = world.nodes.filter(({ alive }) => alive);
  const others = living.length - 1;
  // Of two links to a node one is on its way in or out: it is not there a second later.
  const doubled = living.filter(({ holdings }) => holdings.links > others);
  if (doubled.length > 0) world.run(DOUBLED_US);
  for (const node of living) {
    const { links, children, pulls, sources } = node.holdings;
    const stays = links > others && doubled.includes(node);
    if (stays || children + pulls + sources > 0) {
      const held = JSON.stringify({ links, children, pulls, sources, others });
      checks.report("I10", `${node.number} still holds ${held}`);
    }
    const names = ["a", "b"].filter((name) => node.relay.node.names.best(name) !== null);
    if (names.length > 0) checks.report("I10", `${node.number} still knows [${names}]`);
  }
}
