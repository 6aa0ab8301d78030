import type { LoadReport } from "../../src/load/report.ts";
import type { StarEmulator } from "./star.ts";

/** `spillway load` at a node, until it is stopped. */
export class StarLoad {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;

  constructor(star: StarEmulator, node: number, path: string, args: readonly string[]) {
    const command = [path, "load", ...args, "--duration", "86400", "--json"];
    this.#child = Bun.spawn(star.inside(node, command), { stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Ends it in good order; what it found. Throws with its own words when it failed. */
  async stop(): Promise<LoadReport> {
    this.#child.kill("SIGTERM");
    const [out, problem] = await Promise.all([
      new Response(this.#child.stdout).text(),
      new Response(this.#child.stderr).text(),
    ]);
    if (!out.startsWith("{")) throw new Error(`the load tool failed: ${problem}`);
    return JSON.parse(out) as LoadReport;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}
