/** `hot`: what the egress alone costs, part by part, without sockets and kernel. */
import type { Bench, Row } from "../harness.ts";
import { median } from "../median.ts";
import { HotChild } from "./child.ts";
import { type HotCosts, PARTS, partsOf, VARIANTS } from "./parts.ts";
import { type Load, loadsOf, packetsPerSecond, planOf } from "./points.ts";
import type { HotFigures } from "./stage.ts";

/** One run: 10 ms of work, and long enough to hold some frames. */
const RUN_PACKETS = 12_500;
const RUN_SECONDS = 1 / 6;
const RUNS = 24;
const PACED_SECONDS = 0.5;
const PACED_RUNS = 12;
const SETTLE_SECONDS = 0.5;
/** In windows of 300,000 packets the cost of one fell by half up to the second, then no more. */
const WARM_UP_PACKETS = 1_500_000;
const WARM_UP: Load = { streams: 1, viewers: 200, bitrate: 1.5e6, spread: false, paced: false };

export const hot: Bench = {
  name: "hot",
  summary: "The egress alone, without sockets: ns a packet and a viewer's visit, part by part.",
  conditions: {
    source:
      "H.264 at 30 fps, keyframe of 4 frames' size each 2 s, payloads up to 1100 B; Opus 32 kb/s",
    egress:
      "rings, viewers, peers (without a handshake) and OpenSSL's AES-128-GCM in one thread; virtual time in ticks of 1 ms, what ends no frame waits for 5",
    visit: "a viewer is given a batch of a ring: a frame in bursts, else what came within 5 ms",
    parts: `processes that lack ${PARTS.join(", ")}, each also what those before it lack: a part is the difference of two, walk what is left at last`,
    commit: "of a sink that takes datagrams: the way to it, and counting them",
    segments:
      "not in all: what UdpSender's books of messages and segments cost in the sink's place, without the kernel",
    "feedback and timers":
      "not in all: transport-cc each 100 ms, parsed and followed, with the books of what has left since; reports, rates and layers",
    pace: "none: a frame follows the other at once, so caches are warm; real: asleep between frames as a worker is",
    time: `the thread's processor time, lower tenth of ${RUNS} runs (in real time ${PACED_RUNS}), since whatever else runs only adds to it; median: of the same runs of all; the processes take turns, back and forth`,
    warmUp: `${WARM_UP_PACKETS} packets to 200 viewers`,
    instructions:
      "of a packet, in user mode, by perf_event_open; null where the machine does not count them",
  },
  async run(options, row) {
    const children = VARIANTS.map((variant) => new HotChild(variant));
    try {
      for (const child of children) {
        await child.obey({ ...WARM_UP, plan: planOf(WARM_UP) });
        if (!options.quick) await child.obey({ packets: WARM_UP_PACKETS, paced: false });
      }
      for (const load of loadsOf(options)) {
        for (const line of await measure(children, load, options.quick)) row(line);
      }
    } finally {
      for (const child of children) await child.end();
    }
  },
};

async function measure(
  children: readonly HotChild[],
  load: Load,
  quick: boolean,
): Promise<readonly Row[]> {
  const { paced } = load;
  const settle = Math.round(packetsPerSecond(load) * SETTLE_SECONDS);
  for (const child of children) {
    await child.obey({ ...load, plan: planOf(load) });
    await child.obey({ packets: settle, paced: false });
  }
  const packets = packetsPerSecond(load) * (paced ? PACED_SECONDS : RUN_SECONDS);
  const order = { packets: paced ? packets : Math.max(packets, RUN_PACKETS), paced };
  const count = quick ? 2 : paced ? PACED_RUNS : RUNS;
  const runs = new Map(children.map(({ variant }) => [variant.name, [] as HotFigures[]]));
  for (let run = 0; run < count; run += 1) {
    for (const child of run % 2 === 0 ? children : children.toReversed()) {
      const figures = await child.obey(order);
      runs.get(child.variant.name)!.push(figures);
    }
  }
  return rowsOf(load, runs);
}

type Runs = ReadonlyMap<keyof HotCosts, readonly HotFigures[]>;

/** One row a packet, one a visit. */
function rowsOf(load: Load, runs: Runs): readonly Row[] {
  const costs = Object.fromEntries(
    [...runs].map(([name, figures]) => [name, nsPerPacket(figures, "forwardNs")]),
  ) as HotCosts;
  const all = runs.get("all")!;
  const sum = (key: "packets" | "visits") => all.reduce((total, run) => total + run[key], 0);
  const packetsPerVisit = sum("packets") / sum("visits");
  const ns = {
    ...partsOf(costs),
    feedback: nsPerPacket(all, "feedbackNs"),
    timers: nsPerPacket(all, "timersNs"),
  };
  const middle = median(all.map((run) => run.forwardNs / run.packets))!;
  return (["packet", "visit"] as const).map((each) => {
    const factor = each === "packet" ? 1 : packetsPerVisit;
    return {
      streams: load.streams,
      viewers: load.viewers,
      mbps: load.bitrate / 1e6,
      arrival: load.spread ? "spread" : "burst",
      pace: load.paced ? "real" : "none",
      "ns a": each,
      ...times({ ...ns, median: middle }, factor),
      "packets/visit": Math.round(packetsPerVisit * 100) / 100,
      instructions: instructions(all),
    };
  });
}

function times(parts: Readonly<Record<string, number>>, factor: number): Row {
  return Object.fromEntries(
    Object.entries(parts).map(([name, ns]) => [name, Math.round(ns * factor)]),
  );
}

function nsPerPacket(
  runs: readonly HotFigures[],
  key: "forwardNs" | "feedbackNs" | "timersNs",
): number {
  return lowerTenth(runs.map((run) => run[key] / run.packets));
}

function lowerTenth(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)]!;
}

function instructions(runs: readonly HotFigures[]): number | null {
  const counts = runs.flatMap(({ instructions: count, packets }) =>
    count === null ? [] : [count / packets],
  );
  return counts.length === 0 ? null : Math.round(median(counts)!);
}
