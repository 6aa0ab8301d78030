/** The publishers of one load thread: sockets, clock and HTTP around SyntheticPublisher. */
import { offerOf } from "../client/offer.ts";
import { type WhipEndpoint, WhipError } from "../client/whip.ts";
import type { MediaSection } from "../contract/session.ts";
import { createCertificate } from "../io/certificate.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { DatagramSender } from "../io/datagram-sender.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import { GroReceiver } from "../io/gro-receiver.ts";
import { openOpenSsl } from "../io/openssl.ts";
import { pinnedRegion } from "../io/pinned.ts";
import { randomFill } from "../io/random.ts";
import { SocketSet } from "../io/socket-set.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { createTransmit } from "../peer/transmit.ts";
import { type Connection, Connector } from "./connect.ts";
import { LoadCounters } from "./counters.ts";
import type { PublisherLoad } from "./options.ts";
import { random } from "./random.ts";
import { AnswerError } from "./session.ts";
import { SyntheticPublisher, syntheticOffer } from "./synthetic-publisher.ts";

const WAIT_MAX_MS = 5;

interface Member {
  readonly publisher: SyntheticPublisher;
  readonly endpoint: WhipEndpoint;
  readonly fd: number;
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
  readonly #transmit = createTransmit();
  readonly #certificate = createCertificate(new Date(realtimeUs() / 1000));
  readonly #connector: Connector;
  readonly #members: Member[] = [];
  #opening = true;
  #stopping = false;

  constructor(private readonly load: PublisherLoad) {
    this.#counters = new LoadCounters(load.block);
    const openSsl = openOpenSsl(load.openssl);
    this.#connector = new Connector({
      load,
      dtls: new OpenSslDtlsFactory(openSsl, this.#certificate, load.srtpProfiles),
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
    for (const member of this.#members) {
      member.publisher.peer.close(now, "deleted");
      this.#flush(member);
      this.#connector.release({ peer: member.publisher.peer, fd: member.fd });
      void this.#connector.delete(member.endpoint);
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
    const offered = syntheticOffer(this.load.source, below);
    const { fingerprint } = this.#certificate;
    const offer = offerOf("publisher", offered, fingerprint, randomFill);
    try {
      await this.#connector.open(url, offer, this.#members.length, (connection) =>
        this.#enter(connection, offered, phaseUs, offer.cname),
      );
    } catch (error) {
      if (!(error instanceof WhipError) && !(error instanceof AnswerError)) throw error;
      // What the end cuts off has not failed.
      if (!this.#stopping) this.#fail(error.message);
    }
  }

  /** A session has been made; after the end it is unmade again. */
  #enter(
    { endpoint, media, peer, fd }: Connection,
    offered: readonly MediaSection[],
    phaseUs: number,
    cname: string,
  ): void {
    if (this.#stopping) throw new AnswerError("the load has ended");
    const publisher = new SyntheticPublisher({
      peer,
      offered,
      answered: media,
      plan: this.load.source,
      phaseUs,
      cname,
      counters: this.#counters,
      random: below,
      allocate: pinnedRegion,
      out: this.#sender.region,
      transmit: (length) => {
        const { path } = peer;
        if (path !== null) this.#sender.send(fd, path.sockaddr, length);
      },
    });
    if (publisher.isEmpty) throw new AnswerError("the server takes none of the tracks");
    this.#sockets.add(fd, this.#members.length);
    this.#members.push({ publisher, endpoint, fd });
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
    for (const member of this.#members) {
      const { peer } = member.publisher;
      if (peer.state === "closed") continue;
      if (now >= peer.nextTimeout()) peer.handleTimeout(now);
      this.#flush(member);
      member.publisher.send(now, wallOffsetUs, monotonicUs);
      if (peer.closeReason === null) continue;
      this.#fail(`${peer.closeReason} ${peer.closeDetail}`.trim());
    }
  }

  #receive(member: Member): void {
    const receiver = this.#receiver;
    const count = receiver.receive(member.fd);
    const now = monotonicUs();
    for (let i = 0; i < count; i += 1) {
      member.publisher.handleDatagram(
        now,
        receiver.region,
        receiver.offset(i),
        receiver.length(i),
        receiver.names,
        receiver.nameOffset(i),
      );
    }
  }

  #flush(member: Member): void {
    while (member.publisher.peer.pollTransmit(this.#transmit)) {
      const { bytes, length, path } = this.#transmit;
      this.#sender.region.bytes.set(bytes.subarray(0, length));
      this.#sender.send(member.fd, path.sockaddr, length);
    }
  }

  #fail(reason: string): void {
    this.#counters.add("publishersFailed");
    this.#failures[reason] = (this.#failures[reason] ?? 0) + 1;
  }
}

function below(limit: number): number {
  return Math.floor(random() * limit);
}
