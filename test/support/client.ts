/** Light WHIP and WHEP clients over real sockets, many in one process: no media engine behind them. */
import { offerOf } from "../../src/client/offer.ts";
import type { PacketSink } from "../../src/client/rtp-track.ts";
import { ClientSession, type SessionListener } from "../../src/client/session.ts";
import type { Signalling } from "../../src/client/session-options.ts";
import type { Fingerprint } from "../../src/contract/session.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { monotonicUs } from "../../src/io/clock.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { randomFill } from "../../src/io/random.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { PeerEvent, type PeerEventCode } from "../../src/peer/events.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import type { Peer } from "../../src/peer/peer.ts";
import type { RemoteCandidate } from "../../src/sdp/candidate.ts";
import { VIEWER_MEDIA, writeOffer } from "../../src/sdp/client.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";
import { ClientMedia, publisherSections } from "./client-media.ts";
import { ClientSocket, type Tamper } from "./client-socket.ts";
import { type Received, receivedBy } from "./received.ts";
import { until } from "./until.ts";

const openSsl = openOpenSsl("system");
const certificate = createCertificate();
const dtls = new GuardedDtls(new OpenSslDtlsFactory(openSsl, certificate));
const ciphers = new OpenSslSrtpFactory(openSsl);
const receiver = new UdpReceiver();
const PUMP_MS = 4;

export interface ClientOptions {
  /** That of the offer, if it is not to be true. */
  readonly fingerprint?: Fingerprint;
  /** `passive`: the server is to be the DTLS client. */
  readonly setup?: "passive";
  readonly tamper?: Tamper;
  /** A publisher's layers, the largest first; one layer without. */
  readonly rids?: readonly string[];
}

/** One session and its socket. Live clients are driven by one timer. */
export class Client implements SessionListener {
  readonly received: Received;
  /** Sealed RTP datagrams that left lately, newest last. */
  readonly sentRtp: Uint8Array[] = [];
  readonly sentRtcp: Uint8Array[] = [];
  /** When the last RTP packet came, us. */
  lastRtpUs = 0;
  /** Extra work of each round: a publisher's media. */
  work: ((now: number) => void) | null = null;
  /** Sees each opened RTP and RTCP packet: `peer.length` bytes at the offset. */
  tap: ((event: PeerEventCode, bytes: Uint8Array, offset: number, now: number) => void) | null =
    null;
  readonly peer: Peer;
  readonly candidate: RemoteCandidate;
  readonly #session: ClientSession;
  readonly #socket: ClientSocket;

  private constructor(
    readonly url: string,
    session: ClientSession,
    socket: ClientSocket,
  ) {
    this.peer = session.peer;
    this.candidate = socket.candidate;
    this.#session = session;
    this.#socket = socket;
    this.received = receivedBy();
    live.add(this);
    pump();
  }

