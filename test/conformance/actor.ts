/**
 * A client that posts an offer of a given shape over HTTP and then acts as the program does that
 * offers so: which STUN it sends, its DTLS role, its SRTP profile, its header extensions.
 */
import { randomBytes, randomInt } from "node:crypto";
import { ClientSession } from "../../src/client/session.ts";
import type { SessionSockets } from "../../src/client/session-options.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { monotonicUs } from "../../src/io/clock.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { randomFill } from "../../src/io/random.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import type { DtlsFactory } from "../../src/peer/dtls.ts";
import { PeerEvent } from "../../src/peer/events.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import type { Peer } from "../../src/peer/peer.ts";
import type { RemoteCandidate } from "../../src/sdp/candidate.ts";
import { type Answer, readAnswer, VIEWER_MEDIA } from "../../src/sdp/client.ts";
import { isProblem } from "../../src/sdp/problem.ts";
import { classify, DatagramKind } from "../../src/wire/demux.ts";
import { copyPath, type Path, type Transport } from "../../src/wire/path.ts";
import { STUN_REQUEST_BYTES_MAX, writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { ClientSocket, type Tamper } from "../support/client-socket.ts";
import { until } from "../support/until.ts";
import { MediaSource } from "./media-source.ts";
import { OfferEndpoint } from "./offer-endpoint.ts";

export interface Style {
  /** FFmpeg: requests without PRIORITY and ICE-CONTROLLING (Q-F5). */
  readonly sparseChecks?: boolean;
  /** FFmpeg 8.0: no more requests once DTLS stands (Q-F6). */
  readonly silentAfterSetup?: boolean;
  /** OpenSSL's names of the SRTP profiles that it offers. */
  readonly profiles?: string;
  readonly headers?: Record<string, string>;
}

/** One RTP packet as it came, decrypted. */
export interface Arrival {
  readonly ssrc: number;
  readonly index: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly extensions: Uint8Array;
  readonly payload: Uint8Array;
}

export interface Credentials {
  readonly ufrag: string;
  readonly pwd: string;
}

const openSsl = openOpenSsl("system");
const certificate = createCertificate();
const ciphers = new OpenSslSrtpFactory(openSsl);
const factories = new Map<string | undefined, DtlsFactory>();
const receiver = new UdpReceiver();
const ARRIVALS_MAX = 20_000;
const TURN_MS = 4;

/** Its sockets, newest first: the one that it sends from. One transport: its peer knows of no move. */
class Sockets implements SessionSockets, Transport {
  readonly all: ClientSocket[] = [];
  readonly stalled = false;
  readonly backlog = null;
  tamper: Tamper = (bytes) => bytes;

  constructor() {
    this.add();
  }

  get newest(): ClientSocket {
    return this.all[0]!;
  }

  add(): void {
    this.all.unshift(new ClientSocket((bytes) => this.tamper(bytes)));
  }

  pathsTo(candidates: readonly RemoteCandidate[]): readonly Path[] {
    const paths = this.newest.pathsTo(candidates);
    return paths.map(({ sockaddr }) => copyPath(this, sockaddr, 0));
  }

  get region() {
    return this.newest.region;
  }

  reserve(): number {
    return this.newest.reserve();
  }

  commit(path: Path, length: number): void {
    this.newest.commit(path, length);
  }

  send(path: Path, bytes: Uint8Array, length: number): void {
    this.newest.send(path, bytes, length);
  }

  close(): void {
    for (const socket of this.all) socket.close();
  }
}

export class Actor {
  readonly arrivals: Arrival[] = [];
  /** What came, by kind of datagram. */
  readonly counts = { stun: 0, dtls: 0, rtcp: 0 };
  /** A publisher's media; runs by itself once connected. */
  readonly media: MediaSource;
  readonly peer: Peer;
  readonly answer: Answer;
  readonly answerText: string;
  readonly offerText: string;
  readonly headers: Headers;
  readonly location: string;
  /** Loses every DTLS datagram that comes. */
  dropDtls = false;
  readonly #style: Style;
  readonly #session: ClientSession;
  readonly #sockets: Sockets;
  readonly #path: Path;
  readonly #timer: Timer;
  #current: Credentials;
  #remote: Credentials;

  /** POSTs `offer`, whose credentials and fingerprint are replaced by our own. */
  static async post(url: string, offer: string, style: Style = {}): Promise<Actor> {
    const endpoint = new OfferEndpoint(url, offer, style.headers);
    const sockets = new Sockets();
    try {
      const session = await ClientSession.open({
        // Whatever is offered: media is taken from the answer as it stands.
        role: "viewer",
        media: VIEWER_MEDIA,
        fingerprint: certificate.fingerprint,
        signalling: endpoint,
        sockets,
        dtls: factoryOf(style.profiles),
        ciphers,
        sourcesMax: 16,
        random: randomFill,
        clock: monotonicUs,
      });
      return new Actor(endpoint, session, sockets, style);
    } catch (error) {
      sockets.close();
      throw error;
    }
  }

  private constructor(
    endpoint: OfferEndpoint,
    session: ClientSession,
    sockets: Sockets,
    style: Style,
  ) {
    const answer = readAnswer(endpoint.answer);
    if (isProblem(answer)) throw new Error(answer.detail);
    this.answer = answer;
    this.answerText = endpoint.answer;
    this.offerText = endpoint.offer;
    this.headers = endpoint.headers;
    this.location = endpoint.location;
    this.peer = session.peer;
    this.media = new MediaSource(session.media, offeredSsrcs(endpoint.offer));
    this.#style = style;
    this.#session = session;
    this.#sockets = sockets;
    this.#path = sockets.newest.path;
    const { localUfrag, localPwd, remoteUfrag, remotePwd } = session.peer.setup;
    this.#current = { ufrag: localUfrag, pwd: localPwd };
    this.#remote = { ufrag: remoteUfrag, pwd: remotePwd };
    sockets.tamper = (bytes) => this.#tamper(bytes);
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  get etag(): string {
    return this.headers.get("ETag") ?? "";
  }

  async connected(): Promise<this> {
    const seen = () => `${this.peer.state} ${this.peer.closeReason} ${this.peer.closeDetail}`;
    await until("the session connects", 5_000, () => this.peer.state === "connected", seen);
    return this;
  }

  /** Video packets of the server, and any other by payload type. */
  of(payloadType: number): readonly Arrival[] {
    return this.arrivals.filter((arrival) => arrival.payloadType === payloadType);
  }

  /** Waits until `count` more RTP packets have come; returns those that came meanwhile. */
  async receives(count: number, timeoutMs = 5_000): Promise<readonly Arrival[]> {
    const from = this.arrivals.length;
    await until(`${count} packets come`, timeoutMs, () => this.arrivals.length >= from + count);
    return this.arrivals.slice(from);
  }

  delete(headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.location, { method: "DELETE", headers });
  }

  patch(body: string, ifMatch: string | null): Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": "application/trickle-ice-sdpfrag" };
    if (ifMatch !== null) headers["If-Match"] = ifMatch;
    return fetch(this.location, { method: "PATCH", headers, body });
  }

  /** A fragment with the current credentials and these candidate lines. */
  fragment(lines: readonly string[], credentials: Credentials = this.#current): string {
    const { ufrag, pwd } = credentials;
    const head = [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, "m=audio 9 RTP/AVP 0", "a=mid:0"];
    return `${[...head, ...lines].join("\r\n")}\r\n`;
  }

  /**
   * An ICE restart (RFC 9725 4.3.3) from a new address. Returns a check made with the credentials
   * of before, and what sends it from the old address and tells whether it was answered.
   */
  async restart(): Promise<{ response: Response; oldIsAnswered: () => Promise<boolean> }> {
    const fresh = newCredentials();
    const old = { local: this.#current, remote: this.#remote, socket: this.#sockets.newest };
    const response = await this.patch(this.fragment(["a=end-of-candidates"], fresh), "*");
    const text = await response.text();
    if (response.status !== 200) throw new Error(`restart: ${response.status} ${text}`);
    const remote = {
      ufrag: /a=ice-ufrag:(\S+)/.exec(text)![1]!,
      pwd: /a=ice-pwd:(\S+)/.exec(text)![1]!,
    };
    this.#current = fresh;
    this.#remote = remote;
    this.#sockets.add();
    this.peer.restart(monotonicUs(), {
      localUfrag: fresh.ufrag,
      localPwd: fresh.pwd,
      remoteUfrag: remote.ufrag,
      remotePwd: remote.pwd,
    });
    return {
      response,
      oldIsAnswered: () => this.#isAnswered(old.socket, old.local, old.remote),
    };
  }

  /** Sends one check, without nomination, from a socket of its own; whether it is answered. */
  async probe(): Promise<boolean> {
    const socket = new ClientSocket();
    const answered = await this.#isAnswered(socket, this.#current, this.#remote, false);
    socket.close();
    return answered;
  }

  /** The next consent check, before its time. */
  checkNow(): void {
    this.peer.ice.handleTimeout(Number.MAX_SAFE_INTEGER);
    this.#session.flush();
  }

  /** close_notify, as when a page closes its PeerConnection. No DELETE. */
  close(): void {
    this.peer.close(monotonicUs(), "shutdown");
    this.#session.flush();
  }

  /** Lets go of everything without a word. */
  vanish(): void {
    clearInterval(this.#timer);
    this.#sockets.close();
    this.#session.end(monotonicUs());
  }

  async #isAnswered(
    socket: ClientSocket,
    local: Credentials,
    remote: Credentials,
    useCandidate = true,
  ): Promise<boolean> {
    const check = checkOf(local, remote, new Uint8Array(randomBytes(12)), useCandidate);
    const ours = this.#sockets.all.includes(socket);
    this.#oldAnswers = 0;
    socket.region.bytes.set(check);
    socket.commit(this.#path, check.length);
    for (let i = 0; i < 50; i += 1) {
      await Bun.sleep(TURN_MS);
      // The session's own sockets are read by its timer; a socket beside them here.
      if (ours ? this.#oldAnswers > 0 : receiver.receive(socket.fd) > 0) return true;
    }
    return false;
  }

  /** STUN that came to a socket which is not the current one. */
  #oldAnswers = 0;

  #turn(): void {
    const now = monotonicUs();
    for (const [place, { fd }] of this.#sockets.all.entries()) {
      const count = receiver.receive(fd);
      for (let i = 0; i < count; i += 1) this.#take(now, i, place > 0);
    }
    this.#session.tick(now);
    const { state, sender } = this.peer;
    if (state !== "connected" || sender === null) return;
    const { region } = this.#session;
    this.media.run(now, sender, region, (length) => this.#session.commit(length));
  }

  #take(now: number, i: number, stale: boolean): void {
    const offset = receiver.offset(i);
    const length = receiver.length(i);
    const { bytes } = receiver.region;
    const kind = classify(bytes, offset, length);
    if (kind === DatagramKind.stun) this.counts.stun += 1;
    if (kind === DatagramKind.stun && stale) this.#oldAnswers += 1;
    if (kind === DatagramKind.dtls) this.counts.dtls += 1;
    if (kind === DatagramKind.dtls && this.dropDtls) return;
    const at = receiver.nameOffset(i);
    const event = this.peer.handleDatagram(
      now,
      receiver.region,
      offset,
      length,
      this.#sockets,
      receiver.names,
      at,
    );
    if (event === PeerEvent.rtcp) {
      this.counts.rtcp += 1;
      this.media.handleRtcp(bytes, offset, this.peer.length);
    }
    if (event !== PeerEvent.rtp || this.arrivals.length >= ARRIVALS_MAX) return;
    const { rtp } = this.peer;
    const payload = rtp.payloadOffset;
    this.arrivals.push({
      ssrc: rtp.ssrc,
      index: this.peer.index,
      payloadType: rtp.payloadType,
      marker: rtp.marker,
      extensions: bytes.slice(rtp.extensionOffset, rtp.extensionOffset + rtp.extensionLength),
      payload: bytes.slice(payload, payload + rtp.payloadLength),
    });
  }

  /** What leaves is as the program sends it. */
  #tamper(bytes: Uint8Array): Uint8Array | null {
    if (classify(bytes, 0, bytes.length) !== DatagramKind.stun) return bytes;
    if (this.#style.silentAfterSetup && this.peer.state === "connected") return null;
    if (!this.#style.sparseChecks) return bytes;
    // The same request without PRIORITY and ICE-CONTROLLING.
    return checkOf(this.#current, this.#remote, bytes.slice(8, 20), true);
  }
}

/** A check of FFmpeg's kind. */
function checkOf(
  local: Credentials,
  remote: Credentials,
  transactionId: Uint8Array,
  useCandidate: boolean,
): Uint8Array {
  const encoder = new TextEncoder();
  const request = {
    transactionId,
    username: encoder.encode(`${remote.ufrag}:${local.ufrag}`),
    priority: null,
    controlling: null,
    useCandidate,
  };
  const bytes = new Uint8Array(STUN_REQUEST_BYTES_MAX);
  const length = writeBindingRequest(bytes, 0, request, encoder.encode(remote.pwd));
  return bytes.subarray(0, length);
}

/** For a restart. */
function newCredentials(): Credentials {
  return {
    ufrag: randomBytes(6).toString("base64url"),
    pwd: randomBytes(18).toString("base64url"),
  };
}

/** The first SSRC that each section announces; one of our own where it announces none. */
function offeredSsrcs(offer: string): { audio: number; video: number } {
  const ssrcs = { audio: randomInt(1, 2 ** 31), video: randomInt(1, 2 ** 31) };
  for (const section of offer.split(/^m=/m).slice(1)) {
    const kind = section.startsWith("audio") ? "audio" : "video";
    const ssrc = /^a=ssrc:(\d+)/m.exec(section)?.[1];
    if (ssrc !== undefined) ssrcs[kind] = Number(ssrc);
  }
  return ssrcs;
}

function factoryOf(profiles: string | undefined): DtlsFactory {
  let factory = factories.get(profiles);
  if (factory === undefined) {
    factory = new GuardedDtls(new OpenSslDtlsFactory(openSsl, certificate, profiles));
    factories.set(profiles, factory);
  }
  return factory;
}
