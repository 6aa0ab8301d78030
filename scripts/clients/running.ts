/** A client's process in its namespace, and what it tells. */
import type { Command } from "./programs.ts";

/** One line of what a client prints: an event, and how many ms after its POST. */
export interface Told {
  readonly event: "connected" | "media" | "end";
  readonly ms: number;
  /** Status of the DELETE. */
  readonly deleted?: number;
  readonly packets?: number;
  readonly lost?: number | null;
  readonly frames?: number;
}

/** Starts any command inside a namespace. */
export function startIn(namespace: string, { words, env }: Command) {
  return Bun.spawn(["ip", "netns", "exec", namespace, ...words], {
    env: { PATH: process.env.PATH ?? "", HOME: "/tmp", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export class RunningClient {
  /** What it complained of so far. */
  errors = "";
  ended = false;
  readonly #exited: Promise<unknown>;
  readonly #told: Told[] = [];
  readonly #child: ReturnType<typeof startIn>;

  constructor(namespace: string, command: Command) {
    this.#child = startIn(namespace, command);
    this.#exited = Promise.all([this.#read(), this.#complaints(), this.#child.exited]);
    void this.#child.exited.then(() => {
      this.ended = true;
    });
  }

  told(event: Told["event"]): Told | undefined {
    return this.#told.find((each) => each.event === event);
  }

  at(event: Told["event"]): number | null {
    return this.told(event)?.ms ?? null;
  }

  /** Resolves when it has ended; throws when it is still there after `patienceMs`. */
  async ends(patienceMs: number): Promise<void> {
    const late = Bun.sleep(patienceMs).then(() => "late");
    if ((await Promise.race([this.#exited, late])) === "late") throw new Error("it does not end");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      // Whatever else a library prints is none of ours.
      for (const line of lines) if (/^\{.*"event"/.test(line)) this.#told.push(JSON.parse(line));
    }
  }

  async #complaints(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.errors = (this.errors + text).slice(-1000);
    }
  }
}
