/** A session of ours, the server's peer, and the links between them, in virtual time. */
import { ClientSession, type SessionListener } from "../../src/client/session.ts";
import type { SessionOptions, SessionSockets } from "../../src/client/session-options.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { sockaddrOf } from "../../src/io/udp-socket.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import type { PeerEventCode } from "../../src/peer/events.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { Peer } from "../../src/peer/peer.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { answerPublisher, answerViewer } from "../../src/sdp/answer.ts";
import { VIEWER_MEDIA } from "../../src/sdp/client.ts";
import type { LocalCandidate, LocalDescription } from "../../src/sdp/local.ts";
import { readOffer } from "../../src/sdp/offer.ts";
import { isProblem } from "../../src/sdp/problem.ts";
import { copyPath, type Transport } from "../../src/wire/path.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";
import { LossyLink } from "../support/lossy-link.ts";
import { seeded } from "../support/random.ts";

/** Of every link, one way. */
export const DELAY_US = 20_000;
/** Where a socket's room begins: not at byte 0, as in one that queues. */
export const PLACE = 64;
export const V4: LocalCandidate = { address: "10.0.0.1", port: 8000, family: 4 };
export const V6: LocalCandidate = { address: "fd00::1", port: 8001, family: 6 };

const openSsl = openOpenSsl("system");
const ciphers = new OpenSslSrtpFactory(openSsl);
const clientCertificate = createCertificate();
const serverCertificate = createCertificate();
const clientDtls = new GuardedDtls(new OpenSslDtlsFactory(openSsl, clientCertificate));
const serverDtls = new GuardedDtls(new OpenSslDtlsFactory(openSsl, serverCertificate));
const transmit = createTransmit();
const scratch = pinnedRegion(2048);

export interface WorldOptions {
  readonly role?: "publisher" | "viewer";
  readonly seed?: number;
  /** The server's addresses. */
  readonly candidates?: readonly LocalCandidate[];
  /** Families that this machine has; the n-th has socket number n. */
  readonly families?: readonly (4 | 6)[];
  /** What of the client's datagrams is lost: by family and by how many that socket sent before. */
  readonly loses?: (family: 4 | 6, before: number) => boolean;
  /** Changes the answer on its way. */
  readonly answer?: (sdp: string) => string;
  /** The server makes no session. */
  readonly refuse?: Error;
}

/** One of the client's sockets and its link to the server. */
class Way {
  readonly sent: Uint8Array[] = [];
  readonly up: LossyLink;
  readonly down: LossyLink;
  /** Whence the client's datagrams come to the server, and whence the server's to the client. */
  readonly from: Uint8Array;
  readonly to: Uint8Array;

  constructor(
    readonly family: 4 | 6,
    random: () => number,
  ) {
    this.up = new LossyLink(random, { delayUs: DELAY_US });
    this.down = new LossyLink(random, { delayUs: DELAY_US });
    const { address, port } = family === 4 ? V4 : V6;
    this.from = sockaddrOf(family === 4 ? "10.0.0.2" : "fd00::2", family, 5000);
    this.to = sockaddrOf(address, family, port);
  }
}

