/** nginx with scripts/proxy/nginx.conf, the configuration of the README, on a loopback port. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freeTcpPort } from "./process.ts";
import { until } from "./until.ts";

const CONFIGURATION = resolve(import.meta.dir, "../../scripts/proxy/nginx.conf");

/** True, after saying so, where there is no nginx to test with. */
export function lacksNginx(what: string): boolean {
  if (executable() !== null) return false;
  console.log(`skipped: ${what} (needs nginx: apt-get install nginx-light)`);
  return true;
}

export interface TestProxy {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly base: string;
  readonly stop: () => Promise<void>;
}

/** Starts nginx in front of the server at 127.0.0.1:`upstream`. */
export async function startNginx(upstream: number): Promise<TestProxy> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-nginx-"));
  // Its worker may be another user, and keeps large bodies in files here.
  chmodSync(folder, 0o755);
  const port = await freeTcpPort();
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, port, upstream));
  const child = Bun.spawn(
    [executable() ?? "nginx", "-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let errors = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) errors += text;
  })();
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    await reading;
    rmSync(folder, { recursive: true, force: true });
  };
  const base = `http://127.0.0.1:${port}`;
  try {
    await until(
      "nginx answers",
      5_000,
      () => answers(base),
      () => errors,
    );
    return { base, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function executable(): string | null {
  return Bun.which("nginx", { PATH: `${process.env.PATH ?? ""}:/usr/sbin` });
}

/** The server block as it stands, but on our ports and without the certificate nobody has here. */
function configuration(folder: string, port: number, upstream: number): string {
  const server = readFileSync(CONFIGURATION, "utf8")
    .replace(/^\s*(ssl_\w+|listen\s+\[::\]).*\n/gm, "")
    .replace(/listen\s+443 ssl;/, `listen 127.0.0.1:${port};`)
    .replace("127.0.0.1:8080", `127.0.0.1:${upstream}`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}
${server}
}
`;
}

async function answers(base: string): Promise<boolean> {
  try {
    return (await fetch(`${base}/healthz`)).ok;
  } catch {
    return false;
  }
}
