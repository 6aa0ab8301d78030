/**
 * Where a datagram came from or goes to: one of our sockets and one remote address.
 * `sockaddr` is a struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes), as the kernel has it.
 */
export interface Path {
  /** Index of the local socket within the worker. */
  readonly socket: number;
  readonly sockaddr: Uint8Array;
}

const AF_INET = 2;

/** A path that owns a copy of its address. */
export function copyPath(socket: number, bytes: Uint8Array, offset: number): Path {
  const length = bytes[offset] === AF_INET ? 16 : 28;
  const sockaddr = bytes.slice(offset, offset + length);
  return { socket, sockaddr };
}

/** True when `path` is exactly this socket and address. */
export function samePath(path: Path, socket: number, bytes: Uint8Array, offset: number): boolean {
  if (path.socket !== socket) return false;
  const sockaddr = path.sockaddr;
  // IPv4: family, port, address. IPv6: family, port, (flow label), address, scope.
  const length = sockaddr[0] === AF_INET ? 8 : 28;
  for (let i = 0; i < length; i += 1) {
    if (i >= 4 && i < 8 && length === 28) continue;
    if (sockaddr[i] !== bytes[offset + i]) return false;
  }
  return true;
}

/** `192.0.2.1:5000` or `[2001:db8::1]:5000`, for logs and the admin API. */
export function formatPath(path: Path): string {
  const bytes = path.sockaddr;
  const port = (bytes[2]! << 8) | bytes[3]!;
  if (bytes[0] === AF_INET) return `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}:${port}`;
  const groups: string[] = [];
  for (let i = 8; i < 24; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return `[${groups.join(":")}]:${port}`;
}