export class World implements SessionListener {
  now = 5_000_000;
  session!: ClientSession;
  server!: Peer;
  deletes = 0;
  /** What the session told, and when. */
  readonly events: [PeerEventCode, number][] = [];
  /** The packets of those events, opened. */
  readonly packets: Uint8Array[] = [];
  readonly #options: WorldOptions;
  readonly #random: () => number;
  readonly #ways: readonly Way[];
  /** What the client's datagrams leave by: one for each of its sockets. */
  readonly transports: readonly Transport[];

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.#random = seeded(options.seed ?? 3);
    this.#ways = (options.families ?? [4, 6]).map((family) => new Way(family, this.#random));
    this.transports = this.#ways.map((way) => this.#transport(way));
  }

  /** Datagrams of the client, by the number of the socket. */
  sent(socket: number): readonly Uint8Array[] {
    return this.#ways[socket]!.sent;
  }

  /** An answer takes one round trip. */
  async open(more: Partial<SessionOptions> = {}): Promise<ClientSession> {
    const { role = "viewer", refuse, answer = (sdp: string) => sdp } = this.#options;
    this.session = await ClientSession.open({
      role,
      media: VIEWER_MEDIA,
      fingerprint: clientCertificate.fingerprint,
      dtls: clientDtls,
      ciphers,
      sourcesMax: 4,
      random: (out) => this.#fill(out),
      clock: () => this.now,
      signalling: {
        create: async (offer) => {
          if (refuse !== undefined) throw refuse;
          this.now += 2 * DELAY_US;
          return answer(this.#serve(offer));
        },
        delete: async () => {
          this.deletes += 1;
        },
      },
      sockets: this.#sockets(),
      ...more,
    });
    return this.session;
  }

  /** Lets time go by, for `forUs` or until it is `done`; whether it is. */
  run(forUs: number, done: () => boolean = () => false): boolean {
    const end = this.now + forUs;
    for (;;) {
      this.#turn();
      if (done()) return true;
      const arrivals = this.#ways.flatMap(({ up, down }) => [up.nextArrival(), down.nextArrival()]);
      const timers = [this.session.peer.nextTimeout(), this.server.nextTimeout()];
      const next = Math.min(...arrivals, ...timers);
      if (next > end) {
        this.now = end;
        return done();
      }
      this.now = Math.max(this.now, next);
    }
  }

  connect(): boolean {
    return this.run(2_000_000, () => this.session.peer.state === "connected");
  }

  /** Bytes from the server to the client's socket of this number. */
  send(bytes: Uint8Array, socket = 0): void {
    this.#ways[socket]!.down.send(this.now, bytes);
  }

  /** RTP of the server, sealed: 40 bytes of payload. */
  packet(index: number): Uint8Array {
    writeRtpHeader(scratch.bytes, 0, 111, false, index, 960 * index, 11, false, false);
    const sender = this.server.sender!;
    const stream = sender.stream(11);
    const length = sender.sealRtp(stream, scratch, 0, 12, scratch, 12, 40, index);
    return scratch.bytes.slice(0, length);
  }

  handleEvent(event: PeerEventCode, now: number, bytes: Uint8Array, offset: number): void {
    this.events.push([event, now]);
    this.packets.push(bytes.slice(offset, offset + this.session.peer.length));
  }

  free(): void {
    for (const peer of [this.session.peer, this.server]) {
      peer.close(this.now, "shutdown");
      peer.free();
    }
  }

  #sockets(): SessionSockets {
    return {
      pathsTo: (candidates) =>
        this.#ways.flatMap(({ family, to }, socket) =>
          candidates.some((each) => each.family === family)
            ? [copyPath(this.transports[socket]!, to, 0)]
            : [],
        ),
    };
  }

  #transport({ sent, family, up }: Way): Transport {
    const send = (bytes: Uint8Array): void => {
      const lost = this.#options.loses?.(family, sent.length) ?? false;
      sent.push(bytes);
      if (!lost) up.send(this.now, bytes);
    };
    return {
      region: scratch,
      stalled: false,
      backlog: null,
      reserve: () => PLACE,
      commit: (_path, length) => send(scratch.bytes.slice(PLACE, PLACE + length)),
      send: (_path, bytes, length) => send(bytes.slice(0, length)),
    };
  }

  #serve(text: string): string {
    const { role = "viewer", candidates = [V4, V6] } = this.#options;
    const offer = readOffer(text, { role });
    if (isProblem(offer)) throw new Error(offer.detail);
    const { algorithm, value } = serverCertificate.fingerprint;
    const local: LocalDescription = {
      ...{ ufrag: "srvU", pwd: "serverPassword0123456789", sessionId: "1", streamId: "live" },
      ...{ candidates, cname: "server", ssrcs: { audio: 11, video: 22, videoRtx: 33 } },
      fingerprint: `${algorithm} ${value}`,
    };
    const answer =
      role === "viewer"
        ? answerViewer(offer, local, null)
        : answerPublisher(offer, local, { simulcast: false, files: false });
    if (isProblem(answer)) throw new Error(answer.detail);
    this.server = new Peer({
      session: 7,
      setup: answer.peer,
      ice: { mode: "lite", random: (out) => this.#fill(out) },
      dtls: serverDtls,
      ciphers,
      counters: createPeerCounters(),
      sourcesMax: 4,
      now: this.now,
    });
    return answer.sdp;
  }

  /** What is due at this moment: arrivals, then timers, at both ends. */
  #turn(): void {
    const { session, server, now } = this;
    for (const [socket, { up, down, from, to }] of this.#ways.entries()) {
      const via = this.transports[socket]!;
      for (let bytes = down.receive(now); bytes; bytes = down.receive(now)) {
        scratch.bytes.set(bytes);
        const { length } = bytes;
        const one = { offset: () => 0, length: () => length, nameOffset: () => 0 };
        session.handleDatagrams(now, via, { region: scratch, names: to, ...one }, 1, this);
      }
      for (let bytes = up.receive(now); bytes; bytes = up.receive(now)) {
        scratch.bytes.set(bytes);
        server.handleDatagram(now, scratch, 0, bytes.length, via, from, 0);
      }
    }
    session.tick(now);
    server.handleTimeout(now);
    while (server.pollTransmit(transmit)) {
      this.send(
        transmit.bytes.slice(0, transmit.length),
        this.transports.indexOf(transmit.path.via),
      );
    }
  }

  #fill(out: Uint8Array): void {
    for (let i = 0; i < out.length; i += 1) out[i] = this.#random() * 256;
  }
}
