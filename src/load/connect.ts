/** Makes the sessions of a load thread, each with a socket of its own: both or neither. */
import { ClientSession } from "../client/session.ts";
import type { SessionOptions } from "../client/session-options.ts";
import { WhipEndpoint, type WhipOptions } from "../client/whip.ts";
import { monotonicUs } from "../io/clock.ts";
import type { DatagramSender } from "../io/datagram-sender.ts";
import { randomFill } from "../io/random.ts";
import { LoadSocket } from "./load-socket.ts";

/** What all sessions of a thread share. */
export interface ConnectOptions
  extends Pick<SessionOptions, "role" | "fingerprint" | "dtls" | "ciphers" | "sourcesMax"> {
  readonly http: WhipOptions;
  readonly sender: DatagramSender;
}

export class Connector {
  readonly #options: ConnectOptions;
  /** POSTs and DELETEs that are not answered yet. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  /**
   * Opens a session; `use` takes it over. When it is of no use, or `use` throws, nothing of it stays.
   * Throws a WhipError or a SessionError.
   */
  open(
    url: string,
    media: SessionOptions["media"],
    use: (session: ClientSession, socket: LoadSocket) => void,
  ): Promise<void> {
    return this.#track(this.#open(url, media, use));
  }

  /** Ends a session's HTTP side. `settled` waits for it. */
  delete(session: ClientSession): Promise<void> {
    return this.#track(session.delete());
  }

  /** Waits until every request has its answer, also those made meanwhile. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async #open(
    url: string,
    media: SessionOptions["media"],
    use: (session: ClientSession, socket: LoadSocket) => void,
  ): Promise<void> {
    const { http, sender, ...shared } = this.#options;
    const socket = new LoadSocket(sender);
    let session: ClientSession | null = null;
    try {
      session = await ClientSession.open({
        ...shared,
        media,
        signalling: new WhipEndpoint(url, http),
        sockets: socket,
        random: randomFill,
        clock: monotonicUs,
      });
      use(session, socket);
    } catch (error) {
      session?.end(monotonicUs());
      socket.close();
      await session?.delete();
      throw error;
    }
  }

  #track<T>(request: Promise<T>): Promise<T> {
    this.#underWay.add(request);
    const done = () => this.#underWay.delete(request);
    request.then(done, done);
    return request;
  }
}
