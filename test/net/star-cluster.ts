/** A cluster on the star: a node at each end, a stream that is published at the first. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LinkOptions } from "../sim/link.ts";
import { binary } from "../support/binary.ts";
import { until } from "../support/until.ts";
import { StarEmulator } from "./star.ts";
import { StarLoad } from "./star-load.ts";
import { StarNode } from "./star-node.ts";
import { StarPublisher } from "./star-publisher.ts";

const STREAM = "drill";
const LINKED_MS = 20_000;
/** By then all have heard of a new stream. */
const HEARD_MS = 1_000;

export interface StarClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly childrenMax: number;
  readonly link: (from: number, to: number) => Omit<LinkOptions, "rate">;
  readonly region?: (node: number) => string;
  readonly seconds: number;
  /** What the nodes run at first; else what everything else here runs, which is this source's. */
  readonly path?: string;
  /** How long a node that ends waits for its viewers; else not at all. */
  readonly drainSeconds?: number;
  /** Something is published that browsers can show. */
  readonly clip?: boolean;
}

/** How a node has the stream, as it told last; nodes by their numbers. */
export interface Place {
  /** It is published there. */
  readonly own: boolean;
  readonly parent: number | null;
  readonly standby: readonly number[];
  /** The root first, without the node itself. */
  readonly path: readonly number[];
  readonly viewers: number;
  /** Nodes to which its links did badly, now or before: a second parent is had beside such a one. */
  readonly troubles: readonly Trouble[];
}

export interface Trouble {
  readonly node: number;
  /** How often it has begun. */
  readonly begun: number;
  readonly now: boolean;
}

export class StarCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), "spillway-star-"));
  #publisher: StarPublisher | null = null;
  /** The node where it is. */
  #root = 0;

  private constructor(
    readonly star: StarEmulator,
    readonly nodes: readonly StarNode[],
    /** The executable of this source. */
    readonly path: string,
    private readonly clip: boolean,
  ) {}

  /** Waits until all nodes have links with each other and the stream flows at the first. */
  static async open(options: StarClusterOptions): Promise<StarCluster> {
    const { childrenMax, region = () => "one", drainSeconds = 0, clip = false } = options;
    const own = await binary();
    const star = await StarEmulator.open(options);
    const nodes: StarNode[] = [];
    const cluster = new StarCluster(star, nodes, own, clip);
    const path = options.path ?? own;
    const folder = cluster.#folder;
    const secretFile = join(folder, "secret");
    const secret = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 });
    for (let number = 0; number < options.nodes; number += 1) {
      const its = { number, folder: join(folder, `node${number}`), region: region(number) };
      nodes.push(new StarNode({ star, path, secretFile, childrenMax, drainSeconds, ...its }));
    }
    try {
      for (const node of nodes) await node.start();
      await cluster.linked();
      await cluster.publish(cluster.root);
      await Bun.sleep(HEARD_MS);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The node where the stream is published. */
  get root(): number {
    return this.#root;
  }

  /** Publishes at this node from now on; resolves when it flows, to how often that was asked for. */
  async publish(node: number): Promise<number> {
    await this.silence();
    this.#root = node;
    const whip = `${this.nodes[node]!.base}/whip/${STREAM}`;
    const since = performance.now();
    let posts = 0;
    const isLive = (): boolean => {
      const publisher = this.#publisher;
      if (publisher === null || publisher.ended) {
        posts += 1;
        this.#publisher = new StarPublisher(this.star, node, this.path, whip, this.clip);
      }
      return this.place(node, since)?.own === true;
    };
    await until("the stream is there", LINKED_MS, isLive);
    return posts;
  }

  /** The publisher is gone without a word. */
  async silence(): Promise<void> {
    await this.#publisher?.kill();
    this.#publisher = null;
  }

  /** Where logs of the nodes are. */
  get folder(): string {
    return this.#folder;
  }

  /** Waits until every node has told since now that it has a link with every other one. */
  async linked(): Promise<void> {
    const since = performance.now();
    const others = this.nodes.length - 1;
    const members = () => this.nodes.map((node) => node.status(since)?.members.length ?? null);
    await until(
      "all nodes are linked",
      LINKED_MS,
      () => members().every((count) => count === others),
      members,
    );
  }

  /** Viewers at a node, until they are stopped. */
  watch(node: number, viewers: number): StarLoad {
    const load = [this.whep(node), "--viewers", String(viewers)];
    return new StarLoad(this.star, node, this.path, load);
  }

  /** For viewers at the node. */
  whep(node: number): string {
    return `${this.nodes[node]!.base}/whep/${STREAM}`;
  }

  /** Null where the node has not told of the stream since. */
  place(node: number, since = 0): Place | null {
    const status = this.nodes[node]!.status(since);
    const stream = status?.streams.find(({ name }) => name === STREAM);
    if (status == null || stream === undefined) return null;
    const own = stream.owner === status.node.id;
    const [parent = null] = this.#numbers(stream.parent === null ? [] : [stream.parent]);
    const standby = this.#numbers(stream.standby);
    const path = this.#numbers(stream.path ?? []);
    const troubles = status.members
      .filter((member) => member.troubles > 0)
      .map(({ node, troubles, trouble }) => {
        return { node: this.#numbers([node])[0]!, begun: troubles, now: trouble !== null };
      });
    return { own, parent, standby, path, viewers: stream.viewers, troubles };
  }

  async close(keepLogs = false): Promise<void> {
    await this.silence();
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.star.close();
    if (!keepLogs) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A node that was killed has its old id again: known ones are remembered. */
  readonly #known = new Map<string, number>();

  #numbers(ids: readonly string[]): number[] {
    for (const node of this.nodes) {
      const id = node.status()?.node.id;
      if (id !== undefined) this.#known.set(id, node.number);
    }
    return ids.map((id) => this.#known.get(id) ?? -1);
  }
}
