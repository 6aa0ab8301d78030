import type { Path, Transport } from "../wire/path.ts";
import { familyOf, sockaddrOf } from "./udp-socket.ts";

/**
 * The ways to a literal address and port, `192.0.2.1:8300` or `[2001:db8::1]:8300`: one by each of the
 * sockets of its family. None for what is no address.
 */
export function pathsTo(
  address: string,
  sockets: readonly number[],
  senders: readonly Transport[],
): Path[] {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65535) return [];
  const family = match[1] === undefined ? 4 : 6;
  const sockaddr = sockaddrOf((match[1] ?? match[2])!, family, port);
  return senders
    .filter((_, i) => familyOf(sockets[i]!) === family)
    .map((via) => ({ via, sockaddr }));
}
