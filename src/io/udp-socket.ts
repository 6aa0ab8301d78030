import { SOCKET_BUFFER_BYTES } from "../limits.ts";
import { AF_INET, AF_INET6 } from "../wire/path.ts";
import {
  check,
  libc,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  setOption,
} from "./libc.ts";
import { addressOf, borrowedRegion, pinnedRegion } from "./pinned.ts";

const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_TIMESTAMPNS = 35;
const IPPROTO_IP = 0;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_DO = 2;
/** As DO, and what routers say of the path is not believed: who sends finds out by itself. */
const IP_PMTUDISC_PROBE = 3;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_MTU_DISCOVER = 23;
/** struct sockaddr_in6, the larger of the two. */
const NAME_BYTES = 28;
const SOCKLEN_BYTES = 4;
const sockaddrLength = pinnedRegion(SOCKLEN_BYTES);

/**
 * A bound UDP socket by its descriptor, without IP_RECVERR: an ICMP error of one dead viewer must
 * not become a send error of the next. Control opens it, so that the port survives its worker.
 * `probes`: whoever sends by it finds out how much its paths take.
 */
export function openUdpSocket(
  address: string,
  family: 4 | 6,
  port: number,
  probes = false,
): number {
  const domain = family === 4 ? AF_INET : AF_INET6;
  const discovery = probes ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DO;
  const fd = check("socket", libc.socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  try {
    if (family === 6) {
      setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, discovery);
    } else {
      setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, discovery);
    }
    setOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    growBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    growBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    const name = borrowedRegion(sockaddrOf(address, family, port));
    const { length } = name.bytes;
    check(`bind ${address} port ${port}`, libc.bind(fd, addressOf(name, 0, length), length));
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

export function closeUdpSocket(fd: number): void {
  libc.close(fd);
}

/** Port that a socket is bound to. */
export function localPort(fd: number): number {
  const name = boundName(fd);
  return (name[2]! << 8) | name[3]!;
}

/** The struct sockaddr that a socket is bound to. */
function boundName(fd: number): Uint8Array {
  const name = borrowedRegion(new Uint8Array(NAME_BYTES));
  sockaddrLength.bytes[0] = NAME_BYTES;
  const lengthAt = addressOf(sockaddrLength, 0, SOCKLEN_BYTES);
  check("getsockname", libc.getsockname(fd, addressOf(name, 0, NAME_BYTES), lengthAt));
  return name.bytes;
}

/** Family of the address that a socket is bound to. */
export function familyOf(fd: number): 4 | 6 {
  return boundName(fd)[0] === AF_INET ? 4 : 6;
}

/** struct sockaddr_in or sockaddr_in6 of a literal address. */
export function sockaddrOf(address: string, family: 4 | 6, port: number): Uint8Array {
  const name = new Uint8Array(family === 4 ? 16 : 28);
  name[0] = family === 4 ? AF_INET : AF_INET6;
  name[2] = port >> 8;
  name[3] = port & 255;
  if (family === 4) name.set(address.split(".").map(Number), 4);
  else name.set(ipv6Bytes(address), 8);
  return name;
}

function growBuffer(fd: number, forced: number, plain: number): void {
  // *FORCE passes net.core.{r,w}mem_max with CAP_NET_ADMIN; otherwise take what the limit allows.
  if (!setOption(fd, SOL_SOCKET, forced, SOCKET_BUFFER_BYTES)) {
    setOption(fd, SOL_SOCKET, plain, SOCKET_BUFFER_BYTES);
  }
}

function ipv6Bytes(address: string): number[] {
  const [plain = ""] = address.split("%");
  const [head = "", tail] = plain.split("::");
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(Math.max(0, 16 - left.length - right.length)).fill(0);
  return [...left, ...(tail === undefined ? [] : zeros), ...right].slice(0, 16);
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
