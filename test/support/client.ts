/** Light WHIP and WHEP clients over real sockets, many in one process: no media engine behind them. */
import { randomBytes, randomInt } from "node:crypto";
import { MediaSender } from "../../src/client/media-sender.ts";
import { acceptedSections, offeredSections } from "../../src/client/offer.ts";
import type { PacketSink } from "../../src/client/rtp-track.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { monotonicUs, realtimeUs } from "../../src/io/clock.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { libc } from "../../src/io/libc.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion, unpin } from "../../src/io/pinned.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import { PeerEvent } from "../../src/peer/events.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { Peer } from "../../src/peer/peer.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import type { RemoteCandidate } from "../../src/sdp/candidate.ts";
import { clientPeer, readAnswer, VIEWER_MEDIA, writeOffer } from "../../src/sdp/client.ts";
import { isProblem } from "../../src/sdp/problem.ts";
import { copyPath } from "../../src/wire/path.ts";
import { type Received, receivedBy } from "./received.ts";
import { until } from "./until.ts";

const openSsl = openOpenSsl("system");
const certificate = createCertificate();
const dtls = new GuardedDtls(new OpenSslDtlsFactory(openSsl, certificate));
const ciphers = new OpenSslSrtpFactory(openSsl);
const receiver = new UdpReceiver();
const transmit = createTransmit();
const scratch = pinnedRegion(2048);
const PUMP_MS = 4;

export interface ClientOptions {
  /** `a=fingerprint` of the offer, if it is not to be true. */
  readonly fingerprint?: string;
  /** `passive`: the server is to be the DTLS client. */
  readonly setup?: "passive";
  /** Changes a datagram on its way out; a null drops it. */
  readonly tamper?: (bytes: Uint8Array) => Uint8Array | null;
}

/** One session: its POST, its socket, its peer. Live clients are driven by one timer. */
export class Client {
  readonly received: Received;
  /** Sealed RTP datagrams that left lately, newest last. */
  readonly sentRtp: Uint8Array[] = [];
  readonly sentRtcp: Uint8Array[] = [];
  /** When the last RTP packet came, us. */
  lastRtpUs = 0;
  /** Extra work of each round: a publisher's media. */
  work: ((now: number) => void) | null = null;
  readonly #socket: number;

  private constructor(
    readonly url: string,
    readonly peer: Peer,
    readonly candidate: RemoteCandidate,
    private readonly tamper: ClientOptions["tamper"],
    socket: number,
  ) {
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
    const { offer, sections } = makeOffer(kind, options.fingerprint);
    const url = `${base}/${kind === "publisher" ? "whip" : "whep"}/${stream}`;
    const setup = `setup:${options.setup ?? "actpass"}`;
    const body = writeOffer(offer).replaceAll("setup:actpass", setup);
    const response = await postPatiently(url, body);
    const text = await response.text();
    if (response.status !== 201) throw new Error(`POST answered ${response.status}: ${text}`);
    const answer = readAnswer(text);
    if (isProblem(answer)) throw new Error(answer.detail);
    const candidate = answer.peer.candidates[0]!;
    const target = sockaddrOf(candidate.address, candidate.family, candidate.port);
    const peer = new Peer({
      session: 1,
      setup: clientPeer(offer, answer),
      ice: {
        mode: "controlling",
        paths: [copyPath(0, target, 0)],
        random: (out) => crypto.getRandomValues(out),
      },
      dtls,
      ciphers,
      counters: createPeerCounters(),
      sourcesMax: 16,
      now: monotonicUs(),
    });
    const session = new URL(response.headers.get("Location")!, base).href;
    const socket = openUdpSocket("127.0.0.1", 4, 0);
    const client = new Client(session, peer, candidate, options.tamper, socket);
    if (kind === "publisher") client.#publish(acceptedSections(sections, answer.media));
    return client;
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
    scratch.bytes.set(bytes);
    this.#sendScratch(bytes.length);
  }

  /** Seals a compound RTCP packet and sends it. */
  sendRtcp(bytes: Uint8Array): void {
    scratch.bytes.set(bytes);
    this.#sendScratch(this.peer.sender!.sealRtcp(scratch, 0, bytes.length));
  }

  /** A well-formed packet of any source of this session. */
  sendRtp(ssrc: number, index: number): void {
    const header = new DataView(scratch.bytes.buffer, scratch.bytes.byteOffset);
    header.setUint16(0, 0x8060);
    header.setUint16(2, index & 0xffff);
    header.setUint32(4, 0);
    header.setUint32(8, ssrc);
    const sender = this.peer.sender!;
    const stream = sender.stream(ssrc);
    this.#sendScratch(sender.sealRtp(stream, scratch, 0, 12, scratch, 12, 100, index));
  }

