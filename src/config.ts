/**
 * The configuration: a TOML file, then SPILLWAY_* environment, then flags, parsed once into a frozen
 * value. A mistake is one line that names the key and where it stands; callers print it, exit 2.
 */
import type { z } from "zod";
import { keeps } from "./config/archive.ts";
import type { Cidr } from "./config/cidr.ts";
import { type ClusterConfig, checkLinkPort, clusterOf } from "./config/cluster.ts";
import { ConfigError, type Place, placeOf, readTomlFile, type Setting } from "./config/file.ts";
import { bytesOf, type HlsConfig, hasTails, hlsOf } from "./config/hls.ts";
import { type HookConfig, hookOf } from "./config/hook.ts";
import { type OptionRow, optionTable } from "./config/option-table.ts";
import type { OptionKey, OptionReader } from "./config/options.ts";
import { OPTIONS } from "./config/options.ts";
import type { FileSource } from "./config/secret-file.ts";
import { suggest } from "./config/suggest.ts";
import type { IceServer, JwtKey, StaticToken, StreamRule } from "./config/tables.ts";
import { fileTables } from "./config/tables.ts";
import type { Advertise, HostPort, Takeover } from "./config/values.ts";
import { isLoopback } from "./config/values.ts";
import { checkReaders, portsOf } from "./config/workers.ts";
import { WORKER_KINDS, type WorkerCounts } from "./contract/workers.ts";
import { READER_THREADS_MAX } from "./limits.ts";

export type { FileSettings } from "./config/example.ts";
export { exampleConfig } from "./config/example.ts";
export type { OptionRow } from "./config/option-table.ts";
export { optionTable } from "./config/option-table.ts";
export type { IceServer, JwtKey, StaticToken, StreamRule } from "./config/tables.ts";
export type { Advertise, HostPort } from "./config/values.ts";

export interface Config {
  readonly http: HostPort;
  readonly media: HostPort;
  /** Null: media goes by UDP alone. */
  readonly iceTcp: HostPort | null;
  readonly advertise: readonly Advertise[];
  readonly workers: WorkerCounts;
  readonly ringMemoryBytes: number;
  readonly trustedProxies: readonly Cidr[];
  readonly publicUrl: string | null;
  readonly corsOrigins: readonly string[];
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly stateDir: string | null;
  readonly insecure: boolean;
  readonly takeover: Takeover;
  readonly waitForStream: boolean;
  readonly redirectUrl: string | null;
  readonly drainSeconds: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly logFormat: "auto" | "pretty" | "json";
  readonly portable: boolean;
  readonly warmUp: boolean;
  readonly drills: boolean;
  readonly limits: {
    readonly sessions: number;
    readonly viewersPerStream: number;
    readonly bitrateMax: number;
    readonly pendingPerAddress: number;
    readonly postsPerSecond: number;
  };
  readonly auth: {
    readonly tokens: readonly StaticToken[];
    readonly keys: readonly JwtKey[];
    readonly audience: string;
    /** Seconds. */
    readonly lifetimeMax: number;
    readonly sessionUrlIsProof: boolean;
  };
  readonly hook: HookConfig | null;
  readonly cluster: ClusterConfig | null;
  readonly hls: HlsConfig;
  /** What is left free of disks that streams are recorded to. */
  readonly diskReserveBytes: number;
  readonly iceServers: readonly IceServer[];
  readonly streams: readonly StreamRule[];
}

