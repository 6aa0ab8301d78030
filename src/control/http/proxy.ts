import type { Cidr } from "../../config/cidr.ts";
import { inRanges, parseAddress, parseCidr } from "../../config/cidr.ts";
import { isLoopback } from "../../config/values.ts";

/** Who asks, as far as it can be believed. */
export interface Client {
  /** Literal IP address. */
  readonly address: string;
  readonly scheme: "http" | "https";
  /** Host with port, as the client named it. */
  readonly host: string;
  /** On this machine, as far as is known: nobody behind a proxy on it. */
  readonly loopback: boolean;
  /** A proxy that is not trusted stands in between: the address is the proxy's. */
  readonly proxied: boolean;
}

interface Peer {
  /** The socket's remote address. */
  readonly address: string;
  readonly secure: boolean;
}

/**
 * Resolves the client behind trusted proxies. X-Forwarded-For is read from its end: each proxy
 * appends whom it saw, so the last address that is not a trusted proxy is the client, and whatever
 * a client wrote in front of it is ignored.
 */
export function resolveClient(request: Request, peer: Peer, trusted: readonly Cidr[]): Client {
  const forwarded = request.headers.get("X-Forwarded-For");
  const url = new URL(request.url);
  const host = request.headers.get("Host") ?? url.host;
  const scheme = peer.secure ? "https" : "http";
  if (!inRanges(peer.address, trusted)) {
    const proxied = PROXY_HEADERS.some((name) => request.headers.has(name));
    const loopback = isLocal(peer.address) && !proxied;
    return { address: peer.address, scheme, host, loopback, proxied };
  }
  const hops = (forwarded ?? "").split(",").map((hop) => bareAddress(hop.trim()));
  let address = peer.address;
  for (let i = hops.length - 1; i >= 0; i -= 1) {
    const hop = hops[i]!;
    if (parseAddress(hop) === null) break;
    address = hop;
    if (!inRanges(hop, trusted)) break;
  }
  const proto = lastOf(request.headers.get("X-Forwarded-Proto"));
  const forwardedHost = lastOf(request.headers.get("X-Forwarded-Host"));
  return {
    address,
    scheme: proto === "https" || proto === "http" ? proto : scheme,
    host: /^[\w.:[\]-]+$/.test(forwardedHost) ? forwardedHost : host,
    loopback: isLocal(address),
    proxied: false,
  };
}

/** Whether the Host header names this machine itself; a page that rebinds DNS cannot forge it. */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(host.replace(/:\d+$/, ""));
}

/** What proxies and tunnels add in their usual settings (RFC 7239, RFC 9110 7.6.3). */
const PROXY_HEADERS = [
  "Forwarded",
  "Via",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Real-IP",
];

const LOOPBACK = [parseCidr("127.0.0.0/8")!, parseCidr("::1")!];

function isLocal(address: string): boolean {
  return inRanges(address, LOOPBACK);
}

/** Some proxies add the port: `192.0.2.1:5000`, `[2001:db8::1]:5000`. */
function bareAddress(hop: string): string {
  return hop.replace(/^\[(.*)\](:\d+)?$/, "$1").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
}

function lastOf(list: string | null): string {
  return (list ?? "").split(",").at(-1)!.trim().toLowerCase();
}
