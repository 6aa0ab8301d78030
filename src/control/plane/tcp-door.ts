import { networkInterfaces } from "node:os";
import { type Config, isForThisMachine } from "../../config.ts";
import type { WorkerCommand } from "../../contract/messages.ts";
import { messageOf } from "../../errors.ts";
import { monotonicUs } from "../../io/clock.ts";
import { pinnedRegion } from "../../io/pinned.ts";
import { SocketSet } from "../../io/socket-set.ts";
import {
  type Accepted,
  acceptTcp,
  closeTcp,
  openTcpListener,
  readTcp,
} from "../../io/tcp-socket.ts";
import { localPort } from "../../io/udp-socket.ts";
import { CONNECTIONS_PER_SESSION } from "../../limits.ts";
import type { Logger } from "../../log.ts";
import { Acceptor, type TcpRefusal } from "./acceptor.ts";
import { type LocalAddress, localAddresses } from "./addresses.ts";
import type { LocalCandidate } from "./plane.ts";

/** Connections are taken and read so often: a tenth of a percent of a core. */
const TURN_MS = 20;
/** Want of descriptors is told so often at most. */
const TELL_US = 10_000_000;

/** Where a session lives. */
interface Home {
  readonly worker: number;
  readonly session: number;
}

/** Gives a worker a command; false while there is nobody to act on it. */
type Send = (worker: number, command: WorkerCommand) => boolean;

/** As --ice-tcp has it; null where clients come by UDP alone. Throws when the port is taken. */
export function openTcpDoor(config: Config, log: Logger, send: Send): TcpDoor | null {
  if (config.iceTcp === null) return null;
  const { host, port } = config.iceTcp;
  const addresses = localAddresses({
    host,
    localFirst: isForThisMachine(config),
    advertise: config.advertise,
    interfaces: networkInterfaces(),
  });
  if (addresses.length === 0) {
    throw new Error("ice-tcp: no usable local address (see --ice-tcp and --advertise)");
  }
  return new TcpDoor(addresses, port, log, send);
}

/**
 * The one TCP port of all workers (RFC 6544, passive): who connects there is handed to the worker of the
 * session that its first check names. All descriptors stay this thread's, so that none outlives its
 * worker, and none is closed that has become another's.
 */
export class TcpDoor {
  readonly candidates: readonly LocalCandidate[];
  /** Connections that were closed before anybody had them, by why. */
  readonly refusals = new Map<TcpRefusal, number>();
  readonly #set = new SocketSet();
  readonly #listeners: readonly number[];
  readonly #acceptor: Acceptor;
  readonly #log: Logger;
  readonly #send: Send;
  readonly #homes = new Map<string, Home>();
  readonly #sessions = new Map<number, { readonly ufrags: string[]; connections: number }>();
  /** Whose each connection is. */
  readonly #given = new Map<number, Home>();
  readonly #timer: ReturnType<typeof setInterval>;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** Throws when the port is taken, with none left open. */
  constructor(addresses: readonly LocalAddress[], port: number, log: Logger, send: Send) {
    this.#log = log;
    this.#send = send;
    const listeners: number[] = [];
    const candidates: LocalCandidate[] = [];
    try {
      for (const { address, family, advertised } of addresses) {
        const fd = openTcpListener(address, family, port);
        listeners.push(fd);
        for (const told of advertised) {
          const toldFamily = told.includes(":") ? 6 : 4;
          candidates.push({ address: told, port: localPort(fd), family: toldFamily, tcp: true });
        }
      }
    } catch (error) {
      for (const fd of listeners) closeTcp(fd);
      this.#set.close();
      throw error;
    }
    this.#listeners = listeners;
    this.candidates = candidates;
    this.#acceptor = new Acceptor(
      listeners,
      {
        ...{ accept: acceptTcp, read: readTcp, close: closeTcp, allocate: pinnedRegion },
        set: this.#set,
      },
      {
        take: (client, ufrag, bytes) => this.#take(client, ufrag, bytes),
        refused: (why) => void this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1),
        failed: (error) => this.#tell(error),
      },
    );
    this.#timer = setInterval(() => this.#acceptor.turn(monotonicUs()), TURN_MS);
  }

  /** Checks for this ufrag are for this session. */
  expect(ufrag: string, worker: number, session: number): void {
    const known = this.#sessions.get(session) ?? { ufrags: [], connections: 0 };
    known.ufrags.push(ufrag);
    this.#sessions.set(session, known);
    this.#homes.set(ufrag, { worker, session });
  }

  /** The session is over. */
  forget(session: number): void {
    for (const ufrag of this.#sessions.get(session)?.ufrags ?? []) this.#homes.delete(ufrag);
    this.#sessions.delete(session);
  }

  /** A worker has let go of a connection. */
  over(fd: number): void {
    const home = this.#given.get(fd);
    if (home === undefined) return;
    this.#given.delete(fd);
    const session = this.#sessions.get(home.session);
    if (session !== undefined) session.connections -= 1;
    closeTcp(fd);
  }

  /** A worker's thread has ended. */
  workerLost(worker: number): void {
    for (const [fd, home] of this.#given) if (home.worker === worker) this.over(fd);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#acceptor.close();
    for (const fd of this.#listeners) closeTcp(fd);
    for (const fd of [...this.#given.keys()]) this.over(fd);
    this.#set.close();
  }

  #take(client: Accepted, ufrag: string, bytes: Uint8Array): TcpRefusal | null {
    const home = this.#homes.get(ufrag);
    if (home === undefined) return "unknown";
    const session = this.#sessions.get(home.session)!;
    if (session.connections >= CONNECTIONS_PER_SESSION) return "session";
    const { fd, sockaddr } = client;
    if (!this.#send(home.worker, { type: "connection", fd, sockaddr, bytes })) return "unknown";
    this.#given.set(fd, home);
    session.connections += 1;
    return null;
  }

  #tell(error: unknown): void {
    const now = monotonicUs();
    if (now - this.#toldAt < TELL_US) return;
    this.#toldAt = now;
    const cause = messageOf(error);
    this.#log.warn("No TCP connection of a client can be taken", { cause });
  }
}
