/** Light WHIP and WHEP clients over real sockets, many in one process: no media engine behind them. */
import { randomInt } from "node:crypto";
import { MediaSender } from "../../src/client/media-sender.ts";
import { offeredSections, offerOf } from "../../src/client/offer.ts";
import type { PacketSink } from "../../src/client/rtp-track.ts";
import { ClientSession, type SessionListener } from "../../src/client/session.ts";
import type { Signalling } from "../../src/client/session-options.ts";
import type { Fingerprint, MediaSection } from "../../src/contract/session.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { monotonicUs, realtimeUs } from "../../src/io/clock.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion, unpin } from "../../src/io/pinned.ts";
import { randomFill } from "../../src/io/random.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { PeerEvent, type PeerEventCode } from "../../src/peer/events.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import type { Peer } from "../../src/peer/peer.ts";
import type { RemoteCandidate } from "../../src/sdp/candidate.ts";
import { VIEWER_MEDIA, writeOffer } from "../../src/sdp/client.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";
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
        media: mediaOf(kind),
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

  handleEvent(event: PeerEventCode, now: number): void {
    if (event !== PeerEvent.rtp) return;
    this.lastRtpUs = now;
    this.received.packet(this.peer.rtp.ssrc, this.peer.index, this.peer.rtp.payloadType);
  }

  #release: (() => void) | null = null;

  /** VP8 at 50 frames a second, a keyframe twice a second, and Opus. */
  #publish(): void {
    const histories: ReturnType<typeof pinnedRegion>[] = [];
    const media = new MediaSender({
      sections: this.#session.media,
      cname: this.#session.offer.cname,
      random: (limit) => randomInt(limit),
      allocate: (bytes) => {
        histories.push(pinnedRegion(bytes));
        return histories.at(-1)!;
      },
    });
    this.#release = () => histories.forEach(unpin);
    let frames = 0;
    let origin = Number.NaN;
    this.work = (now) => {
      if (Number.isNaN(origin)) {
        origin = now;
        media.anchor(now);
      }
      const sender = this.peer.sender!;
      media.sendReports(sender, this.#sink(this.sentRtcp), now, realtimeUs());
      for (; origin + frames * 20_000 <= now; frames += 1) {
        const timeUs = frames * 20_000;
        const sink = this.#sink(this.sentRtp);
        media.sendFrame(sender, sink, { kind: "audio", timeUs, key: true, data: OPUS_FRAME });
        const key = frames % 25 === 0;
        const data = key ? KEY_FRAME : DELTA_FRAME;
        media.sendFrame(sender, sink, { kind: "video", timeUs, key, data });
      }
    };
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

function mediaOf(kind: "publisher" | "viewer"): readonly MediaSection[] {
  if (kind === "viewer") return VIEWER_MEDIA;
  const audio = { codec: "opus" as const, clockRate: 48_000, channels: 2, fmtp: "" };
  const video = { codec: "vp8" as const, clockRate: 90_000, channels: 1, fmtp: "" };
  return offeredSections(audio, video, (limit) => randomInt(limit));
}

/** A viewer's offer that is true but for the person behind it. */
export function viewerOffer(): string {
  return writeOffer(offerOf("viewer", VIEWER_MEDIA, certificate.fingerprint, randomFill));
}

const OPUS_FRAME = new Uint8Array(80).fill(0xfc);
/** RFC 6386 9.1: P = 0, start code, 640 x 360. */
const KEY_FRAME = new Uint8Array(6_000);
KEY_FRAME.set([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]);
const DELTA_FRAME = new Uint8Array(1_500).fill(0x11);
