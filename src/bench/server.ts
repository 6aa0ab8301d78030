/** The server that is measured: a process of its own, on loopback, with a token that nobody else has. */
import { randomBytes } from "node:crypto";
import { messageOf } from "../errors.ts";
import type { Child, Children } from "./children.ts";
import { BenchError } from "./error.ts";
import { SESSIONS_MAX } from "./machine.ts";

const START_TIMEOUT_MS = 20_000;
const LOOK_MS = 50;
/** Lines of its log that tell why it ended. */
const LINES_KEPT = 20;

export class BenchServer {
  readonly token = randomBytes(24).toString("base64url");
  readonly #children: Children;
  readonly #child: Child;
  readonly #lines: string[] = [];
  #base = "";

  /** `bitrate`: of what will be published, bits a second. */
  constructor(children: Children, cores: readonly number[] | null, bitrate: number) {
    this.#children = children;
    const child = children.start(serverArguments(bitrate), {
      cores,
      // A file would stay behind where this process is killed.
      input: `[[auth.tokens]]\ntoken = "${this.token}"\nrights = ["publish", "view", "admin"]\n`,
    });
    this.#child = child;
    void this.#read(child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until its workers take sessions. Throws a BenchError when it ends instead. */
  async ready(): Promise<void> {
    for (let ms = 0; ms < START_TIMEOUT_MS; ms += LOOK_MS) {
      this.assertRunning();
      if (this.#base !== "" && (await this.#answers("/readyz"))) return;
      await Bun.sleep(LOOK_MS);
    }
    throw new BenchError(`the server was not ready within ${START_TIMEOUT_MS / 1000} s`);
  }

  assertRunning(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    const last = this.#lines.findLast((line) => line !== "") ?? "";
    throw new BenchError(`the server ended (${signalCode ?? exitCode}): ${last}`);
  }

  url(kind: "whip" | "whep"): string {
    return `${this.#base}/${kind}/bench`;
  }

  /** How often its sockets had no room, since it began. */
  async sendBufferFull(): Promise<number> {
    const headers = { Authorization: `Bearer ${this.token}` };
    try {
      const text = await (await fetch(`${this.#base}/metrics`, { headers })).text();
      const values = [...text.matchAll(/^spillway_worker_send_buffer_full_total\S* (\S+)$/gm)];
      return values.reduce((sum, [, value]) => sum + Number(value), 0);
    } catch (error) {
      this.assertRunning();
      throw new BenchError(`the server's metrics: ${messageOf(error)}`);
    }
  }

  async stop(): Promise<void> {
    await this.#children.end(this.#child);
  }

  async #answers(path: string): Promise<boolean> {
    try {
      return (await fetch(`${this.#base}${path}`)).ok;
    } catch {
      return false;
    }
  }

  /** Its log, to the end: the line "Serving" tells its port. */
  async #read(child: Child): Promise<void> {
    let rest = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#note(line);
    }
    this.#note(rest);
  }

  #note(line: string): void {
    const serving = /"message":"Serving".*?"http":"([^"]+)"/.exec(line);
    if (serving !== null) this.#base = `http://${serving[1]}`;
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift();
  }
}

/** One egress worker: what a core carries is asked. The kernel chooses the ports. */
function serverArguments(bitrate: number): string[] {
  return [
    ...["serve", "--config", "/dev/stdin", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0"],
    ...["--ingest-workers", "1", "--egress-workers", "1", "--drain-seconds", "0"],
    ...["--log-format", "json", "--log-level", "info"],
    ...["--limits-sessions", String(2 * SESSIONS_MAX)],
    ...["--limits-viewers-per-stream", String(2 * SESSIONS_MAX)],
    ...["--limits-bitrate-max", String(Math.ceil(2 * bitrate))],
  ];
}