export interface ConfigSources extends FileSource {
  /** Command line after the subcommand. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Where things of the configuration stand, as far as others may see or change them there. */
export interface Provenance {
  readonly configFile: string | null;
  readonly hookSecretFile: string | null;
  /** `--hook-secret` is among the flags. */
  readonly hookSecretFlag: boolean;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly provenance: Provenance }
  | {
      readonly ok: false;
      readonly error: string;
      /** Where in the file; null when the mistake stands elsewhere, or the error says it. */
      readonly place?: Place;
    };

/** Reads all three sources. Never throws: an error is one line for the person at the terminal. */
export function loadConfig(sources: ConfigSources): ConfigResult {
  try {
    return { ok: true, ...load(sources) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { message, place } = error;
    return { ok: false, error: message, ...(place === null ? {} : { place }) };
  }
}

/** Whether nobody else reaches the listener: loopback, and no proxy that leads there. */
export function isForThisMachine({ http, trustedProxies, publicUrl }: Config): boolean {
  return isLoopback(http.host) && trustedProxies.length === 0 && publicUrl === null;
}

/** Whether anybody who reaches the listener may do anything: on this machine, and no tokens. */
export function isOpenByDefault(config: Config): boolean {
  const { tokens, keys } = config.auth;
  return isForThisMachine(config) && tokens.length === 0 && keys.length === 0;
}

/** Whether `serve` must make a token at first start, so that nothing is open by accident. */
export function needsFirstToken(config: Config): boolean {
  const { tokens, keys } = config.auth;
  return !config.insecure && !isOpenByDefault(config) && tokens.length === 0 && keys.length === 0;
}

function load(sources: ConfigSources): { config: Config; provenance: Provenance } {
  const settings = new Map<string, Setting>();
  const flags = readFlags(sources.args);
  const environment = readEnvironment(sources.env);
  const file = flags.get("config") ?? environment.get("config");
  if (file !== undefined) {
    for (const [key, setting] of readTomlFile(String(file.value), sources.readFile)) {
      settings.set(key, setting);
    }
  }
  for (const [key, setting] of environment) settings.set(key, setting);
  for (const [key, setting] of flags) settings.set(key, setting);
  const secretFile = settings.get("hook.secret-file");
  const provenance = {
    configFile: file === undefined ? null : String(file.value),
    hookSecretFile: secretFile === undefined ? null : String(secretFile.value),
    hookSecretFlag: flags.has("hook.secret"),
  };
  return { config: deepFreeze(build(settings, sources)), provenance };
}

function readFlags(args: readonly string[]): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (let i = 0; i < args.length; i += 1) {
    const [name = "", ...inline] = args[i]!.split("=");
    const row = optionTable.find((option) => option.flag === name);
    if (row === undefined) {
      const known = optionTable.filter((option) => !option.hidden).map((option) => option.flag);
      throw new ConfigError(`${name}: unknown option${suggest(name, known)}`);
    }
    let value: string;
    if (inline.length > 0) value = inline.join("=");
    else if (row.value === "" || isLeftOut(row, args[i + 1])) value = "true";
    else {
      i += 1;
      if (i >= args.length) throw new ConfigError(`${name}: needs a value: ${name} ${row.value}`);
      value = args[i]!;
    }
    settings.set(row.key, { value, from: name });
  }
  return settings;
}

/** It is a switch that may be told more: what follows it is the next option, if anything. */
function isLeftOut({ value }: OptionRow, next: string | undefined): boolean {
  return value.startsWith("[") && (next === undefined || next.startsWith("--"));
}

function readEnvironment(env: ConfigSources["env"]): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("SPILLWAY_") || value === undefined) continue;
    const row = optionTable.find((option) => option.env === name);
    if (row === undefined) {
      const known = optionTable.map((option) => option.env);
      throw new ConfigError(`${name}: unknown environment variable${suggest(name, known)}`);
    }
    settings.set(row.key, { value, from: name });
  }
  return settings;
}

function build(settings: ReadonlyMap<string, Setting>, sources: ConfigSources): Config {
  const read: OptionReader = <K extends OptionKey>(key: K) =>
    parse(key, OPTIONS[key].schema, settings.get(key) ?? defaultOf(key)) as z.output<
      (typeof OPTIONS)[K]["schema"]
    > | null;
  const table = <K extends keyof typeof fileTables>(key: K): z.output<(typeof fileTables)[K]> =>
    parse(key, fileTables[key], settings.get(key) ?? { value: [], from: "default" }) as z.output<
      (typeof fileTables)[K]
    >;
  const hls = hlsOf(read, sources.memoryBytes);
  const streams = table("streams");
  const cluster = clusterOf(read, (key) => settings.has(key), sources);
  return checked({
    http: read("http")!,
    media: read("media")!,
    iceTcp: read("ice-tcp"),
    advertise: read("advertise") ?? [],
    workers: workerCounts(read, sources.cores, cluster !== null, hasTails(hls, streams)),
    ringMemoryBytes: bytesOf(read("ring-memory")!, sources.memoryBytes),
    trustedProxies: read("trusted-proxy") ?? [],
    publicUrl: read("public-url"),
    corsOrigins: read("cors-origins") ?? [],
    tls: tlsFiles(read("tls-cert"), read("tls-key")),
    stateDir: read("state"),
    insecure: read("insecure")!,
    takeover: read("takeover")!,
    waitForStream: read("wait-for-stream")!,
    redirectUrl: read("redirect-url"),
    drainSeconds: read("drain-seconds")!,
    logLevel: read("log-level")!,
    logFormat: read("log-format")!,
    portable: read("portable")!,
    warmUp: !read("no-warm-up")!,
    drills: read("drills")!,
    limits: limitsOf(read),
    auth: {
      tokens: table("auth.tokens"),
      keys: table("auth.keys"),
      audience: read("auth.audience")!,
      lifetimeMax: read("max-token-lifetime")!,
      sessionUrlIsProof: read("auth.session-url-is-proof")!,
    },
    hook: hookOf(read, sources),
    cluster,
    hls,
    diskReserveBytes: read("disk-reserve")!,
    iceServers: table("ice-servers"),
    streams,
  });
}

