/** The running server: workers, control, HTTP, signals and the service manager. */
import { randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { formatHostPort } from "../config/values.ts";
import type { Config, StaticToken } from "../config.ts";
import { type Control, createControl } from "../control/control.ts";
import { KeyError } from "../control/http/keys.ts";
import { startPlane } from "../control/plane/workers.ts";
import { within } from "../control/within.ts";
import { messageOf } from "../errors.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { chooseOpenSsl } from "../io/embedded-openssl.ts";
import { type NodeIdentity, openNodeIdentity, passingNodeIdentity } from "../io/node-key.ts";
import { OpenSslUnavailable, type ResolvedOpenSsl } from "../io/openssl.ts";
import { readMachineTime, readProcessTimes, readThreadTime } from "../io/processor-time.ts";
import { resolveSeeds } from "../io/resolve.ts";
import { serviceManager } from "../io/systemd.ts";
import { createLogger, type Logger } from "../log.ts";
import type { ProcessorReader } from "../processors.ts";
import { rehearseControl } from "../rehearsal/control.ts";
import { VERSION, versionLine } from "../version.ts";
import { loadPages } from "../web/pages.ts";
import { archiveGround } from "./archive-ground.ts";
import { banner, tokenNotice } from "./banner.ts";
import { UsageError } from "./command.ts";
import { findHazards, readConfig, readConfigAndPlaces } from "./configuration.ts";
import {
  type FirstToken,
  firstToken,
  firstTokenEntry,
  keepForThisRun,
  publisherToken,
  stateFolder,
  withToken,
} from "./first-token.ts";
import type { Hazard } from "./hazards.ts";
import { type Listener, listen, readTls } from "./listener.ts";
import { reachOf } from "./reach.ts";
import { keepOutcome, type ReloadOutcome } from "./reload-outcome.ts";
import { showLife } from "./signs-of-life.ts";
import { explainStart, isForbidden } from "./start-error.ts";

export interface ServerOptions {
  /** Flags; read again on SIGHUP. */
  readonly args: readonly string[];
  /** The stream that the printed addresses name. */
  readonly stream: string;
  /** A further condition of /readyz. */
  readonly readyWhen?: (control: Control) => boolean;
  /** Called when the server stands; what it returns is called before the sessions are ended. */
  readonly started?: (server: RunningServer) => () => void;
}

export interface RunningServer {
  readonly config: Config;
  readonly control: Control;
  readonly log: Logger;
  readonly port: number;
  readonly token: string | null;
  /** Aborted when the first signal asks the server to end. */
  readonly stopping: AbortSignal;
}

/** Runs until a signal ends it; the exit code. */
export async function runServer(options: ServerOptions): Promise<number> {
  const places = readConfigAndPlaces(options.args);
  const plain = places.config;
  const log = createLog(plain);
  const openssl = await findOpenSsl();
  if (openssl === null) return 1;
  // Whoever is told to end before it serves has a file to take away already.
  const asked = firstSignal();
  const first = makeFirstToken(plain);
  const own = options.started === undefined ? null : publisherToken(plain, options.stream);
  const withTokens = (base: Config) => withToken(base, firstTokenEntry(first));
  const config = withTokens(plain);
  let control: Control | null = null;
  try {
    control = await startControl({ config, log, openssl, options, ownToken: own });
    const listener = listen(config, control.app);
    return await serve({
      options,
      config,
      log,
      control,
      listener,
      openssl,
      first,
      asked,
      hazards: findHazards(places, first?.file ?? null),
      withTokens,
      token: own?.token ?? null,
    });
  } catch (error) {
    await control?.stop();
    // A port that is taken, a certificate or key that cannot be read: one line says it.
    console.error(`spillway: ${explainStart(error, config)}`);
    log.debug("Start failed", { stack: error instanceof Error ? error.stack : null });
    // What starting again cannot mend is told apart from what it may, such as a port that is taken.
    const forGood = error instanceof UsageError || error instanceof KeyError || isForbidden(error);
    return forGood ? 2 : 1;
  }
}

const processors: ProcessorReader = {
  pid: process.pid,
  thread: readThreadTime,
  machine: readMachineTime,
  processes: readProcessTimes,
};

interface Parts {
  readonly options: ServerOptions;
  readonly config: Config;
  readonly log: Logger;
  readonly control: Control;
  readonly listener: Listener;
  readonly openssl: ResolvedOpenSsl;
  readonly first: FirstToken | null;
  /** To end. */
  readonly asked: Promise<string>;
  readonly hazards: readonly Hazard[];
  /** Adds the token of the first start to a configuration. */
  readonly withTokens: (config: Config) => Config;
  /** For this process's own publisher. */
  readonly token: string | null;
}

async function serve(parts: Parts): Promise<number> {
  const { options, config, log, control, listener, token } = parts;
  const manager = serviceManager(process.env, process.pid);
  const { port } = listener;
  // First of all: who reads that it serves may send one.
  process.on("SIGHUP", () => void reload(parts));
  // Work that a request left behind fails: that costs this work, not the process.
  process.on("unhandledRejection", (error) => control.noteFault("promise", error));
  announce(parts);
  const stopping = new AbortController();
  const server = { config, control, log, port, token, stopping: stopping.signal };
  const beforeStop = options.started?.(server);
  const endLife = showLife(manager, log, {
    reader: processors,
    ready: () => control.ready(),
    accepting: () => control.plane.ready(),
    now: monotonicUs,
    status: servingStatus(parts),
  });
  const signal = await parts.asked;
  stopping.abort();
  manager.notify("STOPPING=1", "STATUS=Waiting for viewers to leave");
  const viewers = control.registry.count("viewer");
  log.info("Stopping", { signal, viewers, drainSeconds: config.drainSeconds });
  await control.drain();
  beforeStop?.();
  await control.stop();
  await within(1000, listener.stop(true));
  endLife();
  log.info("Stopped");
  log.flush();
  return 0;
}

interface ControlParts extends Pick<Parts, "config" | "log" | "openssl" | "options"> {
  readonly ownToken: StaticToken | null;
}

async function startControl(parts: ControlParts): Promise<Control> {
  const { config, log, openssl, options, ownToken } = parts;
  const pages = await loadPages();
  let warm = !config.warmUp;
  const identity = clusterIdentity(config, log);
  const control = await createControl({
    config,
    ownToken,
    plane: (events) => startPlane({ config, log, events, openssl, processors, identity }),
    clock: { now: monotonicUs, wall: () => realtimeUs() / 1000 },
    random: (length) => new Uint8Array(randomBytes(length)),
    pages,
    log,
    version: VERSION,
    readFile: (path) => readFileSync(path, "utf8"),
    usage: () => {
      const { user, system } = process.cpuUsage();
      const rssBytes = process.memoryUsage.rss();
      return { rssBytes, cpuUs: user + system, machine: readMachineTime() };
    },
    cluster:
      identity === null
        ? null
        : { node: identity.nodeId.toHex(), boot: randomInt(2 ** 32), resolve: resolveSeeds },
    archive: archiveGround(config),
    readyWhen: () => warm && (options.readyWhen?.(control) ?? true),
  });
  // While the workers do so, too; the port is bound meanwhile.
  if (!warm) void rehearseControl(log, turn).then(() => (warm = true));
  return control;
}

/** Who this node is in its cluster; null without one. */
function clusterIdentity(config: Config, log: Logger): NodeIdentity | null {
  if (config.cluster === null) return null;
  const folder = stateFolder(config);
  if (folder !== null) return openNodeIdentity(folder);
  log.warn("Other nodes will not know this one again", { mend: "keep its key: --state DIR" });
  return passingNodeIdentity();
}

/** Resolves when the event loop had its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Keys, tokens, secrets and certificates are read again; what is wrong is told and the old stays. */
async function reload(parts: Parts): Promise<void> {
  const manager = serviceManager(process.env, process.pid);
  manager.notify("RELOADING=1", `MONOTONIC_USEC=${Math.floor(monotonicUs())}`);
  const outcome = await takeConfiguration(parts);
  const { problem, later } = outcome;
  const restart = later.length === 0 ? "" : `; after a restart: ${later.join(", ")}`;
  const status = problem === null ? servingStatus(parts) : `STATUS=Reload failed: ${problem}`;
  manager.notify("READY=1", `${status}${restart}`);
  const folder = stateFolder(parts.config);
  try {
    if (folder !== null) keepOutcome(folder, outcome);
  } catch (error) {
    parts.log.warn("Nobody is told what came of the reload", { cause: messageOf(error) });
  }
}

async function takeConfiguration(parts: Parts): Promise<ReloadOutcome> {
  const { options, log, control, listener } = parts;
  try {
    const fresh = parts.withTokens(readConfig(options.args));
    // Before anything is changed: all of it counts, or nothing.
    readTls(fresh);
    const later = await control.reload(fresh);
    listener.reloadCertificate(fresh);
    log.info("Read keys, secrets and certificates again", { withoutToken: control.openness() });
    return { problem: null, later };
  } catch (error) {
    const cause = messageOf(error);
    log.error("Reload failed, keys, secrets and certificates stay as they were", { cause });
    return { problem: cause.split("\n")[0]!, later: [] };
  }
}

function servingStatus({ config, listener }: Parts): string {
  const reach = reachOf(config);
  const where = formatHostPort(config.http.host, listener.port);
  return `STATUS=Serving on ${where}${reach === null ? "" : `, ${reach.detail}`}`;
}

function announce(parts: Parts): void {
  const { config, log, control, listener, openssl, first, options } = parts;
  log.info("Serving", {
    version: versionLine(),
    http: formatHostPort(config.http.host, listener.port),
    media: formatHostPort(config.media.host, config.media.port),
    openssl: `${openssl.version} (${openssl.origin})`,
    withoutToken: control.openness(),
  });
  const reach = reachOf(config);
  if (reach !== null) log.info("Only programs on this machine reach it", { open: reach.mend });
  if (first !== null) tellToken(first, log);
  for (const { detail, mend } of parts.hazards) log.warn(detail, { mend });
  // The demo is started by a person, also where npm stands between it and the terminal.
  if (process.stdout.isTTY || options.started !== undefined) {
    const { port } = listener;
    const { stream } = options;
    console.log(`\n${banner({ config, port, openssl, stream })}\n`);
  }
}

/** The token itself is for a person's eyes: what is no terminal is a journal, which others read. */
function tellToken(first: FirstToken, log: Logger): void {
  const { file, fresh } = first;
  if (!fresh) log.info("The token of the first start is in use", { file });
  else if (process.stdout.isTTY) console.log(`\n${tokenNotice(first)}`);
  else log.info("No token is configured, so one was made that may do everything", { file });
}

function createLog(config: Config): Logger {
  const terminal = process.stderr.isTTY === true;
  const format = config.logFormat === "auto" ? (terminal ? "pretty" : "json") : config.logFormat;
  return createLogger({
    level: config.logLevel,
    format,
    sink: (line) => process.stderr.write(line),
    wall: () => realtimeUs() / 1000,
  });
}

async function findOpenSsl(): Promise<ResolvedOpenSsl | null> {
  try {
    return await chooseOpenSsl();
  } catch (error) {
    if (!(error instanceof OpenSslUnavailable)) throw error;
    console.error(`spillway: ${error.message}`);
    return null;
  }
}

function makeFirstToken(config: Config): FirstToken | null {
  try {
    const first = firstToken(config, stateFolder(config));
    if (first === null || process.stdout.isTTY) return first;
    return keepForThisRun(first, process.env.RUNTIME_DIRECTORY ?? tmpdir());
  } catch (error) {
    throw new UsageError(`state: ${messageOf(error)}`);
  }
}

/** Another one ends the process at once. */
function firstSignal(): Promise<string> {
  let isAsked = false;
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (isAsked) process.exit(1);
        isAsked = true;
        resolve(signal);
      });
    }
  });
}
