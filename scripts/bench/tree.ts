/** `tree`: the nodes that a very large audience takes, computed from what other benchmarks stored. */
import { GCM_TAG_BYTES } from "../../src/srtp/overhead.ts";
import type { Bench, BenchResult, Row } from "./harness.ts";
import { storedResult } from "./results.ts";
import { planTree, type TreeCosts, type TreeGround } from "./tree-plan.ts";

const VIEWERS = 10_000_000;
const MBPS = 2.5;
/** Opus of the source. */
const AUDIO_MBPS = 0.032;
/** Fixed RTP header with one extension of the transport's; headers of IPv4 and UDP. */
const RTP_BYTES = 12 + 8;
const UDP_BYTES = 20 + 8;
/** The points that costs are taken from. */
const POINT = { viewers: 500, mbps: MBPS, arrival: "spread" } as const;

/** A machine as one rents it, of cores as those that were measured. */
const GROUND: TreeGround = {
  cores: 16,
  ownCores: 2,
  gbps: 25,
  share: 0.6,
  childrenMax: 64,
  pathMax: 4,
  edgesMax: 4_000,
  parents: 2,
};

export const tree: Bench = {
  name: "tree",
  summary: "The tree for 10,000,000 viewers, from the stored costs of fanout and relay.",
  conditions: {
    pinning: "computed, not measured",
    machine: `${GROUND.cores} cores as that of fanout and relay, ${GROUND.gbps} Gb/s; two cores for control, ingest and the relay; no core and no card is used by more than ${100 * GROUND.share} %`,
    "parents of an edge": `${GROUND.parents}, each sending all: from 10 viewers a node has a stream by two ways`,
    "CPU a viewer": `fanout, ${POINT.viewers} viewers, ${MBPS} Mb/s, ${POINT.arrival}`,
    "CPU a child": "relay, one stream, the most children that were measured",
    limits: `${GROUND.childrenMax} children a node, paths of ${GROUND.pathMax} nodes, ${GROUND.edgesMax} edges`,
  },
  async run(_options, row) {
    const costs = costsOf(storedResult("fanout"), storedResult("relay"));
    const plan = planTree(VIEWERS, costs, GROUND);
    for (const { name, ...level } of plan.levels) row({ level: name, ...level });
    row({ ...plan.whole });
  },
};

/** Throws where a figure is missing. */
function costsOf(fanout: BenchResult | null, relay: BenchResult | null): TreeCosts {
  const viewer = fanout?.results.find(
    (row) =>
      row.viewers === POINT.viewers && row.mbps === POINT.mbps && row.arrival === POINT.arrival,
  );
  const children = (relay?.results ?? []).filter(
    (row) => row.streams === 1 && row["us/child"] != null,
  );
  const most = children.at(-1);
  const chain = relay?.results.find((row) => row.chain != null && row.streams === 1);
  const payloadBytes = figure(most, "payload B");
  return {
    milliCpuViewer: figure(viewer, "mCPU/viewer"),
    usChild: figure(most, "us/child"),
    usIn: figure(most, "us in"),
    payloadBytes,
    packetsPerSecond: ((MBPS + AUDIO_MBPS) * 1e6) / 8 / payloadBytes,
    viewerOverheadBytes: RTP_BYTES + GCM_TAG_BYTES + UDP_BYTES,
    linkOverheadBytes: figure(most, "overhead B") + UDP_BYTES,
    stayMs: { p50: figure(chain, "stay p50 ms"), p99: figure(chain, "stay p99 ms") },
  };
}

function figure(row: Row | undefined, name: string): number {
  const value = row?.[name];
  if (typeof value === "number") return value;
  throw new Error(`no "${name}" is stored: bun run bench fanout relay`);
}
