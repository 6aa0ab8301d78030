/** What publishes at a node of the star until it is killed: layers of nothing, or a clip to look at. */
import type { StarEmulator } from "./star.ts";

/** Three layers of packets enough that loss and jitter mean something, on a machine that does everything. */
const LAYERS = ["--bitrate", "300k", "--layers", "3", "--spread", "15", "--duration", "86400"];

export class StarPublisher {
  readonly #child: Bun.Subprocess;

  /** `clip`: the one inside the executable, which browsers can show. */
  constructor(star: StarEmulator, node: number, path: string, whip: string, clip: boolean) {
    const command = clip
      ? [path, "publish", "demo:", whip, "--loop"]
      : [path, "load", "--publish", whip, ...LAYERS, "--json"];
    this.#child = Bun.spawn(star.inside(node, command), { stdio: ["ignore", "ignore", "ignore"] });
  }

  /** It was refused, or was killed. */
  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}
