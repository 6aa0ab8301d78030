/** `peers`: the same load on every server that is installed, in alternating order. */
import { measureFloor } from "../../src/bench/floor.ts";
import type { FloorProfile } from "../../src/bench/floor-sender.ts";
import type { LoadReport } from "../../src/load/report.ts";
import {
  type Bench,
  fanoutArguments,
  type Row,
  type RunningServer,
  runLoad,
  sourcePlan,
} from "./harness.ts";
import { median } from "./median.ts";
import { type Ciphers, claimedAt, judge, judgePoint, type Outcome } from "./peer-claim.ts";
import { PEERS, type Peer } from "./peer-servers.ts";
import { FLOOR_CORES } from "./pin.ts";

const BITRATE = 1_500_000;
/** The only profile that SRS offers, so the only one that all have. */
const SHARED_PROFILE: FloorProfile = "cm";
/** What Spillway picks of all that browsers offer. */
const BEST_PROFILE: FloorProfile = "gcm";
const WARM_UP: Point = { viewers: 200, spread: false, srtp: "negotiated" };
const WARM_UP_SECONDS = 20;
const JOINS_PER_SECOND = 200;
/** Servers forget the viewers that left before the next ones come. */
const PAUSE_MS = 500;

interface Point {
  readonly viewers: number;
  readonly spread: boolean;
  readonly srtp: Ciphers;
}

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly points: readonly Point[];
}

const FULL: Plan = {
  rounds: 3,
  seconds: 4,
  points: (["negotiated", "the same"] as const).flatMap((srtp) =>
    [false, true].map((spread) => ({ viewers: 200, spread, srtp })),
  ),
};
const QUICK: Plan = {
  rounds: 1,
  seconds: 3,
  points: [{ viewers: 50, spread: false, srtp: "negotiated" }],
};

export const peers: Bench = {
  name: "peers",
  summary: "The same load on every server on PATH or named by SPILLWAY_PEER_<NAME>, and ratios.",
  conditions: {
    source: "1.5 Mb/s at 30 fps and Opus, the same synthetic clip for all",
    srtp: "negotiated: all that browsers offer, AES-128-GCM first and in the floor; the same: AES128_CM_HMAC_SHA1_80 alone, as SRS has no other, and in the floor",
    feedback: "receiver reports 1/s, transport-cc each 100 ms where negotiated, NACK, PLI, consent",
    warmUp: `each process first serves ${WARM_UP.viewers} viewers for ${WARM_UP_SECONDS} s`,
    order: `one process a server and round, reversed each round; median of ${FULL.rounds} rounds`,
    tuning: PEERS.filter((peer) => peer.tuning !== "")
      .map((peer) => `${peer.name}: ${peer.tuning}`)
      .join("; "),
  },
  async run({ quick }, row) {
    const installed = PEERS.flatMap((peer) => {
      const found = peer.find();
      if ("path" in found) return [{ peer, path: found.path }];
      row({ server: peer.name, note: found.absent });
      return [];
    });
    for (const { peer, path } of installed) row({ server: peer.name, note: peer.version(path) });
    const plan = quick ? QUICK : FULL;
    const results = plan.points.map((point) => new PointResult(point));
    const memory = new Map(installed.map(({ peer }) => [peer.name, [] as number[]]));
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const result of results) await result.addFloor();
      for (const one of round % 2 === 0 ? installed : [...installed].reverse()) {
        console.error(`round ${round + 1} of ${plan.rounds}: ${one.peer.name}`);
        const perViewer = await measureServer(one, plan.seconds, results);
        if (perViewer !== null) memory.get(one.peer.name)!.push(perViewer);
      }
    }
    for (const result of results) for (const line of result.rows()) row(line);
    for (const [server, values] of memory) row({ server, "KiB/viewer": median(values) });
    for (const line of claimRows(results)) row(line);
  },
};

interface Installed {
  readonly peer: Peer;
  readonly path: string;
}

/** One fresh process through all points. Returns its memory a viewer at the first load, KiB. */
async function measureServer(
  { peer, path }: Installed,
  seconds: number,
  results: readonly PointResult[],
): Promise<number | null> {
  let server: RunningServer;
  try {
    server = await peer.start(path);
  } catch (error) {
    for (const result of results) result.add(peer.name, asError(error));
    return null;
  }
  try {
    const first = await measure(server, WARM_UP, WARM_UP_SECONDS);
    for (const result of results) {
      await Bun.sleep(PAUSE_MS);
      result.add(peer.name, await measure(server, result.point, seconds));
    }
    return first instanceof Error ? null : (first.server?.rssKibPerViewer ?? null);
  } finally {
    await server.stop();
  }
}

