/** The executable as a node of a cluster, at one end of the star. */
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/until.ts";
import type { StarEmulator } from "./star.ts";

/** The namespace is the node's own: any port is free. Viewers and publishers are at the node itself. */
const HTTP_PORT = 8080;
const MEDIA_PORT = 9000;
const READY_MS = 15_000;
/** An end in good order takes as long as viewers and other nodes are waited for, and some. */
const STOP_MS = 20_000;
/** Nodes that all others call first: one of them is there whoever is killed. */
const SEEDS = [0, 1];
/** A server that does not answer is asked again then. */
const ASK_AGAIN_MS = 300;

/** As much of what `spillway status --json` tells as is looked at. */
export interface NodeStatus {
  readonly node: { readonly id: string };
  readonly members: readonly {
    readonly node: string;
    readonly datagramBytes: number | null;
    readonly trouble: string | null;
    readonly troubles: number;
  }[];
  readonly streams: readonly {
    readonly name: string;
    readonly owner: string;
    readonly parent: string | null;
    readonly standby: readonly string[];
    readonly path: readonly string[] | null;
    readonly viewers: number;
  }[];
}

export interface StarNodeOptions {
  readonly star: StarEmulator;
  readonly number: number;
  /** The executable. */
  readonly path: string;
  /** For its state and its log, which outlive the process. */
  readonly folder: string;
  readonly secretFile: string;
  readonly region: string;
  readonly childrenMax: number;
  readonly drainSeconds: number;
}

export class StarNode {
  readonly base = `http://127.0.0.1:${HTTP_PORT}`;
  readonly #options: StarNodeOptions;
  readonly #log: string;
  /** The executable that it is started with from now on. */
  path: string;
  #server: Bun.Subprocess | null = null;
  #status: { readonly told: NodeStatus; readonly at: number } | null = null;

  constructor(options: StarNodeOptions) {
    this.#options = options;
    this.path = options.path;
    mkdirSync(options.folder, { recursive: true });
    this.#log = join(options.folder, "log");
  }

  get number(): number {
    return this.#options.number;
  }

  /** The last that was told after `since` (of performance.now); null when nothing was. */
  status(since = 0): NodeStatus | null {
    return this.#status !== null && this.#status.at > since ? this.#status.told : null;
  }

  /** Starts it, for the first time or again, and waits until it serves. */
  async start(): Promise<void> {
    const { star, number } = this.#options;
    const before = this.#readLog().length;
    const server = Bun.spawn(star.inside(number, this.#command()), {
      cwd: "/",
      env: { PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "ignore", openSync(this.#log, "a")],
    });
    this.#server = server;
    const log = () => this.#readLog().slice(before);
    const serves = (): boolean => {
      if (server.exitCode !== null) throw new Error(`exit code ${server.exitCode}:\n${log()}`);
      return log().includes('"message":"Serving"');
    };
    await until(`node ${number} serves`, READY_MS, serves, log);
    void this.#followStatus(server);
  }

  /** Marks a place in its log, for `late` and `said`. */
  get logged(): number {
    return this.#readLog().length;
  }

  /** Whether a worker says that it got no processor, in what was logged since that place. */
  late(since: number): boolean {
    return this.#readLog().slice(since).includes('"Worker was late');
  }

  /** When it said so, ms since 1970, in what was logged since that place. */
  said(message: string, since: number): readonly number[] {
    const lines = this.#readLog().slice(since).split("\n");
    return lines
      .filter((line) => line.includes(`"message":"${message}"`))
      .map((line) => Date.parse((JSON.parse(line) as { time: string }).time));
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#server?.pid ?? null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#server?.kill(signal);
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    const server = this.#server;
    server?.kill("SIGTERM");
    await Promise.race([server?.exited, Bun.sleep(STOP_MS)]);
    await this.kill();
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    this.#server?.kill("SIGKILL");
    await this.#server?.exited;
    this.#server = null;
    this.#status = null;
  }

  #command(): string[] {
    const { star, number, folder, secretFile, region, childrenMax, drainSeconds } = this.#options;
    const seeds = SEEDS.filter((seed) => seed !== number && seed < star.nodes);
    const called = ["--join", seeds.map((seed) => star.address(seed)).join(",")];
    return [
      ...[
        this.path,
        "serve",
        "--http",
        `127.0.0.1:${HTTP_PORT}`,
        "--media",
        `127.0.0.1:${MEDIA_PORT}`,
      ],
      ...["--ingest-workers", "1", "--egress-workers", "1", "--no-warm-up"],
      ...["--cluster-secret-file", secretFile, "--link", `${star.address(number)}:8300`, ...called],
      ...["--state", join(folder, "state"), "--children-max", String(childrenMax)],
      ...["--region", region, "--log-format", "json"],
      ...["--drain-seconds", String(drainSeconds)],
    ];
  }

  /** One process that asks once a second, as long as the server runs. */
  async #followStatus(server: Bun.Subprocess): Promise<void> {
    const { star, number } = this.#options;
    const command = [this.path, "status", this.base, "--watch", "--json"];
    while (this.#server === server && server.exitCode === null) {
      const asking = Bun.spawn(star.inside(number, command), {
        stdio: ["ignore", "pipe", "ignore"],
      });
      void server.exited.then(() => asking.kill());
      let text = "";
      for await (const part of asking.stdout.pipeThrough(new TextDecoderStream())) {
        const lines = (text + part).split("\n");
        text = lines.pop()!;
        const last = lines.at(-1);
        if (last === undefined || this.#server !== server) continue;
        this.#status = { told: JSON.parse(last) as NodeStatus, at: performance.now() };
      }
      await Bun.sleep(ASK_AGAIN_MS);
    }
  }

  #readLog(): string {
    try {
      return readFileSync(this.#log, "utf8");
    } catch {
      return "";
    }
  }
}
