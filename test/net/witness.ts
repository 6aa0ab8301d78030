/** Chromium at a node of the star: whether it kept its connection, and its longest gap between frames. */
import { until } from "../support/until.ts";
import { NetworkBrowser } from "./chromium.ts";
import type { StarCluster } from "./star-cluster.ts";

const PICTURE_MS = 15_000;
/** A picture that has been moving so lately is still there. */
const ALIVE_MS = 1_000;

export interface Seen {
  readonly node: number;
  /** Since `begin`: the longest time without a new frame. */
  readonly gapMs: number;
  readonly frames: number;
  /** It is connected, and the picture moves. */
  readonly kept: boolean;
}

export class Witness {
  /** On the page's clock, ms. */
  #since = 0;

  private constructor(
    private readonly node: number,
    private readonly browser: NetworkBrowser,
  ) {}

  /** The picture moves when this resolves. */
  static async open(cluster: StarCluster, node: number): Promise<Witness> {
    const inside = (command: readonly string[]) => cluster.star.inside(node, command);
    const url = cluster.whep(node);
    const browser = await NetworkBrowser.open(inside, new URL("/readyz", url).href);
    try {
      await browser.watch(url);
      const moves = async () => (await browser.frames()).frames.length > 0;
      await until("Chromium shows a picture", PICTURE_MS, moves);
      return new Witness(node, browser);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** What was before does not count. */
  async begin(): Promise<void> {
    this.#since = (await this.browser.frames()).now;
  }

  /** Since `begin`. */
  async seen(): Promise<Seen> {
    const { now, frames } = await this.browser.frames();
    const stats = await this.browser.stats();
    const transport = stats.find(({ type }) => type === "transport");
    const times = [this.#since, ...frames.map(([at]) => at), now];
    const gaps = times.slice(1).map((at, i) => at - times[i]!);
    const last = frames.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
    return {
      node: this.node,
      gapMs: Math.round(Math.max(0, ...gaps)),
      frames: frames.length,
      kept: transport?.dtlsState === "connected" && now - last < ALIVE_MS,
    };
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
