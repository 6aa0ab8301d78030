/** `relay`: what it costs to give a stream on to other nodes, and how much later it is there. */
import type { LoadReport } from "../../src/load/report.ts";
import { until } from "../../test/support/until.ts";
import { type Bench, type Row, runLoad, sourceArguments, startPublishers } from "./harness.ts";
import { LOAD_CORE, SERVER_CORE } from "./pin.ts";
import {
  between,
  type Node,
  Nodes,
  type NodeTotals,
  type Stay,
  stayOf,
  streamsAt,
  totalsOf,
} from "./relay-nodes.ts";

const BITRATE = 2_500_000;
const CHILDREN = [1, 2, 4];
/** Of a cluster without streams, beside these. */
const IDLE_CHILDREN = 8;
/** With few packets a second most of the time is what a turn of the loop takes. */
const STREAMS = [1, 20];
/** What SRTP adds to a publisher's payload: fixed header and tag. */
const PACKET_BYTES = 12 + 16;
/** A publisher is live, and all nodes have heard of it. */
const SETTLE_MS = 1_500;
/** Code is compiled while it runs: as long as that takes the stream flows unmeasured. */
const WARM_UP_MS = 8_000;
/** The node in the middle has all streams by then. */
const GIVEN_MS = 20_000;
/** A node tells how long packets were in it once in so long. */
const STAY_MS = 5_000;
/** A cluster has so many core nodes at most, each with links to all others. */
const CORES = 64;

export const relay: Bench = {
  name: "relay",
  summary: "Streams to N other nodes: CPU a packet and a child, stay, bytes; idle links.",
  conditions: {
    source:
      "H.264 at 30 fps and Opus 32 kb/s, packets of a frame over 15 ms; one viewer a stream and node",
    pinning:
      "the publisher's node on core 0; its children, all viewers and the publisher on core 1. chain: the node in the middle of three on core 0, all else on core 1",
    "us/child":
      "processor time of the relay's thread at the publisher's node, a packet and a child",
    "us in": "the same at a child, a packet that it receives and writes",
    "hop ms": "delay at a child's viewer less that at a viewer of the publisher's node",
    "stay ms":
      "a packet at the node on core 0, from the kernel's stamp of its coming until it was sent to another node: at the publisher's by ingest, its ring and the relay, in the middle of a chain by the relay alone; the median, and the worst five seconds' p99",
    "64 cores":
      "extrapolated: bytes as those of a measured link, the thread's time by the straight line that is nearest to the idle rows",
    overhead: "bytes of link datagrams a packet beyond its payload, all that links say included",
  },
  async run({ quick }, row) {
    const idleRows: IdleRow[] = [];
    for (const children of quick ? [1, 2] : CHILDREN) {
      await withNodes(async (nodes) => {
        await nodes.startAround(children);
        idleRows.push(await idle(nodes, quick ? 3 : 20));
        row(idleRows.at(-1)!);
        for (const streams of STREAMS) row(await measure(nodes, streams, quick));
      });
    }
    await withNodes(async (nodes) => {
      await nodes.startAround(quick ? 3 : IDLE_CHILDREN);
      idleRows.push(await idle(nodes, quick ? 3 : 20));
      row(idleRows.at(-1)!);
    });
    row(extrapolated(idleRows));
    await withNodes(async (nodes) => {
      await nodes.start({ core: LOAD_CORE, childrenMax: 1 });
      await nodes.start({ core: SERVER_CORE, childrenMax: 1 });
      await nodes.start({ core: LOAD_CORE, childrenMax: 1 });
      for (const streams of STREAMS) row(await passed(nodes, streams, quick));
    });
  },
};

async function withNodes(use: (nodes: Nodes) => Promise<void>): Promise<void> {
  const nodes = new Nodes();
  try {
    await use(nodes);
  } finally {
    await nodes.stop();
  }
}

/** A cluster without streams. */
type IdleRow = Row & {
  readonly children: number;
  readonly "idle B/s a link": number;
  readonly "relay mCPU": number;
};

/** Links without streams. */
async function idle({ all }: Nodes, seconds: number): Promise<IdleRow> {
  const [root, ...children] = all;
  await Bun.sleep(SETTLE_MS);
  const before = await totalsOf(root!);
  await Bun.sleep(seconds * 1000);
  const { linkBytesOut, relayUs, atMs } = between(before, await totalsOf(root!));
  return {
    children: children.length,
    streams: 0,
    "idle B/s a link": round((1000 * linkBytesOut) / atMs / children.length),
    "relay mCPU": round(relayUs / atMs),
  };
}

/** What a core node of a whole cluster spends on its links while no stream flows. */
function extrapolated(rows: readonly IdleRow[]): Row {
  const links = CORES - 1;
  const bytes = rows.map((row) => row["idle B/s a link"]);
  const milliCpu = line(rows.map((row) => [row.children, row["relay mCPU"]]));
  return {
    cores: CORES,
    links,
    "idle kB/s a node": round((links * mean(bytes)) / 1000),
    "relay mCPU": round(milliCpu(links)),
  };
}

