import { closeUdpSocket, localPort, openUdpSocket } from "../../io/udp-socket.ts";
import type { LocalAddress } from "./addresses.ts";
import type { LocalCandidate } from "./plane.ts";

/** In place of a worker's number among those with sockets. */
const ANY_PORT = -1;

/** The sockets of one worker, and what clients are told of them. */
export interface OpenSockets {
  readonly fds: readonly number[];
  readonly candidates: readonly LocalCandidate[];
}

/** The sockets of all workers. They are control's, so that a port survives its worker. */
export class WorkerSockets {
  readonly #addresses: readonly LocalAddress[];
  readonly #firstPort: number;
  readonly #probes: boolean;
  readonly #all: number[] = [];

  /** `firstPort` 0: ports of the kernel's choice; `probes`: as openUdpSocket has it. */
  constructor(addresses: readonly LocalAddress[], firstPort: number, probes = false) {
    this.#addresses = addresses;
    this.#firstPort = firstPort;
    this.#probes = probes;
  }

  /** One socket a local address, all on the worker's port; throws when one is taken, with none left open. */
  open(port: number): OpenSockets {
    const fds: number[] = [];
    const candidates: LocalCandidate[] = [];
    for (const { address, family, advertised } of this.#addresses) {
      const fd = this.#openOne(address, family, port);
      fds.push(fd);
      for (const told of advertised) {
        candidates.push({ address: told, port: localPort(fd), family: told.includes(":") ? 6 : 4 });
      }
    }
    return { fds, candidates };
  }

  /**
   * Beside `open`, two sockets a local address on ports of the kernel's choice: to call by, so that who
   * is called back is told apart, and who calls again, too.
   */
  openCalling(): readonly number[] {
    const twice = [...this.#addresses, ...this.#addresses];
    return twice.map(({ address, family }) => this.#openOne(address, family, ANY_PORT));
  }

  close(): void {
    for (const fd of this.#all) closeUdpSocket(fd);
  }

  #openOne(address: string, family: 4 | 6, port: number): number {
    const kernels = this.#firstPort === 0 || port === ANY_PORT;
    try {
      const bound = kernels ? 0 : this.#firstPort + port;
      const fd = openUdpSocket(address, family, bound, this.#probes);
      this.#all.push(fd);
      return fd;
    } catch (error) {
      this.close();
      throw error;
    }
  }
}
