/** `delay`: how long packets and frames are on their way through the server, by its load. */
import {
  type Bench,
  largestFrameMs,
  type RunningServer,
  runLoad,
  sourceArguments,
  sourcePlan,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";

const BITRATE = 1_500_000;
const LOADS = [0.3, 0.7, 0.9];
const STREAMS = [1, 20];
/** Viewers of the run that tells how many make a given load. */
const PROBE_VIEWERS = 200;

export const delay: Bench = {
  name: "delay",
  summary: "One-way delay through the server at 30, 70 and 90 % of its core; 1 and 20 streams.",
  conditions: {
    source: "1.5 Mb/s at 30 fps and Opus; the streams' phases are spread over a frame's time",
    delay: "from the publisher's send call to the kernel's stamp at the viewer",
    frames: "the same of the last packet of each picture: from the last in to the last out",
    frame:
      "frame ms: giving the largest frame to a stream's viewers takes so long at this cost a packet",
    warmUp: WARMED_UP,
  },
  async run({ quick }, row) {
    for (const streams of quick ? [1] : STREAMS) {
      for (const spread of quick ? [false] : [false, true]) {
        const server = await startSpillway();
        try {
          await warmUp(server, BITRATE, spread, quick);
          const probe = await measure(server, streams, spread, PROBE_VIEWERS, 3);
          const percentEach = (probe.server?.cpuPercent ?? 0) / PROBE_VIEWERS;
          for (const load of quick ? [0.3] : LOADS) {
            const viewers = Math.round((100 * load) / percentEach);
            const report = await measure(server, streams, spread, viewers, quick ? 3 : 8);
            const { delayMs, frameDelayMs } = report.traffic;
            row({
              streams,
              arrival: spread ? "spread" : "burst",
              wanted: `${Math.round(100 * load)} %`,
              viewers,
              "cpu %": report.server?.cpuPercent ?? null,
              "p50 ms": delayMs?.p50 ?? null,
              "p90 ms": delayMs?.p90 ?? null,
              "p99 ms": delayMs?.p99 ?? null,
              "max ms": delayMs?.max ?? null,
              "frames p50 ms": frameDelayMs?.p50 ?? null,
              "frames p99 ms": frameDelayMs?.p99 ?? null,
              "frame ms": largestFrameMs(
                sourcePlan(BITRATE, spread),
                viewers / streams,
                report.server?.cpuUsPerPacket ?? null,
              ),
              lost: report.quality.lost,
            });
          }
        } finally {
          await server.stop();
        }
      }
    }
  },
};

function measure(
  server: RunningServer,
  streams: number,
  spread: boolean,
  viewers: number,
  seconds: number,
) {
  const name = streams === 1 ? "bench" : "bench{n}";
  return runLoad(server, [
    server.whep(name),
    ...["--publish", server.whip(name), "--streams", String(streams)],
    ...sourceArguments(BITRATE, spread),
    ...["--viewers", String(viewers), "--rate", "200", "--duration", String(seconds)],
  ]);
}
