/** The UDP sockets of a publishing client: one of each address family that a server has. */
import type { SessionSockets } from "../client/session-options.ts";
import { UdpSender } from "../io/udp-sender.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../io/udp-socket.ts";
import type { RemoteCandidate } from "../sdp/candidate.ts";
import { copyPath, type Path } from "../wire/path.ts";

export interface Link {
  readonly fd: number;
  readonly sender: UdpSender;
}

/** Kept from session to session: a sender's memory lives as long as its thread. */
export class Links implements SessionSockets {
  readonly all: Link[] = [];
  /** Null on a machine without the family. */
  readonly #byFamily = new Map<4 | 6, UdpSender | null>();

  /** Ways to the candidates, IPv4 first; none when this machine can send to none of them. */
  pathsTo(candidates: readonly RemoteCandidate[]): readonly Path[] {
    const paths: Path[] = [];
    for (const family of [4, 6] as const) {
      const targets = candidates.filter((candidate) => candidate.family === family);
      const sender = targets.length === 0 ? null : this.#senderOf(family);
      if (sender === null) continue;
      for (const { address, port } of targets) {
        paths.push(copyPath(sender, sockaddrOf(address, family, port), 0));
      }
    }
    return paths;
  }

  /** Hands what was written to the kernel. */
  flush(): void {
    for (const { sender } of this.all) sender.flush();
  }

  close(): void {
    for (const { fd } of this.all) closeUdpSocket(fd);
  }

  #senderOf(family: 4 | 6): UdpSender | null {
    const known = this.#byFamily.get(family);
    if (known !== undefined) return known;
    let sender: UdpSender | null = null;
    try {
      const fd = openUdpSocket(family === 4 ? "0.0.0.0" : "::", family, 0);
      sender = new UdpSender(fd, true);
      this.all.push({ fd, sender });
    } catch {
      // A machine without this family; the other one has to do.
    }
    this.#byFamily.set(family, sender);
    return sender;
  }
}
