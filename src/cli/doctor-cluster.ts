/** Whether a node can meet the others of its cluster, as far as one machine can tell. */
import type { ClusterConfig } from "../config/cluster.ts";
import { formatHostPort, type HostPort, isLoopback } from "../config/values.ts";
import { messageOf } from "../errors.ts";
import { checkMtu, type Way } from "./doctor-mtu.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** All addresses of a name; an address stands for itself. Rejects when there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export async function checkCluster(
  cluster: ClusterConfig,
  resolve: Resolve,
  findWay: (address: string) => Promise<Way | null>,
): Promise<readonly Finding[]> {
  return [
    checkMembership(cluster),
    checkSecret(cluster),
    checkLinkReach(cluster),
    ...cluster.advertise.map((address) => checkAdvertised(address, cluster)),
    ...(
      await Promise.all(cluster.join.map((seed) => checkSeed(seed, cluster, resolve, findWay)))
    ).flat(),
  ];
}

/** The file is good, else the configuration could not have been read. */
function checkSecret({ secrets, secretFile }: ClusterConfig): Finding {
  const count = secrets.length === 1 ? "1 secret" : `${secrets.length} secrets`;
  return ok("cluster secret", `${count} in ${secretFile}, for its owner and group alone`);
}

function checkMembership({ name, role, region, join }: ClusterConfig): Finding {
  const parts = [
    name,
    `role ${role}`,
    ...(region === "" ? [] : [`region ${region}`]),
    ...(join.length === 0 ? ["joins nobody: others must name this node"] : []),
  ];
  return ok("cluster", parts.join(", "));
}

function checkLinkReach({ link }: ClusterConfig): Finding {
  const where = `udp ${formatHostPort(link.host, link.port)}`;
  if (isLoopback(link.host)) {
    const mend = `link = "0.0.0.0:${link.port}", or an address of this machine`;
    return warn("link reach", `${where}: no other machine`, mend);
  }
  const port = link.port === 0 ? "another UDP port at each start" : `UDP port ${link.port}`;
  const who = "open it in the firewall to the other nodes, and to nobody else";
  return ok("link reach", `${where}: nodes come in by ${port}; ${who}`);
}

function checkAdvertised(address: string, { link }: ClusterConfig): Finding {
  const name = `link-advertise ${address}`;
  // ADDRESS:PORT; IPv6 in brackets.
  const family = address.startsWith("[") ? 6 : 4;
  if (familiesOf(link.host).includes(family)) return ok(name, `leads to ${bound(link)}`);
  return fail(name, `is IPv${family}, and ${bound(link)} is not`, mendFamily(link));
}

async function checkSeed(
  { host, port }: HostPort,
  { link }: ClusterConfig,
  resolve: Resolve,
  findWay: (address: string) => Promise<Way | null>,
): Promise<Finding[]> {
  const name = `join ${formatHostPort(host, port)}`;
  let addresses: readonly string[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    const mend = "Mend the name or its DNS record; a running node asks again every 30 s";
    return [warn(name, messageOf(error), mend)];
  }
  const families = familiesOf(link.host);
  const detail = addresses.join(", ");
  const reachable = addresses.find((address) => families.includes(familyOf(address)));
  if (reachable !== undefined) {
    return [ok(name, detail), checkMtu(reachable, await findWay(reachable))];
  }
  const [family] = families;
  return [fail(name, `${detail}: none is IPv${family}, as ${bound(link)} is`, mendFamily(link))];
}

function bound({ host, port }: HostPort): string {
  return `--link ${formatHostPort(host, port)}`;
}

function mendFamily({ port }: HostPort): string {
  return `--link [::]:${port} is of both families, where the machine has both`;
}

/** IP versions of what is bound: "::" means both. */
function familiesOf(host: string): readonly (4 | 6)[] {
  return host === "::" ? [4, 6] : [familyOf(host)];
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}