async function measure(
  server: RunningServer,
  { viewers, spread, srtp }: Point,
  seconds: number,
): Promise<LoadReport | Error> {
  try {
    const args = fanoutArguments(server, viewers, BITRATE, spread, seconds);
    const rate = String(JOINS_PER_SECOND);
    const profile = srtp === "negotiated" ? [] : ["--srtp", SHARED_PROFILE];
    return await runLoad(server, [...args, ...profile, "--rate", rate]);
  } catch (error) {
    return asError(error);
  }
}

/** What all servers and the floor came to at one point. */
class PointResult {
  readonly #runs = new Map<string, (LoadReport | Error)[]>();
  readonly #floors: number[] = [];

  constructor(readonly point: Point) {}

  async addFloor(): Promise<void> {
    const { viewers, spread, srtp } = this.point;
    const plan = sourcePlan(BITRATE, spread);
    const profile = srtp === "negotiated" ? BEST_PROFILE : SHARED_PROFILE;
    const load = { plan, viewers, seconds: 2, gro: true, profile, cores: FLOOR_CORES };
    const floor = await measureFloor(load);
    this.#floors.push(floor.cpuUsPerPacket);
  }

  add(server: string, run: LoadReport | Error): void {
    const runs = this.#runs.get(server) ?? [];
    runs.push(run);
    this.#runs.set(server, runs);
  }

  get outcomes(): readonly Outcome[] {
    const { viewers, spread, srtp } = this.point;
    return [...this.#runs].map(([server, runs]) => {
      const reports = reportsOf(runs);
      return {
        server,
        viewers,
        arrival: spread ? "spread" : "burst",
        srtp,
        cost: middle(reports, (report) => report.server?.cpuUsPerPacket),
        lossPercent: middle(reports, (report) => report.quality.lossPercent),
        rate: middle(reports, (report) => report.traffic.packetsPerSecond),
        joined: Math.min(...reports.map((report) => report.join.connected)),
        failure: runs.find((run) => run instanceof Error)?.message.slice(0, 120) ?? null,
      };
    });
  }

  rows(): readonly Row[] {
    const floor = median(this.#floors);
    const { outcomes } = this;
    const own = outcomes.find(({ server }) => server === "spillway")?.cost ?? null;
    return outcomes.map((outcome) => {
      const { server, viewers, arrival, srtp, cost, lossPercent, rate, joined, failure } = outcome;
      const reports = reportsOf(this.#runs.get(server)!);
      return {
        server,
        viewers,
        arrival,
        srtp,
        "us/packet": cost,
        floor: rounded(floor),
        "x floor": ratio(cost, floor),
        "x spillway": ratio(cost, own),
        "cpu %": middle(reports, (report) => report.server?.cpuPercent),
        "tool cpu %": middle(reports, (report) => report.tool.cpuPercent),
        "packets/s": rate,
        "delay p50": middle(reports, (report) => report.traffic.delayMs?.p50),
        "delay p99": middle(reports, (report) => report.traffic.delayMs?.p99),
        "lost %": lossPercent,
        joined: reports.length === 0 ? null : joined,
        note: failure ?? "",
      };
    });
  }
}

/** The claims of peer-claim.ts, judged at every point and as a whole. */
function claimRows(results: readonly PointResult[]): readonly Row[] {
  const points = results
    .filter(({ outcomes }) => outcomes.length > 0)
    .map(({ outcomes }) => judgePoint(outcomes));
  const { holds, ratio: least, reasons } = judge(points);
  return [
    ...points.map(({ viewers, arrival, srtp, best, ratio: at, missing }) => ({
      "best other": best?.server ?? null,
      viewers,
      arrival,
      srtp,
      "us/packet": best?.cost ?? null,
      "x fewer": rounded(at),
      claimed: claimedAt({ srtp, arrival }),
      counts: missing.length === 0,
      note: missing.join("; "),
    })),
    {
      claim: "fewer us/packet than the best other, as many times as claimed of each kind of point",
      holds,
      "x fewer": rounded(least),
      note: reasons.join("; "),
    },
  ];
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function reportsOf(runs: readonly (LoadReport | Error)[]): readonly LoadReport[] {
  return runs.flatMap((run) => (run instanceof Error ? [] : [run]));
}

function middle(
  reports: readonly LoadReport[],
  value: (report: LoadReport) => number | null | undefined,
): number | null {
  return median(reports.map(value).filter((each) => typeof each === "number"));
}

function ratio(cost: number | null, base: number | null): number | null {
  return cost === null || base === null || base === 0 ? null : rounded(cost / base);
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100;
}
