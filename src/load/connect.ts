/** Makes the sessions of a load thread: HTTP, socket and peer, all of them or none. */
import type { WhipEndpoint } from "../client/whip.ts";
import type { MediaSection } from "../contract/session.ts";
import { monotonicUs } from "../io/clock.ts";
import { randomFill } from "../io/random.ts";
import { closeUdpSocket, openUdpSocket } from "../io/udp-socket.ts";
import { createPeerCounters } from "../peer/counters.ts";
import { Peer } from "../peer/peer.ts";
import type { PeerOptions } from "../peer/peer-options.ts";
import type { ClientOffer } from "../sdp/client.ts";
import type { ViewerLoad } from "./options.ts";
import { candidatePaths } from "./paths.ts";
import { openSession } from "./session.ts";

export interface Connection {
  readonly endpoint: WhipEndpoint;
  /** Sections that the server accepted. */
  readonly media: readonly MediaSection[];
  readonly peer: Peer;
  readonly fd: number;
}

/** What all sessions of a thread share. */
export interface ConnectOptions {
  readonly load: Pick<ViewerLoad, "token" | "anyCertificate">;
  readonly dtls: PeerOptions["dtls"];
  readonly ciphers: PeerOptions["ciphers"];
  /** Media sources that a peer takes. */
  readonly sourcesMax: number;
}

export class Connector {
  readonly #options: ConnectOptions;
  readonly #counters = createPeerCounters();
  /** POSTs and DELETEs that are not answered yet. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  /**
   * Posts the offer and makes what the session needs; `use` takes it over. When the answer is of no
   * use, or `use` throws, the session is deleted and the socket closed. Throws a WhipError or an
   * AnswerError.
   */
  open(
    url: string,
    offer: ClientOffer,
    number: number,
    use: (connection: Connection) => void,
  ): Promise<void> {
    return this.#track(this.#open(url, offer, number, use));
  }

  /** Ends a session's HTTP side. `settled` waits for it. */
  delete(endpoint: WhipEndpoint): Promise<void> {
    return this.#track(endpoint.delete());
  }

  /** Lets go of socket and peer. */
  release({ peer, fd }: Pick<Connection, "peer" | "fd">): void {
    closeUdpSocket(fd);
    peer.free();
  }

  /** Waits until every request has its answer, also those made meanwhile. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async #open(
    url: string,
    offer: ClientOffer,
    number: number,
    use: (connection: Connection) => void,
  ): Promise<void> {
    const { load, dtls, ciphers, sourcesMax } = this.#options;
    const { endpoint, answer, setup } = await openSession(url, offer, load);
    let fd = -1;
    let peer: Peer | null = null;
    try {
      const { paths, family } = candidatePaths(answer.peer.candidates);
      fd = openUdpSocket(family === 4 ? "0.0.0.0" : "::", family, 0);
      peer = new Peer({
        session: number,
        setup,
        ice: { mode: "controlling", paths, random: randomFill },
        dtls,
        ciphers,
        counters: this.#counters,
        sourcesMax,
        now: monotonicUs(),
      });
      use({ endpoint, media: answer.media, peer, fd });
    } catch (error) {
      if (fd >= 0) closeUdpSocket(fd);
      peer?.close(monotonicUs(), "deleted");
      peer?.free();
      await endpoint.delete();
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
