import type { NetworkInterfaceInfo } from "node:os";
import type { Advertise } from "../../config/values.ts";

/** An address to bind, and what clients are told of it. */
export interface LocalAddress {
  readonly address: string;
  readonly family: 4 | 6;
  /** In a candidate: the address itself, or the public ones that lead here. */
  readonly advertised: readonly string[];
}

/** Bridges that lead to this machine's own containers and virtual machines, never to a viewer. */
const BRIDGES = /^(docker|br-|veth|virbr|cni|flannel|cali|cilium|podman|lxc|lxd|vnet|tap|kube)/;
/** Sockets of one worker: the poller's set of ready sockets has 31 bits. */
const ADDRESSES_MAX = 16;

/**
 * The local addresses that media uses, IPv4 first: FFmpeg takes the first candidate only.
 * `host` is a literal address, or a wildcard that stands for every usable one. `localFirst`:
 * the viewers are on this machine. Then loopback comes first, so that a machine without a network works
 * too, and the others follow for browsers that refuse loopback candidates.
 */
export function localAddresses(options: {
  readonly host: string;
  readonly localFirst: boolean;
  readonly advertise: readonly Advertise[];
  readonly interfaces: Readonly<Record<string, NetworkInterfaceInfo[] | undefined>>;
}): LocalAddress[] {
  const { host, advertise } = options;
  const wildcard = host === "0.0.0.0" || host === "::" || host === "";
  const found = wildcard ? usableAddresses(options) : [host];
  // "0.0.0.0" names IPv4 only; "::" means both, as on a dual-stack socket.
  const wanted = host === "0.0.0.0" ? found.filter((address) => !address.includes(":")) : found;
  const ordered = [...wanted].sort((a, b) => familyOf(a) - familyOf(b)).slice(0, ADDRESSES_MAX);
  const local = ordered.map((address) => ({
    address,
    family: familyOf(address),
    advertised: advertisedFor(address, advertise, ordered),
  }));
  return local.filter(({ advertised }) => advertised.length > 0);
}

/** Public addresses that no bound address stands for: nobody is told of them. */
export function unusedAdvertised(
  advertise: readonly Advertise[],
  bound: readonly LocalAddress[],
): readonly string[] {
  const told = new Set(bound.flatMap(({ advertised }) => advertised));
  return advertise.map((entry) => entry.public).filter((address) => !told.has(address));
}

function usableAddresses(options: Parameters<typeof localAddresses>[0]): string[] {
  const usable: string[] = [];
  const loopback: string[] = [];
  for (const [name, infos] of Object.entries(options.interfaces)) {
    if (BRIDGES.test(name)) continue;
    for (const info of infos ?? []) {
      if (info.internal) loopback.push(info.address);
      else if (!isLinkLocal(info.address)) usable.push(info.address);
    }
  }
  if (options.advertise.length > 0) return usable.length > 0 ? usable : loopback;
  return options.localFirst || usable.length === 0 ? [...loopback, ...usable] : usable;
}

/** RFC 3927 and RFC 4291 2.5.6: reachable from the same wire only, and useless without a zone. */
function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || /^fe[89ab]/i.test(address);
}

/** Public addresses for a local one: those that name it, or the first of the family gets the rest. */
function advertisedFor(
  address: string,
  advertise: readonly Advertise[],
  all: readonly string[],
): readonly string[] {
  if (advertise.length === 0) return [address];
  const family = familyOf(address);
  const first = all.find((other) => familyOf(other) === family) === address;
  return advertise
    .filter((entry) =>
      entry.local === null ? first && familyOf(entry.public) === family : entry.local === address,
    )
    .map((entry) => entry.public);
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}
