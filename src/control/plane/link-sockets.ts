import { networkInterfaces } from "node:os";
import { type HostPort, isLoopback } from "../../config/values.ts";
import { localAddresses } from "./addresses.ts";
import { type OpenSockets, WorkerSockets } from "./worker-sockets.ts";

/** Each has a socket to be called at and two to call by: no more sockets than the poller takes. */
const LINK_ADDRESSES_MAX = 8;

/** The port where other nodes reach this one, on each address, and the sockets to call them by. */
export function openLinkSockets({ host, port }: HostPort): {
  readonly links: WorkerSockets;
  readonly opened: OpenSockets;
} {
  const addresses = localAddresses({
    host,
    localFirst: isLoopback(host),
    advertise: [],
    interfaces: networkInterfaces(),
  });
  if (addresses.length === 0) throw new Error("link: no usable local address (see --link)");
  const links = new WorkerSockets(addresses.slice(0, LINK_ADDRESSES_MAX), port, true);
  const { fds, candidates } = links.open(0);
  return { links, opened: { fds: [...fds, ...links.openCalling()], candidates } };
}
