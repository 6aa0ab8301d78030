/** What has been given to a connection and has not left this process. */
export interface Backlog {
  /** Since when something has waited without a break, us; Infinity when nothing does. */
  readonly since: number;
}

/** What carries a session. */
export type TransportKind = "udp" | "tcp";

/** What datagrams leave by: a local UDP socket, or whatever else carries them. */
export interface Transport {
  /** Where they are written: memory that the ciphers address, too. */
  readonly region: { readonly bytes: Uint8Array; readonly address: number };
  /**
   * Full, and not waited for: what goes by it is passed over until it takes something again. Before
   * that, whoever sends by a full one waits for it, and lets all others wait, too.
   */
  readonly stalled: boolean;
  /** Of a TCP connection, which has one client and loses nothing; null for a socket of datagrams. */
  readonly backlog: Backlog | null;
  /** Room for one datagram of up to `bytes`: its offset in the region, or -1 while there is none. */
  reserve(bytes: number): number;
  /** Sends what was written at the last reserved offset. */
  commit(path: Path, length: number): void;
  /** Sends a copy of a datagram that nobody keeps: without room it is lost. */
  send(path: Path, bytes: Uint8Array, length: number): void;
}

/**
 * Where a datagram came from or goes to: what carries it at our end, and one remote address.
 * `sockaddr` is a struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes), as the kernel has it.
 */
export interface Path {
  readonly via: Transport;
  readonly sockaddr: Uint8Array;
}

/** The first byte of a sockaddr. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** A path that owns a copy of its address. */
export function copyPath(via: Transport, bytes: Uint8Array, offset: number): Path {
  const length = bytes[offset] === AF_INET ? 16 : 28;
  const sockaddr = bytes.slice(offset, offset + length);
  return { via, sockaddr };
}

/** True when `path` is exactly this transport and address. */
export function samePath(path: Path, via: Transport, bytes: Uint8Array, offset: number): boolean {
  if (path.via !== via) return false;
  const sockaddr = path.sockaddr;
  // IPv4: family, port, address. IPv6: family, port, (flow label), address, scope.
  const length = sockaddr[0] === AF_INET ? 8 : 28;
  for (let i = 0; i < length; i += 1) {
    if (i >= 4 && i < 8 && length === 28) continue;
    if (sockaddr[i] !== bytes[offset + i]) return false;
  }
  return true;
}

export function kindOf({ via }: Pick<Path, "via">): TransportKind {
  return via.backlog === null ? "udp" : "tcp";
}

/** `192.0.2.1:5000` or `[2001:db8::1]:5000`, for logs and the admin API. */
export function formatPath(path: Pick<Path, "sockaddr">): string {
  const bytes = path.sockaddr;
  const port = (bytes[2]! << 8) | bytes[3]!;
  if (bytes[0] === AF_INET) return `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}:${port}`;
  const groups: string[] = [];
  for (let i = 8; i < 24; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return `[${groups.join(":")}]:${port}`;
}