  /** Lets go of the socket without a word, as a page that crashed. */
  vanish(): void {
    if (!live.delete(this)) return;
    closeUdpSocket(this.#socket);
    if (this.peer.state !== "closed") this.peer.close(monotonicUs(), "shutdown");
    this.peer.free();
    this.#release?.();
  }

  /** DTLS close_notify and nothing over HTTP, as a player that is closed. */
  hangUp(): void {
    this.peer.close(monotonicUs(), "deleted");
    while (this.peer.pollTransmit(transmit)) this.send(transmit.bytes.subarray(0, transmit.length));
    this.vanish();
  }

  /** DELETE, and the socket is closed. */
  async leave(): Promise<void> {
    this.vanish();
    const response = await fetch(this.url, { method: "DELETE" });
    await response.text();
  }

  /** One round of receiving, timers and sending. */
  turn(now: number): void {
    for (;;) {
      const count = receiver.receive(this.#socket);
      for (let i = 0; i < count; i += 1) this.#take(now, i);
      if (count === 0) break;
    }
    this.peer.handleTimeout(now);
    while (this.peer.pollTransmit(transmit)) this.send(transmit.bytes.subarray(0, transmit.length));
    if (this.peer.state === "connected") this.work?.(now);
  }

  #take(now: number, i: number): void {
    const offset = receiver.offset(i);
    const length = receiver.length(i);
    const event = this.peer.handleDatagram(
      now,
      receiver.region,
      offset,
      length,
      0,
      receiver.names,
      receiver.nameOffset(i),
    );
    this.received.datagrams += 1;
    if (event !== PeerEvent.rtp) return;
    this.lastRtpUs = now;
    this.received.packet(this.peer.rtp.ssrc, this.peer.index, this.peer.rtp.payloadType);
  }

  #sendScratch(length: number): void {
    const target = this.peer.path?.sockaddr ?? transmit.path.sockaddr;
    const bytes = scratch.bytes.subarray(0, length);
    const changed = this.tamper === undefined ? bytes : this.tamper(bytes.slice());
    if (changed === null) return;
    libc.sendto(this.#socket, changed, changed.length, 0x40, target, target.length);
  }

  #release: (() => void) | null = null;

  /** VP8 at 50 frames a second, a keyframe twice a second, and Opus. */
  #publish(sections: ReturnType<typeof acceptedSections>): void {
    const histories: ReturnType<typeof pinnedRegion>[] = [];
    const media = new MediaSender({
      sections,
      cname: "test",
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
    return {
      region: scratch,
      reserve: () => 0,
      commit: (length) => {
        kept.push(scratch.bytes.slice(0, length));
        if (kept.length > 64) kept.shift();
        this.#sendScratch(length);
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

/** 503 with Retry-After asks a client to come again: so often it does. */
const REFUSALS_MAX = 20;

/** Exported for its test. */
export async function postPatiently(url: string, body: string): Promise<Response> {
  for (let refusals = 0; ; refusals += 1) {
    const headers = { "Content-Type": "application/sdp" };
    const response = await fetch(url, { method: "POST", headers, body });
    const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
    const again = response.status === 503 && Number.isFinite(seconds);
    if (!again || refusals === REFUSALS_MAX) return response;
    await response.text();
    await Bun.sleep(seconds * 1000);
  }
}

function makeOffer(kind: "publisher" | "viewer", fingerprint?: string) {
  const { algorithm, value } = certificate.fingerprint;
  const audio = { codec: "opus" as const, clockRate: 48_000, channels: 2, fmtp: "" };
  const video = { codec: "vp8" as const, clockRate: 90_000, channels: 1, fmtp: "" };
  const sections =
    kind === "viewer" ? VIEWER_MEDIA : offeredSections(audio, video, (limit) => randomInt(limit));
  const offer = {
    role: kind,
    ufrag: randomBytes(6).toString("base64"),
    pwd: randomBytes(18).toString("base64"),
    fingerprint: fingerprint ?? `${algorithm} ${value}`,
    sessionId: String(randomInt(2 ** 40)),
    cname: "test",
    streamId: "test",
    media: sections,
  };
  return { offer, sections };
}

/** A viewer's offer that is true but for the person behind it. */
export function viewerOffer(): string {
  return writeOffer(makeOffer("viewer").offer);
}

const OPUS_FRAME = new Uint8Array(80).fill(0xfc);
/** RFC 6386 9.1: P = 0, start code, 640 x 360. */
const KEY_FRAME = new Uint8Array(6_000);
KEY_FRAME.set([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]);
const DELTA_FRAME = new Uint8Array(1_500).fill(0x11);
