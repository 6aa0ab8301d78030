/** `workers`, `memory` and `publishers`: one table each. */
import {
  type Bench,
  fanoutArguments,
  type RunningServer,
  runLoad,
  sourceArguments,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";

const BOTH_CORES = "0,1";

export const workers: Bench = {
  name: "workers",
  summary: "CPU a packet with one and with two egress workers.",
  conditions: {
    source: "1.5 Mb/s at 30 fps and Opus",
    pinning: "server and load share cores 0 and 1: the delay says little here",
    warmUp: WARMED_UP,
  },
  async run({ quick }, row) {
    for (const spread of quick ? [false] : [false, true]) {
      for (const count of [1, 2]) {
        const server = await startSpillway(count, BOTH_CORES);
        try {
          await warmUp(server, 1_500_000, spread, quick);
          const viewers = quick ? 50 : 200;
          const args = fanoutArguments(server, viewers, 1_500_000, spread, quick ? 3 : 8);
          const report = await runLoad(server, args, BOTH_CORES);
          row({
            workers: count,
            arrival: spread ? "spread" : "burst",
            viewers,
            "us/packet": report.server?.cpuUsPerPacket ?? null,
            "mCPU/viewer": report.server?.milliCpuPerViewer ?? null,
            "delay p50": report.traffic.delayMs?.p50 ?? null,
            lost: report.quality.lost,
          });
        } finally {
          await server.stop();
        }
      }
    }
  },
};

export const memory: Bench = {
  name: "memory",
  summary: "Memory of the server by number of viewers.",
  conditions: {
    source: "600 kb/s at 30 fps and Opus",
    measured: "VmRSS, less that before the joins",
    warmUp: "20 viewers for 2 s before the first figure: caches and compiled code are not counted",
  },
  async run({ quick }, row) {
    for (const viewers of quick ? [100] : [100, 500, 1000, 2000]) {
      const server = await startSpillway();
      try {
        await runLoad(server, fanoutArguments(server, 20, 600_000, false, 2));
        const args = fanoutArguments(server, viewers, 600_000, false, quick ? 2 : 4);
        const report = await runLoad(server, args);
        row({
          viewers,
          "MiB before": report.server?.rssBeforeMib ?? null,
          "MiB with": report.server?.rssMib ?? null,
          "KiB/viewer": report.server?.rssKibPerViewer ?? null,
          joined: report.join.connected,
        });
      } finally {
        await server.stop();
      }
    }
  },
};

export const publishers: Bench = {
  name: "publishers",
  summary: "1 to 200 streams with one and with five viewers each.",
  conditions: {
    source: "600 kb/s at 30 fps and Opus, phases spread over a frame's time",
    warmUp: WARMED_UP,
  },
  async run({ quick }, row) {
    for (const spread of quick ? [false] : [false, true]) {
      const server = await startSpillway();
      try {
        await warmUp(server, 600_000, spread, quick);
        for (const streams of quick ? [5] : [1, 10, 50, 100, 200]) {
          for (const each of quick ? [1] : [1, 5]) {
            const report = await watchAll(server, streams, streams * each, spread, quick ? 3 : 5);
            row({
              streams,
              viewers: streams * each,
              arrival: spread ? "spread" : "burst",
              "cpu %": report.server?.cpuPercent ?? null,
              "us/packet out": report.server?.cpuUsPerPacket ?? null,
              MiB: report.server?.rssMib ?? null,
              "delay p50": report.traffic.delayMs?.p50 ?? null,
              "delay p99": report.traffic.delayMs?.p99 ?? null,
              lost: report.quality.lost,
            });
          }
        }
      } finally {
        await server.stop();
      }
    }
  },
};

/** Streams have names of their own each time, since a name's rings outlive its publisher. */
function watchAll(
  server: RunningServer,
  streams: number,
  viewers: number,
  spread: boolean,
  seconds: number,
) {
  const name = `of${viewers}-{n}`;
  return runLoad(server, [
    server.whep(name),
    ...["--publish", server.whip(name), "--streams", String(streams)],
    ...sourceArguments(600_000, spread),
    ...["--viewers", String(viewers), "--rate", "200", "--duration", String(seconds)],
  ]);
}
