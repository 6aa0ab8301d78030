/** Nodes of one cluster on this machine: compiled executables that link to each other. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeUdpPorts, type ServerProcess, startProcess } from "./process.ts";
import { until } from "./until.ts";

const FEW_WORKERS = ["--ingest-workers", "1", "--egress-workers", "1"];
/** The number of the relay's worker then: behind one of ingest and one of egress. */
export const RELAY_WORKER = 2;

export interface NodeOptions {
  /** Nodes whose link addresses are its seeds. */
  readonly join?: readonly string[];
  readonly args?: readonly string[];
  /** Where another secret than the cluster's is. */
  readonly secretFile?: string;
  /** The state of another node, as if its folder had been copied. */
  readonly state?: string;
}

export interface StreamReport {
  readonly name: string;
  readonly live: boolean;
  readonly origin: string | null;
  readonly viewers: number;
}

export interface ClusterNode extends ServerProcess {
  readonly name: string;
  stream(name: string): Promise<StreamReport | null>;
}

export class TestCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), "spillway-cluster-"));
  readonly #links = new Map<string, string>();
  readonly #nodes = new Set<ClusterNode>();
  readonly secretFile = this.writeSecrets("secret", [randomSecret()]);

  /** Where the state of a node is kept. */
  state(name: string): string {
    return join(this.#folder, name);
  }

  /** A file of secrets as a node wants it: base64, a line each. */
  writeSecrets(name: string, secrets: readonly string[]): string {
    return this.file(name, `${secrets.join("\n")}\n`);
  }

  /** A file that its owner alone may read. */
  file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** HOST:PORT of a node's links: the same when it is started again. */
  link(name: string): string {
    const known = this.#links.get(name) ?? `127.0.0.1:${freeUdpPorts(1)}`;
    this.#links.set(name, known);
    return known;
  }

  async start(name: string, options: NodeOptions = {}): Promise<ClusterNode> {
    const { join: seeds = [], args = [], secretFile = this.secretFile, state = name } = options;
    const own = ["--link", this.link(name), "--state", this.state(state)];
    const joined = seeds.length === 0 ? [] : ["--join", seeds.map((s) => this.link(s)).join(",")];
    const server = await startProcess([
      ...["serve", "--drills", "--drain-seconds", "0", ...FEW_WORKERS],
      ...["--cluster-secret-file", secretFile, ...own, ...joined, ...args],
    ]);
    const node: ClusterNode = {
      ...server,
      name,
      stream: async (stream) => {
        const url = `${server.base}/api/v1/streams/${encodeURIComponent(stream)}`;
        const response = await fetch(url);
        return response.ok ? ((await response.json()) as StreamReport) : null;
      },
    };
    this.#nodes.add(node);
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => node.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function randomSecret(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64();
}

/** How often a line with this message stands in a node's log. */
export function logged(node: ClusterNode, message: string): number {
  const lines = node.logs().split("\n");
  return lines.filter((line) => line.includes(`"${message}"`)).length;
}

/** Waits until both nodes have told `links` links so far. */
export async function linked(nodes: readonly ClusterNode[], links = 1): Promise<void> {
  const open = (node: ClusterNode) => logged(node, "Node linked") >= links;
  await until(
    "the nodes are linked",
    10_000,
    () => nodes.every(open),
    () => nodes.map((node) => node.logs()).join("\n"),
  );
}
