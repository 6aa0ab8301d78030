import type { Config } from "../config.ts";
import type { OptionKey } from "./options.ts";

/** By what of the configuration is read at the start alone: the option, or the options, that set it. */
const AT_START = {
  http: "http",
  media: "media",
  iceTcp: "ice-tcp",
  advertise: "advertise",
  workers: "ingest-workers, egress-workers",
  ringMemoryBytes: "ring-memory",
  trustedProxies: "trusted-proxy",
  publicUrl: "public-url",
  stateDir: "state",
  takeover: "takeover",
  waitForStream: "wait-for-stream",
  redirectUrl: "redirect-url",
  drainSeconds: "drain-seconds",
  logLevel: "log-level",
  logFormat: "log-format",
  portable: "portable",
  warmUp: "no-warm-up",
  drills: "drills",
  limits: "limits",
  hook: "hook",
  iceServers: "ice-servers",
  hls: "hls, hls-part, hls-memory, hls-children",
  diskReserveBytes: "disk-reserve",
} as const satisfies Partial<Record<keyof Config, string>>;

/** Of a cluster its secrets alone are read again, and how it comes into etcd. */
const CLUSTER_AT_START = {
  name: "cluster-name",
  secretFile: "cluster-secret-file",
  link: "link",
  advertise: "link-advertise",
  join: "join",
  role: "role",
  region: "region",
  childrenMax: "children-max",
  capacity: "capacity",
  linkRate: "link-rate",
  names: "names",
} as const satisfies Record<string, OptionKey>;

/** Keys that differ, but count from the next start on: a reload does not read them. */
export function changedUntilRestart(before: Config, after: Config): string[] {
  return [
    ...differing(AT_START, before, after),
    ...changedOfCluster(before.cluster, after.cluster),
    // Other files are read; a listener with TLS stays one.
    ...((before.tls === null) === (after.tls === null) ? [] : ["tls-cert, tls-key"]),
    ...(same(rulesOf(before), rulesOf(after)) ? [] : ["streams"]),
  ];
}

function changedOfCluster(before: Config["cluster"], after: Config["cluster"]): string[] {
  if (before === null || after === null) {
    return before === after ? [] : [CLUSTER_AT_START.secretFile];
  }
  return differing(CLUSTER_AT_START, before, after);
}

/** Who may watch is read again; what else rules say is not. */
function rulesOf({ streams }: Config): unknown {
  return streams.map(({ view, ...rest }) => rest);
}

function differing<K extends string>(
  names: Readonly<Record<K, string>>,
  before: Readonly<Record<NoInfer<K>, unknown>>,
  after: Readonly<Record<NoInfer<K>, unknown>>,
): string[] {
  const keys = Object.keys(names) as K[];
  return keys.filter((key) => !same(before[key], after[key])).map((key) => names[key]);
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