  /** POSTs an offer; the session is not connected yet. Throws unless the answer is 201. */
  static async open(
    base: string,
    kind: "publisher" | "viewer",
    stream: string,
    options: ClientOptions = {},
  ): Promise<Client> {
    const endpoint = new Endpoint(base, kind, stream, options.setup);
    const socket = new ClientSocket(options.tamper);
    try {
      const session = await ClientSession.open({
        role: kind,
        media: kind === "viewer" ? VIEWER_MEDIA : publisherSections(options.rids ?? []),
        fingerprint: options.fingerprint ?? certificate.fingerprint,
        signalling: endpoint,
        sockets: socket,
        dtls,
        ciphers,
        sourcesMax: 16,
        random: randomFill,
        clock: monotonicUs,
      });
      const client = new Client(endpoint.session, session, socket);
      if (kind === "publisher") client.#publish();
      return client;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Opens a session and waits until media may flow. */
  static async connect(
    base: string,
    kind: "publisher" | "viewer",
    stream: string,
    options: ClientOptions = {},
  ): Promise<Client> {
    const client = await Client.open(base, kind, stream, options);
    await client.connected();
    return client;
  }

  async connected(): Promise<void> {
    await until("the session connects", 15_000, () => this.peer.state === "connected");
  }

  /** Sends any bytes from this session's own address. */
  send(bytes: Uint8Array): void {
    this.#socket.region.bytes.set(bytes);
    this.#socket.commit(this.peer.path ?? this.#socket.path, bytes.length);
  }

  /** Seals a compound RTCP packet and sends it. */
  sendRtcp(bytes: Uint8Array): void {
    const { region } = this.#socket;
    region.bytes.set(bytes);
    this.#session.commit(this.peer.sender!.sealRtcp(region, 0, bytes.length));
  }

  /** A well-formed packet of any source of this session. */
  sendRtp(ssrc: number, index: number): void {
    const { region } = this.#socket;
    writeRtpHeader(region.bytes, 0, 0x60, false, index & 0xffff, 0, ssrc, false, false);
    const sender = this.peer.sender!;
    const stream = sender.stream(ssrc);
    this.#session.commit(sender.sealRtp(stream, region, 0, 12, region, 12, 100, index));
  }

  /** Lets go of the socket without a word, as a page that crashed. */
  vanish(): void {
    if (!live.delete(this)) return;
    this.#socket.close();
    this.#session.end(monotonicUs());
    this.#release?.();
  }

  /** DTLS close_notify and nothing over HTTP, as a player that is closed. */
  hangUp(): void {
    this.#session.end(monotonicUs());
    this.vanish();
  }

  /** DELETE, and the socket is closed. */
  async leave(): Promise<void> {
    this.vanish();
    await this.#session.delete();
  }

  /** One round of receiving, timers and sending. */
  turn(now: number): void {
    const { fd } = this.#socket;
    for (let count = receiver.receive(fd); count > 0; count = receiver.receive(fd)) {
      this.received.datagrams += count;
      this.#session.handleDatagrams(now, this.#socket, receiver, count, this);
    }
    this.#session.tick(now);
    if (this.peer.state === "connected") this.work?.(now);
  }

  handleEvent(event: PeerEventCode, now: number, bytes: Uint8Array, offset: number): void {
    this.tap?.(event, bytes, offset, now);
    if (event !== PeerEvent.rtp) return;
    this.lastRtpUs = now;
    this.received.packet(this.peer.rtp.ssrc, this.peer.index, this.peer.rtp.payloadType);
  }

  #release: (() => void) | null = null;

  #publish(): void {
    const media = new ClientMedia(this.#session.media, this.#session.offer.cname);
    this.#release = () => media.release();
    const [reports, frames] = [this.#sink(this.sentRtcp), this.#sink(this.sentRtp)];
    this.work = (now) => media.send(this.peer.sender!, reports, frames, now);
  }

  #sink(kept: Uint8Array[]): PacketSink {
    const { region } = this.#socket;
    return {
      region,
      reserve: () => 0,
      commit: (length) => {
        kept.push(region.bytes.slice(0, length));
        if (kept.length > 64) kept.shift();
        this.#session.commit(length);
      },
    };
  }
}

const live = new Set<Client>();
let timer: Timer | null = null;

/** Drives all live clients; stops when there are none. */
function pump(): void {
  timer ??= setInterval(() => {
    const now = monotonicUs();
    for (const client of live) client.turn(now);
    if (live.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }, PUMP_MS);
}

/** Where a session is made; patient, and without a limit of time: the server may be busy on purpose. */
class Endpoint implements Signalling {
  session = "";
  readonly #base: string;
  readonly #url: string;
  readonly #setup: string;

  constructor(base: string, kind: "publisher" | "viewer", stream: string, setup = "actpass") {
    this.#base = base;
    this.#url = `${base}/${kind === "publisher" ? "whip" : "whep"}/${stream}`;
    this.#setup = `setup:${setup}`;
  }

  async create(offer: string): Promise<string> {
    const body = offer.replaceAll("setup:actpass", this.#setup);
    const response = await postPatiently(this.#url, body);
    const text = await response.text();
    if (response.status !== 201) throw new Error(`POST answered ${response.status}: ${text}`);
    this.session = new URL(response.headers.get("Location")!, this.#base).href;
    return text;
  }

  async delete(): Promise<void> {
    const response = await fetch(this.session, { method: "DELETE" });
    await response.text();
  }
}

/**
 * These with Retry-After ask a client to come again: so often it does. A publisher knows that it is
 * connected a little before control does, and until then its stream is not live (409).
 */
const COME_AGAIN = [409, 503];
const REFUSALS_MAX = 20;

/** Exported for its test. */
export async function postPatiently(url: string, body: string): Promise<Response> {
  for (let refusals = 0; ; refusals += 1) {
    const headers = { "Content-Type": "application/sdp" };
    const response = await fetch(url, { method: "POST", headers, body });
    const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
    const again = COME_AGAIN.includes(response.status) && Number.isFinite(seconds);
    if (!again || refusals === REFUSALS_MAX) return response;
    await response.text();
    await Bun.sleep(seconds * 1000);
  }
}

/** A viewer's offer that is true but for the person behind it. */
export function viewerOffer(): string {
  return writeOffer(offerOf("viewer", VIEWER_MEDIA, certificate.fingerprint, randomFill));
}
