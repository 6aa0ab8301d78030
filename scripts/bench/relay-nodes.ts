/** Nodes of a cluster for `relay`: executables that link to the first of them, and what each of them did. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Metrics, readMetrics } from "../../test/support/metrics.ts";
import { until } from "../../test/support/until.ts";
import { EXECUTABLE, nextPort, type RunningServer, startServer } from "./harness.ts";
import { LOAD_CORE, SERVER_CORE, threadTimeUs } from "./pin.ts";

export interface Node extends RunningServer {
  readonly base: string;
  readonly link: string;
}

interface NodeOptions {
  readonly core: number;
  /** Nodes that have a stream from it. */
  readonly childrenMax?: number;
}

/** How long packets were in a node, as its relay tells of five seconds. */
export interface Stay {
  readonly medianUs: number;
  readonly p99Us: number;
}

/** Totals of a node at a moment. */
export interface NodeTotals {
  readonly atMs: number;
  /** What its publishers sent, as it came: header, payload, tag. */
  readonly packetsIn: number;
  readonly bytesIn: number;
  /** What came and left by links, as datagrams. */
  readonly linkPacketsIn: number;
  readonly linkDatagramsIn: number;
  readonly linkBytesIn: number;
  readonly linkBytesOut: number;
  /** Processor time of the relay's thread. */
  readonly relayUs: number;
}

export class Nodes {
  readonly all: Node[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "spillway-relay-bench-"));
  readonly #secret = join(this.#folder, "secret");

  constructor() {
    const secret = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    writeFileSync(this.#secret, `${secret}\n`, { mode: 0o600 });
  }

  /** All but the first call the first. */
  async start({ core, childrenMax = 64 }: NodeOptions): Promise<Node> {
    const [http, second] = [nextPort(), nextPort()];
    const base = `http://127.0.0.1:${http}`;
    const link = `127.0.0.1:${second}`;
    const root = this.all[0];
    const server = await startServer({
      command: [
        ...[EXECUTABLE, "serve", "--insecure", "--drain-seconds", "0", "--log-level", "warn"],
        ...["--http", `127.0.0.1:${http}`, "--media", `127.0.0.1:${http + 1}`],
        ...["--ingest-workers", "1", "--egress-workers", "1"],
        ...["--cluster-secret-file", this.#secret, "--link", link],
        ...["--state", join(this.#folder, String(http)), "--children-max", String(childrenMax)],
        ...(root === undefined ? [] : ["--join", root.link]),
      ],
      cores: core,
      probe: `${base}/readyz`,
      whip: (stream) => `${base}/whip/${stream}`,
      whep: (stream) => `${base}/whep/${stream}`,
    });
    const node = { ...server, base, link };
    this.all.push(node);
    if (root !== undefined) await this.#linked(node);
    return node;
  }

  /** One on the server's core, and so many others on that of the load. */
  async startAround(others: number): Promise<void> {
    await this.start({ core: SERVER_CORE });
    for (let i = 0; i < others; i += 1) await this.start({ core: LOAD_CORE });
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((node) => node.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #linked(node: Node): Promise<void> {
    await until("the node is linked", 10_000, async () => {
      return (await readMetrics(node.base)).sum("worker_joins_total", RELAY) > 0;
    });
  }
}

const RELAY = 'worker="relay-0"';
const INGEST = 'worker="ingest-0"';

export async function totalsOf({ base, pid }: Node): Promise<NodeTotals> {
  const relayUs = threadTimeUs(pid, "relay");
  const metrics: Metrics = await readMetrics(base);
  return {
    atMs: performance.now(),
    packetsIn: metrics.sum("worker_packets_in_total", INGEST),
    bytesIn: metrics.sum("worker_bytes_in_total", INGEST),
    linkPacketsIn: metrics.sum("worker_packets_in_total", RELAY),
    linkDatagramsIn: metrics.sum("worker_datagrams_in_total", RELAY),
    linkBytesIn: metrics.sum("worker_bytes_in_total", RELAY),
    linkBytesOut: metrics.sum("worker_bytes_out_total", RELAY),
    relayUs,
  };
}

/** Streams that a node has from others. */
export async function streamsAt({ base }: Node): Promise<number> {
  return (await readMetrics(base)).sum("cluster_pulls", 'state="given"');
}

export async function stayOf({ base }: Node): Promise<Stay> {
  const metrics = await readMetrics(base);
  return {
    medianUs: metrics.sum("worker_residence_median_us", RELAY),
    p99Us: metrics.sum("worker_residence_p99_us", RELAY),
  };
}

/** What happened between two moments. */
export function between(from: NodeTotals, to: NodeTotals): NodeTotals {
  const grown = (key: keyof NodeTotals) => to[key] - from[key];
  return {
    atMs: grown("atMs"),
    packetsIn: grown("packetsIn"),
    bytesIn: grown("bytesIn"),
    linkPacketsIn: grown("linkPacketsIn"),
    linkDatagramsIn: grown("linkDatagramsIn"),
    linkBytesIn: grown("linkBytesIn"),
    linkBytesOut: grown("linkBytesOut"),
    relayUs: grown("relayUs"),
  };
}
