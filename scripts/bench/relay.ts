/** `relay`: what it costs to give a stream on to other nodes, and how much later it is there. */
import type { LoadReport } from "../../src/load/report.ts";
import { type Bench, EXECUTABLE, type Row, runLoad, sourceArguments } from "./harness.ts";
import { LOAD_CORE, pinned } from "./pin.ts";
import { between, type Node, Nodes, type NodeTotals, totalsOf } from "./relay-nodes.ts";

const BITRATE = 2_500_000;
const CHILDREN = [1, 2, 4];
/** With few packets a second most of the time is what a turn of the loop takes. */
const STREAMS = [1, 20];
/** What SRTP adds to a publisher's payload: fixed header and tag. */
const PACKET_BYTES = 12 + 16;
/** A publisher is live, and all nodes have heard of it. */
const SETTLE_MS = 1_500;
/** Code is compiled while it runs: as long as that takes the stream flows unmeasured. */
const WARM_UP_MS = 8_000;

export const relay: Bench = {
  name: "relay",
  summary: "Streams to N other nodes: CPU a packet and a child, added delay, bytes; an idle link.",
  conditions: {
    source:
      "H.264 at 30 fps and Opus 32 kb/s, packets of a frame over 15 ms; one viewer a stream and node",
    pinning:
      "the publisher's node on core 0; its children, all viewers and the publisher on core 1",
    "us/child":
      "processor time of the relay's thread at the publisher's node, a packet and a child",
    "us in": "the same at a child, a packet that it receives and writes",
    "hop ms": "delay at a child's viewer less that at a viewer of the publisher's node",
    overhead: "bytes of link datagrams a packet beyond its payload, all that links say included",
  },
  async run({ quick }, row) {
    for (const children of quick ? [1] : CHILDREN) {
      const nodes = new Nodes();
      try {
        for (let i = 0; i <= children; i += 1) await nodes.start();
        row(await idle(nodes, quick ? 3 : 20));
        for (const streams of STREAMS) row(await measure(nodes, streams, quick));
      } finally {
        await nodes.stop();
      }
    }
  },
};

/** Links without streams. */
async function idle({ all }: Nodes, seconds: number): Promise<Row> {
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

/** Names are used once: a name's rings outlive its publisher. */
let runs = 0;

async function measure({ all }: Nodes, streams: number, quick: boolean): Promise<Row> {
  const [root, ...children] = all as [Node, ...Node[]];
  runs += 1;
  const stream = streams === 1 ? `relay${runs}` : `relay${runs}-{n}`;
  const seconds = quick ? 3 : 10;
  const warmUpMs = quick ? 1_000 : WARM_UP_MS;
  const publisher = publish(root, stream, streams);
  try {
    await Bun.sleep(SETTLE_MS);
    const wholeSeconds = String(seconds + warmUpMs / 1000);
    const watching = all.map((node) => watch(node, stream, streams, wholeSeconds));
    await Bun.sleep(warmUpMs + 500);
    const ends = [root, children[0]!];
    const before = await Promise.all(ends.map(totalsOf));
    await Bun.sleep((seconds - 1) * 1000);
    const after = await Promise.all(ends.map(totalsOf));
    const [sent, received] = ends.map((_, i) => between(before[i]!, after[i]!));
    return describe(children.length, streams, sent!, received!, await Promise.all(watching));
  } finally {
    publisher.kill();
    await publisher.exited;
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

function publish(node: Node, stream: string, streams: number) {
  const source = [...sourceArguments(BITRATE, true), "--streams", String(streams)];
  const command = [EXECUTABLE, "load", "--publish", node.whip(stream), ...source];
  const stdio: ["ignore", "ignore", "ignore"] = ["ignore", "ignore", "ignore"];
  return Bun.spawn(pinned(LOAD_CORE, [...command, "--duration", "3600"]), { stdio });
}

function watch(node: Node, stream: string, streams: number, seconds: string): Promise<LoadReport> {
  const viewers = ["--streams", String(streams), "--viewers", String(streams)];
  return runLoad(node, [node.whep(stream), ...viewers, "--duration", seconds]);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
