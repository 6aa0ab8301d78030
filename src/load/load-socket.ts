/** The UDP socket of one session of a load. Its datagrams are read by whoever watches all of them. */
import type { SessionSockets } from "../client/session-options.ts";
import type { DatagramSender } from "../io/datagram-sender.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../io/udp-socket.ts";
import type { RemoteCandidate } from "../sdp/candidate.ts";
import type { Region } from "../srtp/cipher.ts";
import { copyPath, type Path, type Transport } from "../wire/path.ts";

export class LoadSocket implements SessionSockets, Transport {
  /** -1 until the server's addresses are known, and after the end. */
  fd = -1;
  readonly stalled = false;
  readonly backlog = null;
  readonly region: Region;
  readonly #sender: DatagramSender;

  constructor(sender: DatagramSender) {
    this.region = sender.region;
    this.#sender = sender;
  }

  /** Opens the socket. By IPv4 if the server names such an address. */
  pathsTo(candidates: readonly RemoteCandidate[]): readonly Path[] {
    const family = candidates.some((candidate) => candidate.family === 4) ? 4 : 6;
    this.fd = openUdpSocket(family === 4 ? "0.0.0.0" : "::", family, 0);
    return candidates
      .filter((candidate) => candidate.family === family)
      .map(({ address, port }) => copyPath(this, sockaddrOf(address, family, port), 0));
  }

  /** A datagram leaves at once: there is room for one. */
  reserve(): number {
    return 0;
  }

  commit(path: Path, length: number): void {
    this.#sender.send(this.fd, path.sockaddr, length);
  }

  send(path: Path, bytes: Uint8Array, length: number): void {
    this.region.bytes.set(bytes.subarray(0, length));
    this.commit(path, length);
  }

  close(): void {
    if (this.fd >= 0) closeUdpSocket(this.fd);
    this.fd = -1;
  }
}
