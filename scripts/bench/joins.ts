/** `joins`: a storm of joins beside viewers who must not notice. */

import { readTreeUsage } from "../../src/io/process-usage.ts";
import type { LoadReport } from "../../src/load/report.ts";
import {
  type Bench,
  fanoutArguments,
  runLoad,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";

const WATCHING = 200;
const RATE = 200;
const BITRATE = 600_000;
const HOLD_SECONDS = 1;

export const joins: Bench = {
  name: "joins",
  summary: "200 joins a second for 20 s beside 200 viewers.",
  conditions: {
    source: "600 kb/s at 30 fps and Opus",
    joiners: `${RATE}/s, each leaves by DELETE after ${HOLD_SECONDS} s`,
    watching: WATCHING,
    warmUp: WARMED_UP,
    cost: "the server's CPU during the storm, less that of the same viewers without it and of the joiners' packets",
  },
  async run({ quick }, row) {
    const seconds = quick ? 4 : 20;
    const server = await startSpillway();
    try {
      const watch = (duration: number) =>
        runLoad(server, fanoutArguments(server, WATCHING, BITRATE, false, duration));
      await warmUp(server, BITRATE, false, quick);
      const calm = await watch(quick ? 3 : 6);
      const watching = watch(seconds + 6);
      // All of them are in, and measuring has begun.
      await Bun.sleep(3500);
      const before = readTreeUsage(server.pid)!;
      const storm = await runLoad(server, [
        server.whep("bench"),
        ...["--viewers", String(RATE * seconds), "--rate", String(RATE)],
        ...["--hold", String(HOLD_SECONDS), "--duration", String(seconds + HOLD_SECONDS - 1)],
        ...["--sample", "1000"],
      ]);
      const after = readTreeUsage(server.pid)!;
      const watched = await watching;
      const stormSeconds = seconds + HOLD_SECONDS;
      const usEach = calm.server?.cpuUsPerPacket ?? 0;
      const calmCpu = (stormSeconds * (calm.server?.cpuPercent ?? 0)) / 100;
      const joinerCpu = (storm.traffic.packets * usEach) / 1e6;
      const cpu = after.cpuSeconds - before.cpuSeconds - calmCpu - joinerCpu;
      row({
        joined: storm.join.connected,
        failed: storm.join.failed,
        "ms CPU/join": Math.round((1e5 * cpu) / Math.max(1, storm.join.connected)) / 100,
        "connect p50": storm.join.connectMs?.p50 ?? null,
        "connect p99": storm.join.connectMs?.p99 ?? null,
        "keyframe p50": storm.join.firstKeyframeMs?.p50 ?? null,
        "keyframe p99": storm.join.firstKeyframeMs?.p99 ?? null,
        ...besides(watched, calm),
      });
    } finally {
      await server.stop();
    }
  },
};

/** What the viewers who were there already had of it. */
function besides(watched: LoadReport, calm: LoadReport) {
  return {
    "others lost": watched.quality.lost,
    "others broken": watched.sample.framesBroken,
    "delay p99": watched.traffic.delayMs?.p99 ?? null,
    "calm p99": calm.traffic.delayMs?.p99 ?? null,
  };
}
