/** `feedback`: what following the viewers' networks costs, as a share of the worker's CPU. */
import { resolve } from "node:path";
import {
  type Bench,
  fanoutArguments,
  type RunningServer,
  runLoad,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";
import { median } from "./median.ts";
import { pinned, SERVER_CORE } from "./pin.ts";

const VIEWERS = 500;
const BITRATE = 2_500_000;
const ROUNDS = 5;

export const feedback: Bench = {
  name: "feedback",
  summary: "CPU of bandwidth estimation: with transport-cc feedback and without.",
  conditions: {
    source: "2.5 Mb/s at 30 fps in bursts, and Opus",
    viewers: VIEWERS,
    with: "transport-cc each 100 ms: receiving, opening, parsing, estimating, choosing",
    sending: "what is noted of each packet that leaves, by scripts/bench/estimator.ts in a loop",
    order: "alternated; medians",
    warmUp: WARMED_UP,
  },
  async run({ quick }, row) {
    const server = await startSpillway();
    try {
      await warmUp(server, BITRATE, false, quick);
      const costs = { with: [] as number[], without: [] as number[] };
      for (let round = 0; round < (quick ? 1 : ROUNDS); round += 1) {
        const order =
          round % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const);
        for (const kind of order) costs[kind].push(await measure(server, kind, quick));
      }
      const [on, off] = [median(costs.with)!, median(costs.without)!];
      const sending = sendingNs() / 1000;
      row({
        viewers: VIEWERS,
        "us/packet with": on,
        "us/packet without": off,
        "us sending": round3(sending),
        "share %": Math.round((1000 * (on - off + sending)) / on) / 10,
        "all with": costs.with.join(", "),
        "all without": costs.without.join(", "),
      });
    } finally {
      await server.stop();
    }
  },
};

async function measure(
  server: RunningServer,
  kind: "with" | "without",
  quick: boolean,
): Promise<number> {
  const viewers = quick ? 50 : VIEWERS;
  const args = fanoutArguments(server, viewers, BITRATE, false, quick ? 2 : 6);
  const none = kind === "with" ? [] : ["--twcc-interval", "0"];
  const report = await runLoad(server, [...args, ...none]);
  return round3(report.server?.cpuUsPerPacket ?? Number.NaN);
}

/** ns a packet of noting it and of the timers. */
function sendingNs(): number {
  const script = resolve(import.meta.dir, "estimator.ts");
  const { stdout } = Bun.spawnSync(pinned(SERVER_CORE, [process.execPath, script]));
  const told = JSON.parse(stdout.toString()) as Record<string, number>;
  return told.nsPerPacketSent! + told.nsPerPacketTicks!;
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
