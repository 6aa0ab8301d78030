/** The publishers of one load thread: sockets, clock and HTTP around SyntheticPublisher. */
import { type ClientSession, SessionError } from "../client/session.ts";
import { WhipError } from "../client/whip.ts";
import { createCertificate } from "../io/certificate.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { DatagramSender } from "../io/datagram-sender.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import { GroReceiver } from "../io/gro-receiver.ts";
import { openOpenSsl } from "../io/openssl.ts";
import { pinnedRegion } from "../io/pinned.ts";
import { SocketSet } from "../io/socket-set.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { GuardedDtls } from "../peer/guarded-dtls.ts";
import { Connector } from "./connect.ts";
import { LoadCounters } from "./counters.ts";
import type { LoadSocket } from "./load-socket.ts";
import type { PublisherLoad } from "./options.ts";
import { random } from "./random.ts";
import { SyntheticPublisher, syntheticOffer } from "./synthetic-publisher.ts";

const WAIT_MAX_MS = 5;

interface Member {
  readonly publisher: SyntheticPublisher;
  readonly session: ClientSession;
  readonly socket: LoadSocket;
}

export interface PublisherShardResult {
  readonly failures: Readonly<Record<string, number>>;
}

export class PublisherShard {
  readonly #counters: LoadCounters;
  readonly #failures: Record<string, number> = {};
  readonly #sockets = new SocketSet();
  readonly #receiver = new GroReceiver();
  readonly #sender = new DatagramSender();
  readonly #certificate = createCertificate(new Date(realtimeUs() / 1000));
  readonly #connector: Connector;
  readonly #members: Member[] = [];
  #opening = true;
  #stopping = false;

  constructor(private readonly load: PublisherLoad) {
    this.#counters = new LoadCounters(load.block);
    const openSsl = openOpenSsl(load.openssl);
    this.#connector = new Connector({
      role: "publisher",
      http: load,
      sender: this.#sender,
      fingerprint: this.#certificate.fingerprint,
      dtls: new GuardedDtls(new OpenSslDtlsFactory(openSsl, this.#certificate, load.srtpProfiles)),
      ciphers: new OpenSslSrtpFactory(openSsl),
      sourcesMax: 1,
    });
  }

  async run(): Promise<PublisherShardResult> {
    void this.#openAll();
    while (!this.#stopping) {
      this.#turn();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const now = monotonicUs();
    for (const { session, socket } of this.#members) {
      session.end(now);
      socket.close();
      void this.#connector.delete(session);
    }
    await this.#connector.settled();
    this.#sockets.close();
    return { failures: this.#failures };
  }

  stop(): void {
    this.#stopping = true;
  }

  async #openAll(): Promise<void> {
    const frameUs = 1e6 / this.load.source.fps;
    for (const [index, url] of this.load.urls.entries()) {
      if (this.#stopping) return;
      // Phases spread over a frame's time, as independent cameras have them.
      await this.#open(url, (frameUs * index) / this.load.urls.length);
    }
    this.#opening = false;
  }

  async #open(url: string, phaseUs: number): Promise<void> {
    try {
      const media = syntheticOffer(this.load.source, below);
      await this.#connector.open(url, media, (session, socket) =>
        this.#enter(session, socket, phaseUs),
      );
    } catch (error) {
      if (!(error instanceof WhipError) && !(error instanceof SessionError)) throw error;
      // What the end cuts off has not failed.
      if (!this.#stopping) this.#fail(error.message);
    }
  }

  /** A session has been made; after the end it is unmade again. */
  #enter(session: ClientSession, socket: LoadSocket, phaseUs: number): void {
    if (this.#stopping) throw new SessionError("the load has ended");
    const publisher = new SyntheticPublisher({
      peer: session.peer,
      sections: session.media,
      plan: this.load.source,
      phaseUs,
      cname: session.offer.cname,
      counters: this.#counters,
      random: below,
      allocate: pinnedRegion,
      out: this.#sender.region,
      transmit: (length) => session.commit(length),
    });
    this.#sockets.add(socket.fd, this.#members.length);
    this.#members.push({ publisher, session, socket });
  }

  #turn(): void {
    const start = monotonicUs();
    let due = start + WAIT_MAX_MS * 1000;
    for (const { publisher } of this.#members) due = Math.min(due, publisher.nextDue());
    const waitMs = this.#opening ? 1 : Math.max(0, Math.ceil((due - start) / 1000));
    const count = this.#sockets.wait(waitMs);
    for (let i = 0; i < count; i += 1) this.#receive(this.#members[this.#sockets.ready(i)]!);
    const now = monotonicUs();
    const wallOffsetUs = realtimeUs() - now;
    for (const { publisher, session } of this.#members) {
      const { peer } = session;
      if (peer.state === "closed") continue;
      session.tick(now);
      publisher.send(now, wallOffsetUs, monotonicUs);
      if (peer.closeReason === null) continue;
      this.#fail(`${peer.closeReason} ${peer.closeDetail}`.trim());
    }
  }

  #receive({ publisher, session, socket }: Member): void {
    const receiver = this.#receiver;
    const count = receiver.receive(socket.fd);
    session.handleDatagrams(monotonicUs(), socket, receiver, count, publisher);
  }

  #fail(reason: string): void {
    this.#counters.add("publishersFailed");
    this.#failures[reason] = (this.#failures[reason] ?? 0) + 1;
  }
}

function below(limit: number): number {
  return Math.floor(random() * limit);
}