/** What options say of each other. */
function checked(config: Config): Config {
  checkPorts(config);
  checkDelays(config);
  checkKept(config);
  return config;
}

function limitsOf(read: OptionReader): Config["limits"] {
  return {
    sessions: read("limits.sessions")!,
    viewersPerStream: read("limits.viewers-per-stream")!,
    bitrateMax: read("limits.bitrate-max")!,
    pendingPerAddress: read("limits.pending-per-address")!,
    postsPerSecond: read("limits.posts-per-second")!,
  };
}

/** Options without a default are null; the number of cores is filled in by the caller. */
function defaultOf(key: OptionKey): Setting | null {
  const value: string = OPTIONS[key].default;
  return value === "" || key === "egress-workers" ? null : { value, from: "default" };
}

function parse(key: string, schema: z.ZodType, setting: Setting | null): unknown {
  if (setting === null) return null;
  const result = schema.safeParse(setting.value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const shown = issue.path.map((part) =>
    typeof part === "number" ? `[${part}]` : `.${String(part)}`,
  );
  const where = setting.from.startsWith("SPILLWAY_") || setting.from.startsWith("--");
  const name = where ? setting.from : `${setting.from}: ${key}${shown.join("")}`;
  const path = [...key.split("."), ...issue.path.filter((part) => typeof part !== "symbol")];
  throw new ConfigError(`${name}: ${issue.message}`, placeOf(setting, path));
}

function tlsFiles(certFile: string | null, keyFile: string | null): Config["tls"] {
  if (certFile === null && keyFile === null) return null;
  if (certFile === null) throw new ConfigError("tls-cert: is missing, tls-key needs it");
  if (keyFile === null) throw new ConfigError("tls-key: is missing, tls-cert needs it");
  return { certFile, keyFile };
}

/** Every core gets an egress worker, as far as rings have room for readers. */
function workerCounts(
  read: OptionReader,
  cores: number,
  hasLinks: boolean,
  hasTails: boolean,
): WorkerCounts {
  const single = { relay: hasLinks ? 1 : 0, packager: hasTails ? 1 : 0 };
  const readers = READER_THREADS_MAX - single.relay - single.packager;
  const counts = {
    ingest: read("ingest-workers")!,
    egress: read("egress-workers") ?? Math.min(readers, Math.max(1, cores)),
    ...single,
  };
  checkReaders(WORKER_KINDS, counts);
  return counts;
}

function checkPorts(config: Config): void {
  const last = config.media.port + portsOf(config.workers) - 1;
  if (config.media.port !== 0 && last > 65535) {
    throw new ConfigError(`media: the workers need ports up to ${last}, the highest is 65535`);
  }
  const { cluster, media, workers, http, iceTcp } = config;
  if (iceTcp !== null && iceTcp.port === http.port && iceTcp.port !== 0) {
    const isWildcard = [iceTcp.host, http.host].some((host) => host === "0.0.0.0" || host === "::");
    if (isWildcard || iceTcp.host === http.host) {
      throw new ConfigError(`ice-tcp: port ${iceTcp.port} is that of http`);
    }
  }
  if (cluster !== null) checkLinkPort(cluster.link, media, portsOf(workers));
}

function checkDelays(config: Config): void {
  for (const [index, rule] of config.streams.entries()) {
    const min = rule["playout-delay-min-ms"] ?? 0;
    if (min > (rule["playout-delay-max-ms"] ?? min)) {
      throw new ConfigError(`streams[${index}].playout-delay-min-ms: is above its maximum`);
    }
  }
}

/** What is kept is what the tail consists of. */
function checkKept({ streams }: Config): void {
  const index = streams.findIndex((rule) => keeps(rule) && rule.hls === "off");
  if (index < 0) return;
  throw new ConfigError(`streams[${index}].hls: is off, but dvr and record are made of it`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
