/** `peers`: the same load on every server that is installed, in alternating order. */
import type { LoadReport } from "../../src/load/report.ts";
import { measureFloor } from "./floor.ts";
import { type Bench, fanoutArguments, type Row, runLoad, sourcePlan } from "./harness.ts";
import { PEERS, type Peer } from "./peer-servers.ts";

const BITRATE = 1_500_000;
const VIEWERS = [100, 200, 400];
const ROUNDS = 3;

/** AES-CM is what every server here knows; GCM is what browsers and most servers would choose. */
const PROFILES = ["cm", "gcm"];

export const peers: Bench = {
  name: "peers",
  summary: "The same load on every server on PATH or named by SPILLWAY_PEER_<NAME>, and ratios.",
  conditions: {
    source: "1.5 Mb/s at 30 fps and Opus, the same synthetic clip for all",
    feedback: "receiver reports 1/s, transport-cc each 100 ms, NACK, consent",
    floor: "AEAD_AES_128_GCM, whatever profile the servers use",
    order: `reversed each round; median of ${ROUNDS} rounds`,
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
    for (const profile of quick ? ["cm"] : PROFILES) {
      for (const spread of quick ? [false] : [false, true]) {
        for (const viewers of quick ? [50] : VIEWERS) {
          for (const line of await compare(installed, { viewers, spread, profile, quick }))
            row(line);
        }
      }
    }
  },
};

interface Conditions {
  readonly viewers: number;
  readonly spread: boolean;
  readonly profile: string;
  readonly quick: boolean;
}

interface Installed {
  readonly peer: Peer;
  readonly path: string;
}

async function compare(installed: readonly Installed[], at: Conditions): Promise<Row[]> {
  const { viewers, spread, profile, quick } = at;
  const runs = new Map<string, (LoadReport | Error)[]>();
  const floors: number[] = [];
  for (let round = 0; round < (quick ? 1 : ROUNDS); round += 1) {
    const plan = sourcePlan(BITRATE, spread);
    floors.push((await measureFloor(viewers, plan, 3, true)).cpuUsPerPacket);
    const order = round % 2 === 0 ? installed : [...installed].reverse();
    for (const one of order) {
      const list = runs.get(one.peer.name) ?? [];
      list.push(await measure(one, at));
      runs.set(one.peer.name, list);
    }
  }
  const floor = median(floors);
  const own = costOf(runs.get("spillway") ?? []);
  return installed.map(({ peer }) => {
    const all = runs.get(peer.name)!;
    const reports = all.filter((run) => !(run instanceof Error)) as LoadReport[];
    const cost = costOf(all);
    const pick = (value: (report: LoadReport) => number | null | undefined) =>
      median(reports.map(value).filter((each) => typeof each === "number"));
    const failed = all.find((run) => run instanceof Error) as Error | undefined;
    return {
      server: peer.name,
      viewers,
      arrival: spread ? "spread" : "burst",
      srtp: profile,
      "us/packet": cost,
      "x floor": ratio(cost, floor),
      "x spillway": ratio(cost, own),
      "cpu %": pick((report) => report.server?.cpuPercent),
      "delay p50": pick((report) => report.traffic.delayMs?.p50),
      "delay p99": pick((report) => report.traffic.delayMs?.p99),
      "KiB/viewer": pick((report) => report.server?.rssKibPerViewer),
      "lost %": pick((report) => report.quality.lossPercent),
      joined: pick((report) => report.join.connected),
      note: failed === undefined ? "" : failed.message.slice(0, 120),
    };
  });
}

async function measure({ peer, path }: Installed, at: Conditions): Promise<LoadReport | Error> {
  try {
    const server = await peer.start(path);
    try {
      const seconds = at.quick ? 3 : 8;
      const args = fanoutArguments(server, at.viewers, BITRATE, at.spread, seconds);
      return await runLoad(server, [...args, "--rate", "100", "--srtp", at.profile]);
    } finally {
      await server.stop();
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function costOf(runs: readonly (LoadReport | Error)[]): number | null {
  const costs = runs.flatMap((run) =>
    run instanceof Error || run.server?.cpuUsPerPacket == null ? [] : [run.server.cpuUsPerPacket],
  );
  return median(costs);
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function ratio(cost: number | null, base: number | null): number | null {
  return cost === null || base === null || base === 0
    ? null
    : Math.round((100 * cost) / base) / 100;
}
