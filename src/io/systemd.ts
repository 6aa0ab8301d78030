/** The service manager's notification socket (sd_notify(3)) and watchdog. */
import { check, libc, SOCK_CLOEXEC, SOCK_DGRAM } from "./libc.ts";
import { addressOf, borrowedRegion } from "./pinned.ts";

const AF_UNIX = 1;
const MSG_NOSIGNAL = 0x4000;
/** sizeof sun_path. */
const PATH_MAX = 108;

export interface ServiceManager {
  /** Microseconds between two signs of life that the manager tolerates; null without a watchdog. */
  readonly watchdogUs: number | null;
  /** Sends assignments such as "READY=1". False when there is no manager or it cannot be reached. */
  notify(...assignments: readonly string[]): boolean;
}

/** What the environment says of a service manager. Without one, `notify` does nothing. */
export function serviceManager(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): ServiceManager {
  const address = socketAddress(env.NOTIFY_SOCKET ?? "");
  return {
    watchdogUs: address === null ? null : watchdogOf(env, pid),
    notify: (...assignments) => address !== null && send(address, assignments.join("\n")),
  };
}

/** WATCHDOG_PID guards against a variable that was meant for a parent process. */
function watchdogOf(env: Readonly<Record<string, string | undefined>>, pid: number): number | null {
  const interval = Number(env.WATCHDOG_USEC);
  const meant = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === pid;
  return Number.isFinite(interval) && interval > 0 && meant ? interval : null;
}

/** struct sockaddr_un of a path or, with "@" in front, of an abstract name; null for neither. */
function socketAddress(name: string): Uint8Array | null {
  if (!/^[@/]./.test(name)) return null;
  const abstract = name.startsWith("@");
  const path = new TextEncoder().encode(abstract ? name.slice(1) : name);
  if (path.length > PATH_MAX - 1) return null;
  // An abstract name starts with NUL and has no end mark; a path ends with NUL.
  const bytes = new Uint8Array(2 + path.length + 1);
  bytes[0] = AF_UNIX;
  bytes.set(path, abstract ? 3 : 2);
  return bytes;
}

function send(address: Uint8Array, text: string): boolean {
  const message = new TextEncoder().encode(text);
  const fd = check("socket", libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    const sent = libc.sendto(
      fd,
      addressOf(borrowedRegion(message), 0, message.length),
      message.length,
      MSG_NOSIGNAL,
      addressOf(borrowedRegion(address), 0, address.length),
      address.length,
    );
    return Number(sent) === message.length;
  } finally {
    libc.close(fd);
  }
}
