import type { ClusterConfig } from "../../config/cluster.ts";
import type { Config, HostPort } from "../../config.ts";
import type { ClusterSetup } from "../../contract/cluster.ts";
import { NODE_ADDRESSES_MAX } from "../../limits.ts";
import type { Logger } from "../../log.ts";
import { EtcdNames } from "../etcd/etcd-names.ts";
import type { MediaPlane, RelayPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import { Cluster } from "./cluster.ts";
import { Promotions } from "./promotions.ts";
import type { Registry } from "./registry.ts";
import type { Stream } from "./stream.ts";

/** What a node of a cluster is given beside its configuration. */
export interface ClusterGround {
  /** 32 hex digits. */
  readonly node: string;
  /** Drawn once a process: 32 bits. */
  readonly boot: number;
  /** All literal addresses and ports of these seeds; those that cannot be resolved are left out. */
  readonly resolve: (seeds: readonly HostPort[]) => Promise<readonly string[]>;
}

interface StartOptions {
  readonly config: Config;
  /** Where the configuration has a cluster. */
  readonly cluster?: ClusterGround | null;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** Null where this node belongs to no cluster. */
export function startCluster(
  options: StartOptions,
  plane: MediaPlane,
  registry: Registry,
): Cluster | null {
  const { config, cluster: ground, version, clock, log } = options;
  const { relay } = plane;
  if (config.cluster === null || !ground || relay === null) return null;
  const names = startNames(options, config.cluster, ground, registry, (name) => cluster.lost(name));
  const { standbys, streams } = registry;
  const cluster: Cluster = new Cluster({
    relay,
    setup: setupOf(config.cluster, ground, version, config.publicUrl, relay),
    plane,
    streams,
    clock,
    log,
    names,
    yieldName: (stream) => registry.yieldName(stream),
  });
  standbys.elsewhere = cluster;
  if (names !== null) {
    const won = (stream: Stream): void => standbys.lookAt(stream);
    standbys.promotions = new Promotions({ names, clock, won });
  }
  return cluster;
}

/** Null where the nodes decide among each other whose a name is. */
function startNames(
  { clock, log, fetch: fetchOne }: StartOptions,
  { name: cluster, names: urls, etcd: access }: ClusterConfig,
  { node, boot }: ClusterGround,
  registry: Registry,
  lost: (name: string) => void,
): EtcdNames | null {
  if (urls === null || access === null) return null;
  const { streams } = registry;
  const isWanted = (name: string): boolean => {
    const { candidate = null, publisher = null } = streams.get(name) ?? {};
    return candidate !== null || publisher !== null;
  };
  return new EtcdNames({
    ...{ urls, access, fetch: fetchOne ?? fetch, cluster, node, boot, clock, log, isWanted },
    isHeard: (name) => {
      const stream = streams.get(name);
      if (stream?.publisher?.standsBy === true) return registry.standbys.isTaken(stream);
      return isWanted(name) && !registry.mayPublish(name, false);
    },
    lost: (name) => {
      const candidate = streams.get(name)?.candidate ?? null;
      if (candidate?.standsBy === false) registry.end(candidate, "taken-over");
      lost(name);
    },
  });
}

function setupOf(
  config: ClusterConfig,
  { node, boot }: ClusterGround,
  version: string,
  publicUrl: string | null,
  relay: RelayPlane,
): ClusterSetup {
  return {
    cluster: config.name,
    secrets: config.secrets,
    node,
    boot,
    role: config.role,
    region: config.region,
    names: config.names === null ? "mesh" : "etcd",
    version,
    url: publicUrl ?? "",
    addresses: (config.advertise.length > 0 ? config.advertise : relay.addresses).slice(
      0,
      NODE_ADDRESSES_MAX,
    ),
    childrenMax: config.childrenMax,
    linkRate: config.linkRate,
  };
}
