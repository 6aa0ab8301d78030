/** `viewers`: how many a core carries, as `spillway bench` finds it: README.md's first table. */
import type { BenchReport } from "../../src/bench/report.ts";
import { type Bench, EXECUTABLE, type Row, reportOf, SPREAD_MS } from "./harness.ts";

/** Smaller packets have more viewers, who take longer to join. All six are done in six minutes. */
const RATES = [
  { mbps: 0.6, seconds: 72 },
  { mbps: 1.5, seconds: 56 },
  { mbps: 2.5, seconds: 50 },
];
const QUICK = [{ mbps: 1.5, seconds: 10 }];

export const viewers: Bench = {
  name: "viewers",
  summary: "Viewers a core at 0.6, 1.5 and 2.5 Mb/s, as `spillway bench` finds them.",
  conditions: {
    source: "one stream of H.264 at 30 fps and Opus; keyframe of 4 frames' size each 2 s",
    served: "nothing lost, 99 of 100 packets through the server within 50 ms",
    arrival: `burst: all packets of a frame at once; spread: over ${SPREAD_MS} ms`,
    receiver: "UDP_GRO, receiver reports 1/s, transport-cc each 100 ms, NACK, consent",
    seconds: RATES.map(({ mbps, seconds }) => `${seconds} at ${mbps} Mb/s`).join(", "),
  },
  async run({ quick }, row) {
    for (const { mbps, seconds } of quick ? QUICK : RATES) {
      for (const spread of quick ? [false] : [false, true]) {
        row(rowOf(mbps, spread, await measure(mbps, spread, seconds)));
      }
    }
  },
};

async function measure(mbps: number, spread: boolean, seconds: number): Promise<BenchReport> {
  const arrival = spread ? ["--spread", String(SPREAD_MS)] : ["--burst"];
  const command = [EXECUTABLE, "bench", "--bitrate", `${mbps}M`, ...arrival];
  const report = await reportOf([...command, "--seconds", String(seconds), "--json"]);
  return report as BenchReport;
}

function rowOf(mbps: number, spread: boolean, report: BenchReport): Row {
  const { capacity, limit, floor, othersShare } = report;
  return {
    mbps,
    arrival: spread ? "spread" : "burst",
    viewers: capacity?.viewersPerCore ?? null,
    "at least": capacity?.atLeast ?? null,
    "us/packet": capacity?.usPerPacket ?? null,
    floor: floor.usPerPacket,
    "x floor": capacity?.timesFloor ?? null,
    "cpu %": capacity === null ? null : Math.round(100 * capacity.busy),
    "delay p50": capacity?.delayP50Ms ?? null,
    "delay p99": capacity?.delayP99Ms ?? null,
    limit: limit.kind,
    "too many": limit.viewers,
    "others %": Math.round(100 * othersShare),
  };
}
