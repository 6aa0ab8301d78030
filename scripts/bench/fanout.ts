/** `floor` and `fanout`: what a packet costs at the server, and what it must cost at least. */
import { measureFloor } from "../../src/bench/floor.ts";
import {
  type Bench,
  type BenchOptions,
  fanoutArguments,
  largestFrameMs,
  type Row,
  type RunningServer,
  runLoad,
  sourcePlan,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";
import { FLOOR_CORES } from "./pin.ts";
import { SATURATED_PERCENT, WITHOUT_GRO } from "./results.ts";

const VIEWERS = [1, 10, 100, 200, 500, 1000, 2000];
/** Bits a second of the picture; 0: sound alone. */
const BITRATES = [0, 600_000, 1_500_000, 2_500_000];
/** Of receivers without GRO. */
const SINGLE_VIEWERS = [100, 200, 500];
const SINGLE_BITRATES = [1_500_000, 2_500_000];

const CONDITIONS = {
  source:
    "H.264 at 30 fps, keyframe of 4 frames' size each 2 s, payloads up to 1100 B; Opus 32 kb/s",
  arrival: "burst: all packets of a frame at once; spread: over 15 ms",
  srtp: "AEAD_AES_128_GCM",
  receiver:
    "UDP_GRO: segments are not cut up on loopback, as with segmentation offload; without GRO: the kernel cuts them up at the server's cost",
};

/** Points that one server carries one after the other. */
interface Series {
  readonly bitrate: number;
  readonly spread: boolean;
  readonly gro: boolean;
  readonly viewers: readonly number[];
}

function series(options: BenchOptions): readonly Series[] {
  const { quick, viewers, bitrate, gro } = options;
  const single = viewers !== null || bitrate !== null;
  const quickly = quick ? { viewers: [100], rates: [2_500_000] } : null;
  const whole = quickly ?? { viewers: VIEWERS, rates: BITRATES };
  const alone = quickly ?? { viewers: SINGLE_VIEWERS, rates: SINGLE_BITRATES };
  return [true, false].flatMap((taking) => {
    // A full run has both kinds of receivers, a point or a quick one only what is asked for.
    if ((!gro || single || quick) && taking !== gro) return [];
    const standard = taking ? whole : alone;
    const counts = viewers === null ? standard.viewers : [viewers];
    const rates = bitrate === null ? standard.rates : [bitrate];
    return rates.flatMap((rate) =>
      // Sound has one packet a frame: nothing to spread.
      (rate === 0 ? [false] : [false, true]).map((spread) => ({
        bitrate: rate,
        spread,
        gro: taking,
        viewers: counts,
      })),
    );
  });
}

export const floor: Bench = {
  name: "floor",
  summary: "Seal and send only: the least that any server must spend on a packet.",
  conditions: CONDITIONS,
  async run({ quick }, row) {
    const seconds = quick ? 2 : 4;
    for (const viewers of quick ? [100] : [100, 500]) {
      for (const spread of [false, true]) {
        const load = { plan: sourcePlan(2_500_000, spread), viewers, seconds, cores: FLOOR_CORES };
        const offload = await measureFloor({ ...load, gro: true });
        const single = await measureFloor({ ...load, gro: false });
        row({
          viewers,
          mbps: 2.5,
          arrival: spread ? "spread" : "burst",
          "us/packet": round(offload.cpuUsPerPacket),
          "user us": round(offload.userUsPerPacket),
          "us, no GRO": round(single.cpuUsPerPacket),
          packets: offload.packets,
        });
      }
    }
  },
};

export const fanout: Bench = {
  name: "fanout",
  summary: "One stream to N viewers: CPU a packet and a viewer beside the floor, delay, loss.",
  conditions: {
    ...CONDITIONS,
    feedback: "receiver reports 1/s, transport-cc each 100 ms, NACK, consent",
    warmUp: `${WARMED_UP}; the floor's sender ran for 2 s`,
    frame: "frame ms: giving the largest frame to all viewers takes so long at this cost a packet",
    saturated: `no more viewers once the server takes ${SATURATED_PERCENT} % of its core`,
  },
  async run(options, row) {
    for (const each of series(options)) {
      const server = await startSpillway();
      try {
        await warmUp(server, each.bitrate, each.spread, options.quick);
        for (const count of each.viewers) {
          const result = await measurePoint(server, count, each, options.quick);
          row(result);
          if (Number(result["cpu %"]) >= SATURATED_PERCENT) break;
        }
      } finally {
        await server.stop();
      }
    }
  },
};

/** The floor before and after, so that a change of the machine's mood shows. */
async function measurePoint(
  server: RunningServer,
  viewers: number,
  { bitrate, spread, gro }: Series,
  quick: boolean,
): Promise<Row> {
  const plan = sourcePlan(bitrate, spread);
  const least = { plan, viewers, seconds: 2, gro, cores: FLOOR_CORES };
  const before = await measureFloor(least);
  const args = fanoutArguments(server, viewers, bitrate, spread, quick ? 3 : 6);
  const report = await runLoad(server, [...args, ...(gro ? [] : ["--no-gro"])]);
  const after = await measureFloor(least);
  const cost = report.server?.cpuUsPerPacket ?? null;
  const floorUs = (before.cpuUsPerPacket + after.cpuUsPerPacket) / 2;
  return {
    viewers,
    mbps: bitrate / 1e6,
    arrival: spread ? "spread" : "burst",
    receivers: gro ? "GRO" : WITHOUT_GRO,
    "us/packet": cost,
    "floor before": round(before.cpuUsPerPacket),
    "floor after": round(after.cpuUsPerPacket),
    "x floor": cost === null ? null : round(cost / floorUs),
    "mCPU/viewer": report.server?.milliCpuPerViewer ?? null,
    "cpu %": report.server?.cpuPercent ?? null,
    "delay p50": report.traffic.delayMs?.p50 ?? null,
    "delay p99": report.traffic.delayMs?.p99 ?? null,
    "frame ms": largestFrameMs(plan, viewers, cost),
    lost: report.quality.lost,
    broken: report.sample.framesBroken,
    joined: report.join.connected,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
