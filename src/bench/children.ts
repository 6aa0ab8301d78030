/** Processes of this executable that do not outlive this one. */
import { startedOn } from "../io/affinity.ts";
import { ownCommand } from "../io/self.ts";

/** In front of a child's command: `spillway bench child PARENT serve ...`. */
export const CHILD = "child";

export interface ChildOptions {
  /** Null: anywhere. */
  readonly cores: readonly number[] | null;
  /** Variables of the environment, beside those that every child gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from /dev/stdin. */
  readonly input?: string;
}

/** The operator's own SPILLWAY_... are not meant for these. */
const INHERITED = ["PATH", "TMPDIR", "LD_LIBRARY_PATH"];

const KILL_AFTER_MS = 3_000;

export type Child = ReturnType<typeof spawn>;

/** All children of one run. */
export class Children {
  readonly #running = new Set<Child>();

  start(args: readonly string[], options: ChildOptions): Child {
    const child = spawn(args, options);
    this.#running.add(child);
    void child.exited.then(() => this.#running.delete(child));
    return child;
  }

  /** At once, in no good order. */
  kill(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }

  /** Asks, and does not ask twice. */
  async end(child: Child): Promise<void> {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    await child.exited;
    clearTimeout(timer);
  }
}

function spawn(args: readonly string[], { cores, env = {}, input }: ChildOptions) {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const start = () =>
    Bun.spawn([...ownCommand(), "bench", CHILD, String(process.pid), ...args], {
      cwd: "/",
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: [input === undefined ? "ignore" : new TextEncoder().encode(input), "pipe", "pipe"],
    });
  return cores === null ? start() : startedOn(cores, start);
}
