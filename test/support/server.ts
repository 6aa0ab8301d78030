/** The compiled executable as a running server on free loopback ports. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary } from "./binary.ts";
import { ServerLog } from "./server-log.ts";
import { until } from "./until.ts";

const READY_MS = 15_000;
const STOP_MS = 3_000;
/** For hooks that start a server: the first one may have to build the executable. */
export const SETUP_MS = 90_000;

export interface TestServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly base: string;
  readonly port: number;
  readonly pid: number;
  /** All lines of the log so far. */
  readonly logs: () => string;
  /** Asks the admin API and reads its JSON; throws unless the answer is 2xx. */
  readonly api: (path: string, init?: RequestInit) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

export interface TestServerOptions {
  readonly args?: readonly string[];
  /** Text of the TOML file, if there is to be one. */
  readonly config?: string;
  /** As at users'; otherwise it is ready sooner. */
  readonly warmUp?: boolean;
  /** For `api`, where the server wants one. */
  readonly token?: string;
}

/** Starts `spillway COMMAND` and waits until /readyz says yes. Media never leaves loopback. */
export async function startServer(
  command: "serve" | "demo",
  options: TestServerOptions = {},
): Promise<TestServer> {
  const path = await binary();
  const folder = mkdtempSync(join(tmpdir(), "spillway-server-"));
  const log = new ServerLog();
  const child = Bun.spawn([path, command, ...flagsIn(folder, options)], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "ignore", log.fd],
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await child.exited;
    clearTimeout(timer);
    log.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const port = await until(
      `${command} serves`,
      READY_MS,
      () => portIn(log.logs(), child),
      log.logs,
    );
    const base = `http://127.0.0.1:${port}`;
    await until(`${command} is ready`, READY_MS, () => isReady(base), log.logs);
    const api = (call: string, init: RequestInit = {}) => callApi(base, call, init, options.token);
    return { base, port, pid: child.pid, logs: log.logs, api, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function flagsIn(
  folder: string,
  { config, warmUp = false, args = [] }: TestServerOptions,
): string[] {
  const flags = ["--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--log-format", "json"];
  if (!warmUp) flags.push("--no-warm-up");
  if (config !== undefined) {
    writeFileSync(join(folder, "spillway.toml"), config);
    flags.push("--config", join(folder, "spillway.toml"));
  }
  return [...flags, "--drain-seconds", "0", ...args];
}

/** The kernel chose the port; the log names it. */
function portIn(logs: string, child: { readonly exitCode: number | null }): number {
  if (child.exitCode !== null) throw new Error(`exit code ${child.exitCode}:\n${logs}`);
  return Number(/"message":"Serving".*?"http":"127\.0\.0\.1:(\d+)"/.exec(logs)?.[1] ?? 0);
}

async function isReady(base: string): Promise<boolean> {
  const response = await fetch(`${base}/readyz`);
  await response.text();
  return response.ok;
}

async function callApi(
  base: string,
  path: string,
  init: RequestInit,
  token: string | undefined,
): Promise<unknown> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
  const response = await fetch(`${base}/api/v1${path}`, { ...init, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}
