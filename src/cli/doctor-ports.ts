/** Whether the ports of a configuration are free. */
import type { ClusterConfig } from "../config/cluster.ts";
import { formatHostPort, type HostPort } from "../config/values.ts";
import { portsOf } from "../config/workers.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { closeUdpSocket, openUdpSocket } from "../io/udp-socket.ts";
import { type Finding, fail, ok } from "./finding.ts";
import { endOwner } from "./start-error.ts";

export function checkHttpPort({ http }: Config): Finding {
  return checkTcpPort("http", http);
}

/** The port where clients without UDP connect. */
export function checkIceTcpPort(port: HostPort): Finding {
  return checkTcpPort("ice-tcp", port);
}

function checkTcpPort(option: "http" | "ice-tcp", { host, port }: HostPort): Finding {
  const name = `tcp ${formatHostPort(host, port)}`;
  try {
    const listener = Bun.listen({ hostname: host, port, socket: { data: () => {} } });
    listener.stop(true);
    return ok(name, "free");
  } catch (error) {
    return fail(name, messageOf(error), `Choose another --${option}, or ${endOwner(option, port)}`);
  }
}

export function checkMediaPorts({ media, workers }: Config): Finding {
  const count = portsOf(workers);
  const name = `udp ${formatHostPort(media.host, media.port)}-${media.port + count - 1}`;
  return checkUdpPorts("media", name, media, count);
}

export function checkLinkPort({ link }: ClusterConfig): Finding {
  return checkUdpPorts("link", `udp ${formatHostPort(link.host, link.port)}`, link, 1);
}

function checkUdpPorts(
  option: "media" | "link",
  name: string,
  { host, port: first }: HostPort,
  count: number,
): Finding {
  const family = host.includes(":") ? 6 : 4;
  for (let port = first; first !== 0 && port < first + count; port += 1) {
    try {
      closeUdpSocket(openUdpSocket(host, family, port));
    } catch (error) {
      const mend = `Choose another --${option}, or ${endOwner(option, port)}`;
      return fail(name, messageOf(error), mend);
    }
  }
  return ok(name, "free");
}
