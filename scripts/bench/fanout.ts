/** `floor` and `fanout`: what a packet costs at the server, and what it must cost at least. */
import { measureFloor } from "./floor.ts";
import {
  type Bench,
  fanoutArguments,
  type Row,
  runLoad,
  sourcePlan,
  startSpillway,
} from "./harness.ts";

const VIEWERS = [1, 10, 100, 500, 1000, 2000];
/** Bits a second of the picture; 0: sound alone. */
const BITRATES = [0, 600_000, 1_500_000, 2_500_000];
/** A server this busy is at its end: more viewers would only queue. */
const SATURATED_PERCENT = 92;

const CONDITIONS = {
  source:
    "H.264 at 30 fps, keyframe of 4 frames' size each 2 s, payloads up to 1100 B; Opus 32 kb/s",
  arrival: "burst: all packets of a frame at once; spread: over 15 ms",
  feedback: "receiver reports 1/s, transport-cc each 100 ms, NACK, consent",
  srtp: "AEAD_AES_128_GCM",
  receiver: "UDP_GRO: segments are not cut up on loopback, as with segmentation offload",
};

interface Point {
  readonly viewers: number;
  readonly bitrate: number;
  readonly spread: boolean;
}

function points(quick: boolean): Point[] {
  const all = BITRATES.flatMap((bitrate) =>
    [false, true].flatMap((spread) =>
      // Sound has one packet a frame: nothing to spread.
      bitrate === 0 && spread ? [] : VIEWERS.map((viewers) => ({ viewers, bitrate, spread })),
    ),
  );
  if (!quick) return all;
  return all.filter(({ viewers, bitrate }) => viewers === 100 && bitrate === 2_500_000);
}

export const floor: Bench = {
  name: "floor",
  summary: "Seal and send only: the least that any server must spend on a packet.",
  conditions: CONDITIONS,
  async run({ quick }, row) {
    const seconds = quick ? 2 : 5;
    for (const { viewers, bitrate, spread } of points(quick)) {
      const plan = sourcePlan(bitrate, spread);
      const offload = await measureFloor(viewers, plan, seconds, true);
      const single = await measureFloor(viewers, plan, seconds, false);
      row({
        viewers,
        mbps: bitrate / 1e6,
        arrival: spread ? "spread" : "burst",
        "us/packet": round(offload.cpuUsPerPacket),
        "user us": round(offload.userUsPerPacket),
        "us, no GRO": round(single.cpuUsPerPacket),
        packets: offload.packets,
      });
    }
  },
};

export const fanout: Bench = {
  name: "fanout",
  summary: "One stream to N viewers: CPU a packet and a viewer beside the floor, delay, loss.",
  conditions: CONDITIONS,
  async run({ quick }, row) {
    const seconds = quick ? 4 : 12;
    let saturated: Point | null = null;
    for (const point of points(quick)) {
      if (saturated?.bitrate === point.bitrate && saturated.spread === point.spread) continue;
      const result = await measurePoint(point, seconds, quick ? 2 : 4);
      row(result);
      if (Number(result["cpu %"]) >= SATURATED_PERCENT) saturated = point;
    }
  },
};

/** The floor before and after, so that a change of the machine's mood shows. */
async function measurePoint(point: Point, seconds: number, floorSeconds: number): Promise<Row> {
  const { viewers, bitrate, spread } = point;
  const plan = sourcePlan(bitrate, spread);
  const before = await measureFloor(viewers, plan, floorSeconds, true);
  const server = await startSpillway();
  try {
    const args = fanoutArguments(server, viewers, bitrate, spread, seconds);
    const report = await runLoad(server, args);
    const after = await measureFloor(viewers, plan, floorSeconds, true);
    const cost = report.server?.cpuUsPerPacket ?? null;
    const least = (before.cpuUsPerPacket + after.cpuUsPerPacket) / 2;
    return {
      viewers,
      mbps: bitrate / 1e6,
      arrival: spread ? "spread" : "burst",
      "us/packet": cost,
      "floor before": round(before.cpuUsPerPacket),
      "floor after": round(after.cpuUsPerPacket),
      "x floor": cost === null ? null : round(cost / least),
      "mCPU/viewer": report.server?.milliCpuPerViewer ?? null,
      "cpu %": report.server?.cpuPercent ?? null,
      "delay p50": report.traffic.delayMs?.p50 ?? null,
      "delay p99": report.traffic.delayMs?.p99 ?? null,
      lost: report.quality.lost,
      broken: report.sample.framesBroken,
      joined: report.join.connected,
    };
  } finally {
    await server.stop();
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