/** The straight line that is nearest to the points; a constant where they do not rise. */
function line(points: readonly (readonly [number, number])[]): (x: number) => number {
  const [x0, y0] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  const rise = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0);
  const slope = spread === 0 ? 0 : Math.max(0, rise / spread);
  return (x) => y0 + slope * (x - x0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Names are used once: a name's rings outlive its publisher. */
let runs = 0;

function named(streams: number): string {
  runs += 1;
  return streams === 1 ? `relay${runs}` : `relay${runs}-{n}`;
}

/** Through a node in the middle, which has viewers of its own first and so the only place. */
async function passed({ all }: Nodes, streams: number, quick: boolean): Promise<Row> {
  const [root, middle, leaf] = all as [Node, Node, Node];
  const stream = named(streams);
  const seconds = quick ? 6 : 20;
  const publisher = startPublishers(root, stream, streams, sourceArguments(BITRATE, true));
  try {
    await Bun.sleep(SETTLE_MS);
    const own = watch(middle, stream, streams, String(seconds + 10));
    const given = async () => (await streamsAt(middle)) >= streams;
    await until("the middle has all streams", GIVEN_MS, given);
    const below = watch(leaf, stream, streams, String(seconds + 8));
    await Bun.sleep(quick ? 1_000 : WARM_UP_MS);
    const before = await totalsOf(middle);
    const stay = await stayOver(middle, seconds);
    const { relayUs, linkPacketsIn } = between(before, await totalsOf(middle));
    const reports = await Promise.all([own, below]);
    return {
      chain: 3,
      streams,
      ...stay,
      "us in and out": round(relayUs / linkPacketsIn),
      lost: reports.reduce((lost, { quality }) => lost + quality.lost, 0),
    };
  } finally {
    await publisher.stop();
  }
}

/** What a node tells of the next so many seconds; what it told last is of the time before. */
async function stayOver(node: Node, seconds: number): Promise<Row> {
  const told: Stay[] = [];
  const end = performance.now() + seconds * 1000;
  await Bun.sleep(STAY_MS);
  while (performance.now() < end) {
    await Bun.sleep(Math.min(STAY_MS, Math.max(0, end - performance.now())));
    told.push(await stayOf(node));
  }
  const medians = told.map(({ medianUs }) => medianUs).sort((a, b) => a - b);
  return {
    "stay p50 ms": round((medians[medians.length >> 1] ?? Number.NaN) / 1000),
    "stay p99 ms": round(Math.max(...told.map(({ p99Us }) => p99Us)) / 1000),
  };
}

async function measure({ all }: Nodes, streams: number, quick: boolean): Promise<Row> {
  const [root, ...children] = all as [Node, ...Node[]];
  const stream = named(streams);
  const seconds = quick ? 7 : 12;
  const warmUpMs = quick ? 1_000 : WARM_UP_MS;
  const publisher = startPublishers(root, stream, streams, sourceArguments(BITRATE, true));
  try {
    await Bun.sleep(SETTLE_MS);
    const wholeSeconds = String(seconds + warmUpMs / 1000);
    const watching = all.map((node) => watch(node, stream, streams, wholeSeconds));
    await Bun.sleep(warmUpMs + 500);
    const ends = [root, children[0]!];
    const before = await Promise.all(ends.map(totalsOf));
    const stay = await stayOver(root, seconds - 1);
    const after = await Promise.all(ends.map(totalsOf));
    const [sent, received] = ends.map((_, i) => between(before[i]!, after[i]!));
    const reports = await Promise.all(watching);
    return { ...describe(children.length, streams, sent!, received!, reports), ...stay };
  } finally {
    await publisher.stop();
  }
}

function describe(
  children: number,
  streams: number,
  sent: NodeTotals,
  received: NodeTotals,
  reports: readonly LoadReport[],
): Row {
  const given = sent.packetsIn * children;
  const payload = sent.bytesIn / sent.packetsIn - PACKET_BYTES;
  const [here, ...there] = reports.map(({ traffic }) => traffic.delayMs);
  const hop = (at: "p50" | "p99") =>
    round(Math.max(...there.map((each) => each?.[at] ?? Number.NaN)) - (here?.[at] ?? Number.NaN));
  return {
    children,
    streams,
    "us/child": round(sent.relayUs / given),
    "us in": round(received.relayUs / received.linkPacketsIn),
    "hop p50 ms": hop("p50"),
    "hop p99 ms": hop("p99"),
    "payload B": round(payload),
    "overhead B": round(received.linkBytesIn / received.linkPacketsIn - payload),
    "packets/datagram": round(received.linkPacketsIn / received.linkDatagramsIn),
    lost: reports.reduce((lost, { quality }) => lost + quality.lost, 0),
  };
}

function watch(node: Node, stream: string, streams: number, seconds: string): Promise<LoadReport> {
  const viewers = ["--streams", String(streams), "--viewers", String(streams)];
  return runLoad(node, [node.whep(stream), ...viewers, "--duration", seconds]);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
