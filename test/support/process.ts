/** `spillway serve` or `demo` as a child on fixed ports, for tests that end it by signals. */
import { createServer } from "node:net";
import { closeUdpSocket, localPort, openUdpSocket } from "../../src/io/udp-socket.ts";
import { binary } from "./binary.ts";
import { ServerLog } from "./server-log.ts";
import { until } from "./until.ts";

/** Ports of one server's media; tests have three workers at most. */
const MEDIA_PORTS = 4;
/** Ports that somebody has been told. */
const given = new Set<number>();

export interface ServerProcess {
  readonly base: string;
  /** The process of the moment; a supervised one changes. */
  readonly pid: () => number;
  readonly logs: () => string;
  /** Exit code of the first process. */
  readonly exited: Promise<number>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ready: () => Promise<boolean>;
  /** Ends it, supervised or not. */
  readonly kill: () => Promise<void>;
}

/** Stands for the address of the process among its arguments. */
export const OWN_URL = "OWN_URL";

/** Starts it and waits for /readyz. With `restartMs` it is started again that long after it ended. */
export async function startProcess(
  args: readonly string[],
  restartMs: number | null = null,
): Promise<ServerProcess> {
  const path = await binary();
  const [http, media] = [await freeTcpPort(), freeUdpPorts(MEDIA_PORTS)];
  const base = `http://127.0.0.1:${http}`;
  const [command = "serve", ...rest] = args.map((each) => (each === OWN_URL ? base : each));
  const flags = ["--http", `127.0.0.1:${http}`, "--media", `127.0.0.1:${media}`];
  const line = [path, command, ...flags, "--log-format", "json", "--no-warm-up", ...rest];
  const server = supervise(line, restartMs, base);
  try {
    await until(`${command} is ready`, 15_000, server.ready, server.logs);
  } catch (error) {
    await server.kill();
    throw error;
  }
  return server;
}

function supervise(line: readonly string[], restartMs: number | null, base: string): ServerProcess {
  const log = new ServerLog();
  let stopped = false;
  const spawn = () =>
    Bun.spawn([...line], {
      cwd: "/",
      env: { PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "ignore", log.fd],
      onExit: () => {
        if (restartMs !== null && !stopped) setTimeout(restart, restartMs);
      },
    });
  const restart = () => {
    if (!stopped) child = spawn();
  };
  let child = spawn();
  return {
    base,
    pid: () => child.pid,
    logs: log.logs,
    exited: child.exited,
    signal: (signal) => child.kill(signal),
    ready: () =>
      fetch(`${base}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    kill: async () => {
      stopped = true;
      child.kill("SIGKILL");
      await child.exited;
      log.close();
    },
  };
}

/** Below the ports that the kernel hands out, so that nobody else takes it between two starts. */
export async function freeTcpPort(): Promise<number> {
  for (let port = randomPorts(1); ; port = randomPorts(1)) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    if (await promise) return port;
  }
}

/** The first of so many in a row, below those that the kernel hands out as well. */
export function freeUdpPorts(count: number): number {
  for (;;) {
    const first = randomPorts(count);
    const open: number[] = [];
    try {
      for (let i = 0; i < count; i += 1) open.push(openUdpSocket("127.0.0.1", 4, first + i));
      return localPort(open[0]!);
    } catch {
      // One of them is taken: another place.
    } finally {
      for (const fd of open) closeUdpSocket(fd);
    }
  }
}

/** The first of so many in a row, of which this process has told nobody: who was told one may open it later. */
function randomPorts(count: number): number {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 12_000);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    if (ports.some((port) => given.has(port))) continue;
    for (const port of ports) given.add(port);
    return first;
  }
}
