/** Varnish with scripts/proxy/hls.vcl, the configuration of the README, on a loopback port. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freeTcpPort } from "./process.ts";
import { until } from "./until.ts";

const CONFIGURATION = resolve(import.meta.dir, "../../scripts/proxy/hls.vcl");
/** The first start compiles the configuration. */
const START_MS = 20_000;

/** True, after saying so, where there is no Varnish to test with. */
export function lacksVarnish(what: string): boolean {
  if (executable("varnishd") !== null) return false;
  console.log(`skipped: ${what} (needs varnishd: apt-get install varnish)`);
  return true;
}

export interface TestCache {
  /** `http://127.0.0.1:PORT/live`: everything stands behind that prefix. */
  readonly base: string;
  /** What it has asked the server for so far: paths with queries. */
  readonly asked: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Starts Varnish in front of the server at 127.0.0.1:`upstream`. */
export async function startVarnish(upstream: number): Promise<TestCache> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-varnish-"));
  const port = await freeTcpPort();
  writeFileSync(join(folder, "test.vcl"), configuration(upstream));
  const place = ["-n", join(folder, "work")];
  const daemon = Bun.spawn(
    [
      ...[executable("varnishd")!, "-F", "-j", "none", "-T", "none", ...place],
      ...["-a", `127.0.0.1:${port}`, "-f", join(folder, "test.vcl"), "-s", "malloc,64m"],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const errors = collect(daemon.stderr);
  let log: Bun.Subprocess<"ignore", "pipe", "ignore"> | null = null;
  const stop = async (): Promise<void> => {
    log?.kill("SIGTERM");
    daemon.kill("SIGTERM");
    await Promise.all([daemon.exited, log?.exited]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const root = `http://127.0.0.1:${port}`;
    await until("Varnish answers", START_MS, () => answers(root), errors);
    const command = [executable("varnishncsa")!, "-b", ...place, "-F", "%U%q"];
    log = Bun.spawn(command, { stdio: ["ignore", "pipe", "ignore"] });
    const asked = collect(log.stdout);
    const probe = `${root}/healthz?log`;
    await until("its log comes", START_MS, async () => {
      await fetch(probe);
      return asked().includes("/healthz?log");
    });
    return { base: `${root}/live`, asked: () => asked().split("\n"), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function executable(name: string): string | null {
  return Bun.which(name, { PATH: `${process.env.PATH ?? ""}:/usr/sbin` });
}

/** As it stands, but with our port, and behind a prefix. */
function configuration(upstream: number): string {
  const shipped = readFileSync(CONFIGURATION, "utf8").replace('"8080"', `"${upstream}"`);
  const prefix = 'sub vcl_recv {\n  set req.url = regsub(req.url, "^/live/", "/");\n}\n';
  return shipped.replace("sub vcl_recv", `${prefix}\nsub vcl_recv`);
}

/** What has come of a stream so far. */
function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): () => string {
  let text = "";
  void (async () => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) text += piece;
  })();
  return () => text;
}

async function answers(base: string): Promise<boolean> {
  try {
    return (await fetch(`${base}/healthz`)).ok;
  } catch {
    return false;
  }
}
