/** Whether UDP passes, as others see it: nodes of the cluster, and a STUN server that is named. */
import { Keyring, type LinkKeys } from "../cascade/keyring.ts";
import type { ClusterConfig } from "../config/cluster.ts";
import { formatHostPort, type HostPort } from "../config/values.ts";
import type { Config } from "../config.ts";
import { checkUsername, keysOf } from "../peer/ice-credentials.ts";
import { callerCredentials } from "../peer/knock.ts";
import { writeBindingRequest, writePlainRequest } from "../wire/stun-writer.ts";
import type { Resolve } from "./doctor-cluster.ts";
import { type Finding, ok, warn } from "./finding.ts";
import { StunClient, type StunQuestion } from "./stun-client.ts";

/** Fills its argument. */
type Random = (out: Uint8Array) => void;

/** A check's type preference of host candidates, and nothing else to tell it by (RFC 8445 5.1.2.1). */
const PRIORITY = 126 * 2 ** 24 + 2 ** 24 - 1;
const TIE_BREAKER_BYTES = 8;

/** Knocks at the nodes that are to be joined, as a node would. */
export async function checkMembers(
  cluster: ClusterConfig,
  resolve: Resolve,
  random: Random,
): Promise<readonly Finding[]> {
  const keyring = new Keyring(cluster.name, cluster.secrets);
  return (
    await Promise.all(
      cluster.join.map(async (seed) => {
        const address = await addressOf(seed.host, cluster.link.host, resolve);
        // Of a name that leads nowhere another check tells.
        return address === null ? [] : [await checkMember(seed, address, keyring, random)];
      }),
    )
  ).flat();
}

async function checkMember(
  { host, port }: HostPort,
  address: string,
  keyring: Keyring,
  random: Random,
): Promise<Finding> {
  const name = `udp to ${formatHostPort(host, port)}`;
  const knock = async (keys: LinkKeys) => {
    const client = await StunClient.open({ host: anyOf(address), port: 0 }, random);
    try {
      return await client.ask({ host: address, port }, knockOf(keys, random));
    } finally {
      client.close();
    }
  };
  const [answer, stranger] = await Promise.all([knock(keyring.first), knock(keyring.nameless[0]!)]);
  if (answer !== null) {
    const { seen } = answer;
    return ok(name, `answers, and sees this machine as ${formatHostPort(seen.host, seen.port)}`);
  }
  if (stranger !== null) {
    return warn(name, "is a node of another cluster-name", "Give all nodes the same one");
  }
  return warn(
    name,
    "nobody answers",
    `Is the node up, with this secret? Open UDP port ${port} to it, here and on the way`,
  );
}

/** The way that clients' media goes; `running`: the server has the port. */
export async function checkStunServer(
  config: Config,
  told: readonly string[],
  server: HostPort,
  running: boolean,
  resolve: Resolve,
  random: Random,
): Promise<readonly Finding[]> {
  const name = `stun ${formatHostPort(server.host, server.port)}`;
  const { media } = config;
  const address = await addressOf(server.host, media.host, resolve);
  if (address === null) return [warn(name, "leads to no address of media's family", "Another")];
  const host = isWildcard(media.host) ? anyOf(address) : media.host;
  const port = running ? 0 : media.port;
  const client = await openAt({ host, port }, random);
  try {
    const to = { host: address, port: server.port };
    const answer = await client.ask(to, plain(false));
    if (answer === null) {
      const mend = "Open UDP to the outside; is that a STUN server?";
      return [warn(name, "nothing comes back by UDP", mend)];
    }
    const seen = checkSeen(name, answer.seen, told, client.port === port ? port : 0);
    if (port === 0 || client.port !== port) {
      return [seen, ok("udp in", "not asked: a server has media's port (ask while it is stopped)")];
    }
    if (!answer.hasOtherAddress) {
      return [seen, ok("udp in", `not asked: ${server.host} has one address only (RFC 5780)`)];
    }
    return [seen, checkUnasked(port, (await client.ask(to, plain(true))) !== null)];
  } finally {
    client.close();
  }
}

/** `port`: of this machine, from which it was asked; 0 when that is any. */
function checkSeen(name: string, seen: HostPort, told: readonly string[], port: number): Finding {
  const where = formatHostPort(seen.host, seen.port);
  if (!told.includes(seen.host)) {
    const detail = `sees this machine as ${where}, clients are told ${told.join(", ")}`;
    return warn(name, detail, `--advertise ${seen.host}, where the NAT leads the UDP ports here`);
  }
  if (port === 0 || seen.port === port) return ok(name, `sees this machine as ${where}`);
  const detail = `sees this machine as ${where}, clients are told port ${port}`;
  return warn(name, detail, "Let the NAT lead the UDP ports here by the same numbers");
}

function checkUnasked(port: number, comes: boolean): Finding {
  if (comes) return ok("udp in", `port ${port}: what nobody asked for comes in`);
  return warn(
    "udp in",
    `port ${port}: what nobody asked for does not come in`,
    "Open media's ports in the firewall (see below), and lead them through the NAT",
  );
}

/** At that port, or at any where it is taken. */
async function openAt(at: HostPort, random: Random): Promise<StunClient> {
  try {
    return await StunClient.open(at, random);
  } catch {
    return await StunClient.open({ ...at, port: 0 }, random);
  }
}

function plain(elsewhere: boolean): StunQuestion {
  return { key: null, write: (out, id) => writePlainRequest(out, 0, id, elsewhere) };
}

function knockOf(keys: LinkKeys, random: Random): StunQuestion {
  const { kid, knock: key } = keys;
  const credentials = keysOf(callerCredentials({ kid, key }, random));
  const controlling = new Uint8Array(TIE_BREAKER_BYTES);
  random(controlling);
  return {
    key: credentials.remotePwd,
    write: (out, transactionId) =>
      writeBindingRequest(
        out,
        0,
        {
          transactionId,
          username: checkUsername(credentials),
          priority: PRIORITY,
          controlling,
          useCandidate: false,
        },
        credentials.remotePwd,
      ),
  };
}

/** An address of the family of what is bound; null where there is none. */
async function addressOf(host: string, bound: string, resolve: Resolve): Promise<string | null> {
  try {
    const addresses = await resolve(host);
    const isOfFamily = (address: string) => address.includes(":") === bound.includes(":");
    return addresses.find((address) => bound === "::" || isOfFamily(address)) ?? null;
  } catch {
    return null;
  }
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function anyOf(address: string): string {
  return address.includes(":") ? "::" : "0.0.0.0";
}
