import type { ClusterConfig } from "../../config/cluster.ts";
import type { Config, HostPort } from "../../config.ts";
import type { ClusterSetup } from "../../contract/cluster.ts";
import { NODE_ADDRESSES_MAX } from "../../limits.ts";
import type { Logger } from "../../log.ts";
import type { MediaPlane, RelayPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import { Cluster } from "./cluster.ts";
import type { Registry } from "./registry.ts";

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
}

/** Null where this node belongs to no cluster. */
export function startCluster(
  { config, cluster: ground, version, clock, log }: StartOptions,
  plane: MediaPlane,
  registry: Registry,
): Cluster | null {
  const { relay } = plane;
  if (config.cluster === null || !ground || relay === null) return null;
  const cluster = new Cluster({
    relay,
    setup: setupOf(config.cluster, ground, version, config.publicUrl, relay),
    plane,
    streams: registry.streams,
    clock,
    log,
    yieldName: (stream) => registry.yieldName(stream),
  });
  registry.standbys.elsewhere = cluster;
  return cluster;
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
