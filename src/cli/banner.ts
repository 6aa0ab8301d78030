/** What a person at a terminal sees when the server stands. */
import { networkInterfaces } from "node:os";
import { formatHostPort, type HostPort } from "../config/values.ts";
import { portsOf } from "../config/workers.ts";
import type { Config } from "../config.ts";
import type { ResolvedOpenSsl } from "../io/openssl.ts";
import type { FirstToken } from "./first-token.ts";
import { columns } from "./help.ts";

export interface BannerParts {
  readonly config: Config;
  readonly port: number;
  readonly openssl: ResolvedOpenSsl;
  /** The stream whose pages are named. */
  readonly stream: string;
}

/** Addresses of the pages, the media ports, and where OpenSSL comes from. */
export function banner(parts: BannerParts): string {
  const { config, stream } = parts;
  const base = baseUrl(config, parts.port);
  const workers = portsOf(config.workers);
  const { iceTcp } = config;
  const { host, port } = config.media;
  const ports = port === 0 ? `${workers} free ones` : `${port}-${port + workers - 1}`;
  return columns([
    ["Watch", `${base}/watch/${stream}`],
    ["Publish", `${base}/publish/${stream === "demo" ? "NAME" : stream}`],
    ["Dashboard", `${base}/dashboard`],
    ["WHIP, WHEP", `${base}/whip/NAME, ${base}/whep/NAME`],
    ["Media", `UDP ${ports} on ${host}${iceTcp === null ? "" : byTcp(iceTcp)}`],
    ["OpenSSL", `${parts.openssl.version} (${parts.openssl.origin})`],
  ]);
}

function byTcp({ host, port }: HostPort): string {
  return `, TCP ${port === 0 ? "a free one" : port} on ${host}`;
}

/** How to use the token, told once. */
export function tokenNotice(first: FirstToken): string {
  const where =
    first.file === null
      ? "It ends with this process: set --state DIR to keep it, or configure tokens."
      : `It is kept in ${first.file} and not shown again.`;
  return `This server can be reached from other machines and has no tokens configured, so one was made.
It may publish, view and administer every stream. ${where}

  ${first.token}
`;
}

/** Scheme, host and port as a browser on this machine or beside it can use them. */
function baseUrl(config: Config, port: number): string {
  if (config.publicUrl !== null) return config.publicUrl.replace(/\/$/, "");
  const scheme = config.tls === null ? "http" : "https";
  const host = reachableHost(config.http.host);
  return `${scheme}://${formatHostPort(host, port)}`;
}

/** A wildcard is no address: the first one of this machine that is not loopback. */
function reachableHost(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.find((each) => !each.internal && each.family === "IPv4");
  return outside?.address ?? "127.0.0.1";
}
