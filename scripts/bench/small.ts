/** `workers`, `memory` and `publishers`: one table each. */
import { type Bench, fanoutArguments, runLoad, sourceArguments, startSpillway } from "./harness.ts";

const BOTH_CORES = "0,1";

export const workers: Bench = {
  name: "workers",
  summary: "CPU a packet with one and with two egress workers.",
  conditions: {
    source: "1.5 Mb/s at 30 fps and Opus",
    pinning: "server and load share cores 0 and 1: the delay says little here",
  },
  async run({ quick }, row) {
    for (const spread of quick ? [false] : [false, true]) {
      for (const count of [1, 2]) {
        const server = await startSpillway(count, BOTH_CORES);
        try {
          const viewers = quick ? 50 : 200;
          const args = fanoutArguments(server, viewers, 1_500_000, spread, quick ? 3 : 10);
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
  },
  async run({ quick }, row) {
    for (const viewers of quick ? [100] : [100, 500, 1000, 2000]) {
      const server = await startSpillway();
      try {
        // The first viewers fill caches and warm the code up; they are not counted.
        await runLoad(server, fanoutArguments(server, 20, 600_000, false, 2));
        const args = fanoutArguments(server, viewers, 600_000, false, quick ? 2 : 5);
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
  conditions: { source: "600 kb/s at 30 fps and Opus, phases spread over a frame's time" },
  async run({ quick }, row) {
    for (const streams of quick ? [5] : [1, 10, 50, 100, 200]) {
      for (const each of quick ? [1] : [1, 5]) {
        for (const spread of quick ? [false] : [false, true]) {
          const server = await startSpillway();
          try {
            const viewers = streams * each;
            const report = await runLoad(server, [
              server.whep("bench{n}"),
              ...["--publish", server.whip("bench{n}"), "--streams", String(streams)],
              ...sourceArguments(600_000, spread),
              ...["--viewers", String(viewers), "--rate", "100"],
              ...["--duration", quick ? "3" : "8"],
            ]);
            row({
              streams,
              viewers,
              arrival: spread ? "spread" : "burst",
              "cpu %": report.server?.cpuPercent ?? null,
              "us/packet out": report.server?.cpuUsPerPacket ?? null,
              MiB: report.server?.rssMib ?? null,
              "delay p50": report.traffic.delayMs?.p50 ?? null,
              "delay p99": report.traffic.delayMs?.p99 ?? null,
              lost: report.quality.lost,
            });
          } finally {
            await server.stop();
          }
        }
      }
    }
  },
};
