/** Why the server did not start, in one line that says what to do. */
import { formatHostPort } from "../config/values.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { portOwner } from "../io/port-owner.ts";

/**
 * `error` as thrown by the sockets of the workers (`bind ADDRESS port N: ...`; `listen ...` where clients
 * connect by TCP) or by Bun.serve.
 */
export function explainStart(error: unknown, config: Config): string {
  const message = messageOf(error);
  const bind = /^(bind|listen) (\S+) port (\d+): (.*)$/.exec(message);
  if (bind !== null) {
    const [, call, host = "", port = "", cause] = bind;
    const isLink = Number(port) === config.cluster?.link.port;
    const option = call === "listen" ? "ice-tcp" : isLink ? "link" : "media";
    const where = `${call === "listen" ? "TCP" : "UDP"} ${formatHostPort(host, port)}`;
    return `${option}: ${where}: ${cause}; ${advice(option, message, Number(port))}`;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^E(ADDRINUSE|ADDRNOTAVAIL|ACCES|INVAL)$/.test(code)) return message;
  const { host, port } = config.http;
  return `http: TCP ${formatHostPort(host, port)}: ${REASONS[code]}; ${advice("http", code, port)}`;
}

/** Whether a port may not be bound: that stays so, however often it is tried. */
export function isForbidden(error: unknown): boolean {
  if (error instanceof Error && "code" in error && error.code === "EACCES") return true;
  return /^(bind|listen) \S+ port \d+: Permission denied$/.test(messageOf(error));
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "not allowed",
  EINVAL: "not an address to listen on",
};

type Option = "http" | "media" | "ice-tcp" | "link";

function advice(option: Option, cause: string, port: number): string {
  if (/in use|EADDRINUSE/.test(cause))
    return `choose another --${option}, or ${endOwner(option, port)}`;
  if (/denied|EACCES/.test(cause)) {
    return "ports below 1024 need CAP_NET_BIND_SERVICE: spillway install --privileged-ports";
  }
  return `choose another --${option}; ip address lists those of this machine`;
}

/** What to do about the one who has the port: by name, where it can be seen. */
export function endOwner(option: Option, port: number): string {
  const tcp = option === "http" || option === "ice-tcp";
  const owner = portOwner(tcp ? "tcp" : "udp", port);
  const list = tcp ? "ss -ltnp" : "ss -lunp";
  return owner === null ? `find the owner: ${list}` : `end its owner: ${owner}, as ${list} shows`;
}
