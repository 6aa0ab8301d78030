/** What viewers of a cluster saw since something happened, by the reports of the load tool. */
import type { LoadReport } from "../../src/load/report.ts";
import type { StarLoad } from "./star-load.ts";

export interface ViewersSeen {
  /** At the nodes that it is to be seen at: longest pause between packets, and between whole frames. */
  readonly gapMs: number;
  readonly freezeMs: number;
  /** The same pause at the viewers of other nodes. */
  readonly elsewhereMs: number;
  /** Packets that they never got. */
  readonly lost: number;
  readonly viewers: number;
  readonly kept: number;
  readonly byNode: readonly NodeSeen[];
}

interface NodeSeen {
  readonly node: number;
  readonly gapMs: number;
  readonly freezeMs: number;
  readonly lost: number;
}

/** Reports know seconds: what happens at the beginning of one is told apart from what was before. */
export async function nextSecond(): Promise<number> {
  const next = Math.floor(Date.now() / 1000) + 1;
  await Bun.sleep(next * 1000 - Date.now() + 1);
  return next;
}

export async function stopLoads(
  loads: ReadonlyMap<number, StarLoad>,
): Promise<Map<number, LoadReport>> {
  const stopped = await Promise.all(
    [...loads].map(async ([node, load]) => [node, await load.stop()] as const),
  );
  return new Map(stopped);
}

/** `since`: seconds since 1970; `below`: the nodes that what happened then is to be seen at. */
export function seen(
  reports: ReadonlyMap<number, LoadReport>,
  since: number,
  below: readonly number[],
): ViewersSeen {
  const byNode = [...reports].map(([node, report]) => seenAt(node, report, since));
  const here = byNode.filter(({ node }) => below.includes(node));
  const elsewhere = byNode.filter(({ node }) => !below.includes(node));
  const sum = (value: (report: LoadReport) => number): number =>
    [...reports.values()].reduce((total, report) => total + value(report), 0);
  return {
    gapMs: longest(here.map(({ gapMs }) => gapMs)),
    freezeMs: longest(here.map(({ freezeMs }) => freezeMs)),
    elsewhereMs: longest(elsewhere.map(({ gapMs }) => gapMs)),
    lost: byNode.reduce((total, { lost }) => total + lost, 0),
    viewers: sum(({ viewers }) => viewers),
    kept: sum(({ viewers, join }) => viewers - join.failed),
    byNode,
  };
}

function seenAt(node: number, { timeline, traffic }: LoadReport, since: number): NodeSeen {
  if (timeline === null || traffic.longestGapMs === null) {
    return { node, gapMs: Number.POSITIVE_INFINITY, freezeMs: Number.POSITIVE_INFINITY, lost: 0 };
  }
  const from = Math.max(0, since - timeline.since);
  return {
    node,
    gapMs: longest(timeline.gapMs.slice(from)),
    freezeMs: longest(timeline.freezeMs.slice(from)),
    lost: timeline.lost.slice(from).reduce((total, lost) => total + lost, 0),
  };
}

function longest(ms: readonly number[]): number {
  return Math.max(0, ...ms);
}
