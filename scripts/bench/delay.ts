/** `delay`: how long packets are on their way through the server, by its load. */
import { type Bench, type Row, runLoad, sourceArguments, startSpillway } from "./harness.ts";

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
  },
  async run({ quick }, row) {
    for (const streams of quick ? [1] : STREAMS) {
      for (const spread of quick ? [false] : [false, true]) {
        const seconds = quick ? 3 : 10;
        const probe = await measure(streams, spread, PROBE_VIEWERS, seconds, null);
        const percentEach = Number(probe["cpu %"]) / PROBE_VIEWERS;
        for (const load of quick ? [0.3] : LOADS) {
          const viewers = Math.round((100 * load) / percentEach);
          row(await measure(streams, spread, viewers, seconds, load));
        }
      }
    }
  },
};

async function measure(
  streams: number,
  spread: boolean,
  viewers: number,
  seconds: number,
  load: number | null,
): Promise<Row> {
  const server = await startSpillway();
  try {
    const name = streams === 1 ? "bench" : "bench{n}";
    const report = await runLoad(server, [
      server.whep(name),
      ...["--publish", server.whip(name), "--streams", String(streams)],
      ...sourceArguments(BITRATE, spread),
      ...["--viewers", String(viewers), "--rate", "100", "--duration", String(seconds)],
    ]);
    const { delayMs } = report.traffic;
    return {
      streams,
      arrival: spread ? "spread" : "burst",
      wanted: load === null ? null : `${Math.round(100 * load)} %`,
      viewers,
      "cpu %": report.server?.cpuPercent ?? null,
      "p50 ms": delayMs?.p50 ?? null,
      "p90 ms": delayMs?.p90 ?? null,
      "p99 ms": delayMs?.p99 ?? null,
      "max ms": delayMs?.max ?? null,
      lost: report.quality.lost,
    };
  } finally {
    await server.stop();
  }
}
