/** The UDP socket of a client on this machine. It knows the server's first address only. */
import type { SessionSockets } from "../../src/client/session-options.ts";
import { libc } from "../../src/io/libc.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import type { RemoteCandidate } from "../../src/sdp/candidate.ts";
import { copyPath, type Path, type Transport } from "../../src/wire/path.ts";

const MSG_DONTWAIT = 0x40;
// A datagram leaves at once: one room for all.
const room = pinnedRegion(2048);

/** Changes a datagram on its way out; a null drops it. */
export type Tamper = (bytes: Uint8Array) => Uint8Array | null;

export class ClientSocket implements SessionSockets, Transport {
  readonly region = room;
  readonly stalled = false;
  readonly backlog = null;
  /** -1 once it is closed: what is sent then is lost. */
  fd = openUdpSocket("127.0.0.1", 4, 0);
  readonly #tamper: Tamper | null;
  #candidate: RemoteCandidate | null = null;

  constructor(tamper: Tamper | null = null) {
    this.#tamper = tamper;
  }

  /** The server's address, from its answer on. */
  get candidate(): RemoteCandidate {
    if (this.#candidate === null) throw new Error("the server has not answered");
    return this.#candidate;
  }

  get path(): Path {
    const { address, family, port } = this.candidate;
    return copyPath(this, sockaddrOf(address, family, port), 0);
  }

  pathsTo(candidates: readonly RemoteCandidate[]): readonly Path[] {
    this.#candidate = candidates[0] ?? null;
    return this.#candidate === null ? [] : [this.path];
  }

  reserve(): number {
    return 0;
  }

  commit({ sockaddr }: Path, length: number): void {
    const bytes = room.bytes.subarray(0, length);
    const changed = this.#tamper === null ? bytes : this.#tamper(bytes.slice());
    if (changed === null || this.fd < 0) return;
    libc.sendto(this.fd, changed, changed.length, MSG_DONTWAIT, sockaddr, sockaddr.length);
  }

  send(path: Path, bytes: Uint8Array, length: number): void {
    room.bytes.set(bytes.subarray(0, length));
    this.commit(path, length);
  }

  close(): void {
    if (this.fd >= 0) closeUdpSocket(this.fd);
    this.fd = -1;
  }
}
