import { NOTSENT_BYTES_MAX, TCP_BLOCKED_US } from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";
import { AF_INET, AF_INET6 } from "../wire/path.ts";
import {
  check,
  EAGAIN,
  EINTR,
  errno,
  libc,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  setOption,
} from "./libc.ts";
import { addressOf, borrowedRegion, pinnedRegion } from "./pinned.ts";
import { sockaddrOf } from "./udp-socket.ts";

const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_USER_TIMEOUT = 18;
const TCP_NOTSENT_LOWAT = 25;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const MSG_NOSIGNAL = 0x4000;
const SHUT_RDWR = 2;
/** Connections that the kernel keeps until they are taken: those of some turns of the acceptor. */
const LISTEN_BACKLOG = 512;
/** struct sockaddr_in6. */
const NAME_BYTES = 28;
const SOCKLEN_BYTES = 4;
const SIOCOUTQNSD = 0x894b;
const WORD_BYTES = 4;
const name = pinnedRegion(NAME_BYTES);
const unsent = pinnedRegion(WORD_BYTES);
const unsentWord = new DataView(unsent.bytes.buffer);
const nameLength = pinnedRegion(SOCKLEN_BYTES);

/** In place of a number of bytes: the connection is over. */
const STREAM_OVER = -1;

/** A listening TCP socket by its descriptor. */
export function openTcpListener(address: string, family: 4 | 6, port: number): number {
  const domain = family === 4 ? AF_INET : AF_INET6;
  const fd = check("socket", libc.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  try {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family === 6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    const bound = borrowedRegion(sockaddrOf(address, family, port));
    const { length } = bound.bytes;
    check(`listen ${address} port ${port}`, libc.bind(fd, addressOf(bound, 0, length), length));
    check(`listen ${address} port ${port}`, libc.listen(fd, LISTEN_BACKLOG));
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

/** A connection that was taken: its descriptor, and the struct sockaddr of its client. */
export interface Accepted {
  readonly fd: number;
  readonly sockaddr: Uint8Array;
}

/**
 * Takes a connection that waits; null when none does. Throws when this process has no descriptor left
 * for it. What it is given leaves at once, and no more of it waits in the kernel than is soon to leave.
 */
export function acceptTcp(listener: number): Accepted | null {
  for (;;) {
    nameLength.bytes[0] = NAME_BYTES;
    const at = addressOf(name, 0, NAME_BYTES);
    const lengthAt = addressOf(nameLength, 0, SOCKLEN_BYTES);
    const fd = libc.accept4(listener, at, lengthAt, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
      setOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_BYTES_MAX);
      setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, TCP_BLOCKED_US / 1000);
      return { fd, sockaddr: name.bytes.slice(0, nameLength.bytes[0]) };
    }
    const code = errno();
    if (code === EAGAIN) return null;
    // Of one that was gone before it was taken there may be others behind it.
    if (OWN_FAULTS.has(code)) check("accept", fd);
  }
}

/** EBADF, EINVAL, ENFILE, EMFILE, ENOBUFS, ENOMEM: the next one would meet them again. */
const OWN_FAULTS: ReadonlySet<number> = new Set([9, 22, 23, 24, 105, 12]);

/** A connection as what reads and writes it sees it. */
export function tcpStream(fd: number) {
  return {
    read: (region: Region, offset: number, room: number) => readTcp(fd, region, offset, room),
    write: (region: Region, offset: number, length: number) => writeTcp(fd, region, offset, length),
  };
}

/** Bytes that have come, `room` at most; 0 when none have, STREAM_OVER when no more will. */
export function readTcp(fd: number, region: Region, offset: number, room: number): number {
  const at = addressOf(region, offset, room);
  const count = libc.recvfrom(fd, at, room, MSG_DONTWAIT, null, null);
  if (count > 0) return count;
  return count < 0 && waits() ? 0 : STREAM_OVER;
}

/**
 * How many of these bytes the kernel took; STREAM_OVER when it never will. By itself it would fill a
 * segment of 64 KiB beyond TCP_NOTSENT_LOWAT, so that it is given what is below that alone.
 */
function writeTcp(fd: number, region: Region, offset: number, length: number): number {
  const room = Math.min(length, NOTSENT_BYTES_MAX - unsentBytes(fd));
  if (room <= 0) return 0;
  const at = addressOf(region, offset, room);
  const count = libc.sendto(fd, at, room, MSG_DONTWAIT | MSG_NOSIGNAL, null, 0);
  if (count >= 0) return count;
  return waits() ? 0 : STREAM_OVER;
}

/** Ends a connection both ways; its descriptor stays. */
export function endTcp(fd: number): void {
  libc.shutdown(fd, SHUT_RDWR);
}

export function closeTcp(fd: number): void {
  libc.close(fd);
}

/** What the kernel has not sent once. */
function unsentBytes(fd: number): number {
  const failed = libc.ioctl(fd, SIOCOUTQNSD, addressOf(unsent, 0, WORD_BYTES)) < 0;
  return failed ? 0 : unsentWord.getInt32(0, true);
}

function waits(): boolean {
  const code = errno();
  return code === EAGAIN || code === EINTR;
}
