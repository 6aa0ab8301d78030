/** What a firewall must let in. */
import { isLoopback } from "../config/values.ts";
import { portsOf } from "../config/workers.ts";
import type { Config } from "../config.ts";
import { portOf } from "./public-url.ts";

/** For nftables and for ufw. */
export function firewallRules(config: Config): readonly string[] {
  const { media, workers, cluster, iceTcp } = config;
  const tcp = [httpPort(config), ...(iceTcp === null ? [] : [iceTcp.port])];
  const last = media.port + portsOf(workers) - 1;
  const range = (dash: string) => `${media.port}${last === media.port ? "" : `${dash}${last}`}`;
  const link = cluster === null ? [] : [cluster.link.port];
  const nft = [
    ...tcp.map((port) => `tcp . ${port}`),
    ...[range("-"), ...link].map((port) => `udp . ${port}`),
  ];
  const ufw = [
    ...tcp.map((port) => `${port}/tcp`),
    ...[range(":"), ...link].map((port) => `${port}/udp`),
  ];
  return [
    `nft add rule inet filter input meta l4proto . th dport { ${nft.join(", ")} } accept`,
    ufw.map((port) => `ufw allow ${port}`).join(" && "),
  ];
}

/** Nobody comes to loopback but a proxy, which has the port that clients are told. */
function httpPort({ http, publicUrl }: Config): number {
  return isLoopback(http.host) && publicUrl !== null ? portOf(publicUrl) : http.port;
}
