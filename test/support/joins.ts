/** Joins of one page after the other, measured: for the test and for scripts/bench/join.ts. */
import type { TestBrowser } from "./browser.ts";
import { Watcher } from "./browser.ts";
import { until } from "./until.ts";

/** When lips and sound are compared, after the first picture. */
const SETTLED_MS = 3_000;
/** Chromium estimates the playout time of both only after sender reports of both. */
const ESTIMATE_MS = 3_000;

export interface Join {
  /** From the start of the WHEP POST to the first decoded picture. */
  readonly firstFrameMs: number;
  /** How far the picture is ahead of the sound 3 s later. */
  readonly videoAheadMs: number;
}

export interface JoinSummary {
  readonly joins: number;
  readonly firstFrameMs: Spread;
  readonly videoAheadMs: Spread;
}

interface Spread {
  readonly median: number;
  readonly p90: number;
  readonly min: number;
  readonly max: number;
}

/** Joins `count` times, one page at a time; a first join that is not counted warms Chromium up. */
export async function measureJoins(
  browser: TestBrowser,
  base: string,
  name: string,
  count: number,
): Promise<Join[]> {
  const watcher = new Watcher(await browser.open("about:blank"));
  const url = `${base}/watch/${name}`;
  await joinOnce(watcher, url);
  const joins: Join[] = [];
  for (let i = 0; i < count; i += 1) joins.push(await join(watcher, url));
  return joins;
}

async function join(watcher: Watcher, url: string): Promise<Join> {
  const firstFrameMs = await joinOnce(watcher, url);
  const settled = `performance.now() - window.spillway.firstFrameMs >= ${SETTLED_MS}`;
  await until("3 s after the join", 10_000, () => watcher.page.evaluate<boolean>(settled));
  const received = await watcher.receives(
    "an estimate of the playout time",
    ({ videoAheadMs }) => videoAheadMs !== null,
    ESTIMATE_MS,
  );
  return { firstFrameMs, videoAheadMs: received.videoAheadMs! };
}

async function joinOnce(watcher: Watcher, url: string): Promise<number> {
  // A blank page in between ends the session before, so that there is one at a time.
  await watcher.page.goto("about:blank");
  await watcher.page.goto(url);
  return until("a first picture", 10_000, () =>
    watcher.page.evaluate<number>("window.spillway?.postToFirstFrameMs ?? 0"),
  );
}

/** Medians and spreads, in ms. */
export function summary(joins: readonly Join[]): JoinSummary {
  return {
    joins: joins.length,
    firstFrameMs: spread(joins.map((each) => each.firstFrameMs)),
    videoAheadMs: spread(joins.map((each) => each.videoAheadMs)),
  };
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const index = Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1);
    return Math.round(sorted[Math.max(0, index)]! * 10) / 10;
  };
  return { median: at(0.5), p90: at(0.9), min: at(0), max: at(1) };
}
