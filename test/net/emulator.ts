/**
 * A network path on this machine: two namespaces, a TUN device in each, and a process that forwards
 * between them through the seeded link model of the simulations. A queueing discipline would not do:
 * it drops whole UDP_SEGMENT messages, which real networks do not.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { LinkOptions } from "../sim/link.ts";
import type {
  Direction,
  Figures,
  ForwarderCommand,
  ForwarderPlan,
  RateSteps,
} from "./emulator-messages.ts";
import { addNamespace, removeNamespace, setUpDevice, sweepNamespaces } from "./namespaces.ts";

const DEVICE = "link0";
const READY_MS = 10_000;
const ANSWER_MS = 5_000;

/** True, after saying so once a file, where the emulator cannot run. */
export function lacksEmulator(what: string): boolean {
  const reason = missing();
  if (reason !== null) console.log(`skipped: ${what} (needs ${reason})`);
  return reason !== null;
}

function missing(): string | null {
  if (process.getuid?.() !== 0) return "root";
  if (!existsSync("/dev/net/tun")) return "/dev/net/tun: modprobe tun";
  if (Bun.which("ip") === null) return "ip: apt-get install iproute2";
  return null;
}

export interface EmulatorOptions {
  readonly seed: number;
  /** From the near side to the far one, and back. */
  readonly down: Omit<LinkOptions, "rate">;
  readonly up: Omit<LinkOptions, "rate">;
  /** The path falls to pieces by itself after so long. */
  readonly seconds: number;
}

export class LinkEmulator {
  /** Inside the namespaces alone, so that they cannot clash. */
  readonly nearAddress = "10.231.0.1";
  readonly farAddress = "10.231.0.2";
  #text = "";
  #answer: ((figures: Figures) => void) | null = null;
  #ready = false;
  #problem = "";

  private constructor(
    readonly near: string,
    readonly far: string,
    private readonly child: Bun.Subprocess<"pipe", "pipe", "pipe">,
  ) {}

  /** Rates are unlimited until `setRate`. Call `close` whatever happens. */
  static async open(options: EmulatorOptions): Promise<LinkEmulator> {
    sweepNamespaces();
    const [near, far] = [addNamespace("near"), addNamespace("far")];
    const plan: ForwarderPlan = { ...options, near, far, device: DEVICE };
    const script = resolve(import.meta.dir, "forwarder.ts");
    const child = Bun.spawn([process.execPath, script, JSON.stringify(plan)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const emulator = new LinkEmulator(near, far, child);
    try {
      await emulator.#start();
    } catch (error) {
      await emulator.close();
      throw error;
    }
    return emulator;
  }

  /** A command that runs on one side of the path. */
  inside(side: "near" | "far", command: readonly string[]): string[] {
    return ["ip", "netns", "exec", side === "near" ? this.near : this.far, ...command];
  }

  setRate(direction: Direction, steps: RateSteps): void {
    this.#send({ type: "rate", direction, steps });
  }

  cut(direction: Direction, on: boolean): void {
    this.#send({ type: "cut", direction, on });
  }

  /** Since the last call. */
  async figures(): Promise<Figures> {
    const { promise, resolve: answer, reject } = Promise.withResolvers<Figures>();
    this.#answer = answer;
    const late = () => reject(new Error(`the forwarder does not answer: ${this.#problem}`));
    const timer = setTimeout(late, ANSWER_MS);
    this.#send({ type: "figures" });
    return promise.finally(() => clearTimeout(timer));
  }

  /** Ends what runs in the namespaces and removes them. */
  async close(): Promise<void> {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), ANSWER_MS);
    await this.child.exited;
    clearTimeout(timer);
    removeNamespace(this.near);
    removeNamespace(this.far);
  }

  async #start(): Promise<void> {
    void this.#readLines();
    void new Response(this.child.stderr).text().then((text) => {
      this.#problem = text;
    });
    const end = performance.now() + READY_MS;
    while (!this.#ready) {
      if (this.child.exitCode !== null || performance.now() > end) {
        await Bun.sleep(100);
        throw new Error(`the forwarder does not start: ${this.#problem}`);
      }
      await Bun.sleep(5);
    }
    setUpDevice(this.near, DEVICE, `${this.nearAddress}/24`);
    setUpDevice(this.far, DEVICE, `${this.farAddress}/24`);
  }

  async #readLines(): Promise<void> {
    for await (const text of this.child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#text += text;
      const lines = this.#text.split("\n");
      this.#text = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
  }

  #take(message: { readonly type: string; readonly figures?: Figures }): void {
    if (message.type === "ready") this.#ready = true;
    if (message.figures !== undefined) this.#answer?.(message.figures);
  }

  #send(command: ForwarderCommand): void {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
    this.child.stdin.flush();
  }
}
