/** `crowd`: how soon 250 viewers who come within a second see a picture. */
import type { LoadReport } from "../../src/load/report.ts";
import {
  type Bench,
  fanoutArguments,
  type Row,
  type RunningServer,
  runLoad,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";
import { median } from "./median.ts";
import { LOAD_CORE, pinThreads, SERVER_CORE } from "./pin.ts";

const WATCHING = 200;
const CROWD = 250;
const BITRATE = 1_500_000;
const RUNS = 5;
const HOLD_SECONDS = 4;
/**
 * The crowd's own code is compiled by then. Without it that took 400 ms of the second on the core that
 * the load shares with control, and its first handshakes five times as long (profile).
 */
const REHEARSED = 100;
/** Until those who watch are in and measuring has begun. */
const SETTLE_MS = 4_000;

/** Where the egress thread runs; everything else runs on the load's core. */
const PLACES = [
  { cores: "egress alone on a core", core: SERVER_CORE },
  { cores: "all on one core", core: LOAD_CORE },
] as const;

export const crowd: Bench = {
  name: "crowd",
  summary: "250 joins within a second beside 200 viewers: time to the first keyframe.",
  conditions: {
    source: "1.5 Mb/s at 30 fps and Opus, a keyframe of 4 frames' size each 2 s",
    crowd: `${CROWD} POSTs evenly over a second; to the last packet of the first keyframe`,
    rehearsal: `${REHEARSED} viewers of the crowd's process come and go before, uncounted`,
    watching: WATCHING,
    cores:
      "the egress thread alone on a core, then with all else; the load and the other threads on the other core",
    warmUp: WARMED_UP,
    runs: `${RUNS} of each, then their median`,
  },
  async run({ quick }, row) {
    for (const { cores, core } of PLACES) {
      const server = await startSpillway(1, LOAD_CORE);
      try {
        pinThreads(server.pid, "egress", core);
        await warmUp(server, BITRATE, false, quick);
        const runs: Row[] = [];
        for (let run = 1; run <= (quick ? 1 : RUNS); run += 1) {
          const figures = await measure(server);
          runs.push(figures);
          row({ cores, run, ...figures });
        }
        if (!quick) row({ cores, run: "median", ...medians(runs) });
      } finally {
        await server.stop();
      }
    }
  },
};

async function measure(server: RunningServer): Promise<Row> {
  const watching = runLoad(server, fanoutArguments(server, WATCHING, BITRATE, false, 10));
  await Bun.sleep(SETTLE_MS);
  const came = await runLoad(server, [
    server.whep("bench"),
    ...["--viewers", String(CROWD), "--rate", String(CROWD), "--rehearse", String(REHEARSED)],
    ...["--hold", String(HOLD_SECONDS), "--duration", String(HOLD_SECONDS)],
  ]);
  return figuresOf(came, await watching);
}

function figuresOf({ join }: LoadReport, watched: LoadReport): Row {
  return {
    joined: join.connected,
    failed: join.failed,
    "connect p50": join.connectMs?.p50 ?? null,
    "connect p95": join.connectMs?.p95 ?? null,
    "keyframe p50": join.firstKeyframeMs?.p50 ?? null,
    "keyframe p95": join.firstKeyframeMs?.p95 ?? null,
    "others lost": watched.quality.lost,
    "others broken": watched.sample.framesBroken,
  };
}

/** Of what was lost and of failures the most counts. */
function medians(runs: readonly Row[]): Row {
  const row: Record<string, number | null> = {};
  for (const key of Object.keys(runs[0]!)) {
    const values = runs.map((run) => run[key]).filter((value) => typeof value === "number");
    const worst = key === "failed" || key.startsWith("others");
    row[key] = worst ? Math.max(...values) : median(values);
  }
  return row;
}
