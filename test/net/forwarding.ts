/** The namespaces of an emulator, a device in each, and the process that forwards between them. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  addressOf,
  type ForwarderCommand,
  type ForwarderFigures,
  type ForwarderPlan,
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

export interface ForwardingOptions extends Omit<ForwarderPlan, "ends" | "device"> {
  /** What the namespaces are to be told apart by. */
  readonly roles: readonly string[];
}

export class Forwarding {
  #text = "";
  #answer: ((figures: ForwarderFigures) => void) | null = null;
  #ready = false;
  #problem = "";

  private constructor(
    readonly namespaces: readonly string[],
    private readonly child: Bun.Subprocess<"pipe", "pipe", "pipe">,
  ) {}

  /** Rates are unlimited until one is set. Call `close` whatever happens. */
  static async open({ roles, ...options }: ForwardingOptions): Promise<Forwarding> {
    sweepNamespaces();
    const ends = roles.map(addNamespace);
    const plan: ForwarderPlan = { ...options, ends, device: DEVICE };
    const script = resolve(import.meta.dir, "forwarder.ts");
    const child = Bun.spawn([process.execPath, script, JSON.stringify(plan)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const forwarding = new Forwarding(ends, child);
    try {
      await forwarding.#start();
    } catch (error) {
      await forwarding.close();
      throw error;
    }
    return forwarding;
  }

  /** A command that runs at one end. */
  inside(end: number, command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.namespaces[end]!, ...command];
  }

  send(command: ForwarderCommand): void {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
    this.child.stdin.flush();
  }

  /** Since the last call. */
  async figures(): Promise<ForwarderFigures> {
    const { promise, resolve: answer, reject } = Promise.withResolvers<ForwarderFigures>();
    this.#answer = answer;
    const late = () => reject(new Error(`the forwarder does not answer: ${this.#problem}`));
    const timer = setTimeout(late, ANSWER_MS);
    this.send({ type: "figures" });
    return promise.finally(() => clearTimeout(timer));
  }

  /** Ends what runs in the namespaces and removes them. */
  async close(): Promise<void> {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), ANSWER_MS);
    await this.child.exited;
    clearTimeout(timer);
    for (const name of this.namespaces) removeNamespace(name);
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
    for (const [end, name] of this.namespaces.entries()) {
      setUpDevice(name, DEVICE, `${addressOf(end)}/24`);
    }
  }

  async #readLines(): Promise<void> {
    for await (const text of this.child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#text += text;
      const lines = this.#text.split("\n");
      this.#text = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
  }

  #take(message: { readonly type: string; readonly figures?: ForwarderFigures }): void {
    if (message.type === "ready") this.#ready = true;
    if (message.figures !== undefined) this.#answer?.(message.figures);
  }
}
