/** The executable as a server on the near side of the emulator. */
import { binary } from "../support/binary.ts";
import { ServerLog } from "../support/server-log.ts";
import { until } from "../support/until.ts";
import type { LinkEmulator } from "./emulator.ts";

/** The namespace is the server's own: any port is free. */
const HTTP_PORT = 8080;
const MEDIA_PORT = 9000;
const READY_MS = 15_000;
const STOP_MS = 3_000;

export interface NearServer {
  /** As seen from its own side, where Chromium trusts it, and from the other. */
  readonly nearBase: string;
  readonly farBase: string;
  readonly logs: () => string;
  readonly stop: () => Promise<void>;
}

export async function startNearServer(path: LinkEmulator): Promise<NearServer> {
  const command = [
    ...[await binary(), "serve", "--http", `0.0.0.0:${HTTP_PORT}`],
    ...["--media", `${path.nearAddress}:${MEDIA_PORT}`, "--insecure"],
    ...["--log-format", "json", "--drain-seconds", "0", "--no-warm-up"],
  ];
  const log = new ServerLog();
  const child = Bun.spawn(path.inside("near", command), {
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "ignore", log.fd],
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await child.exited;
    clearTimeout(timer);
    log.close();
  };
  try {
    const serves = (): boolean => {
      if (child.exitCode !== null) throw new Error(`exit code ${child.exitCode}:\n${log.logs()}`);
      return log.logs().includes('"message":"Serving"');
    };
    await until("the server serves", READY_MS, serves, log.logs);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nearBase: `http://127.0.0.1:${HTTP_PORT}`,
    farBase: `http://${path.nearAddress}:${HTTP_PORT}`,
    logs: log.logs,
    stop,
  };
}
