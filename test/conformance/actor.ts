/**
 * A client that posts an offer of a given shape over HTTP and then acts as the program does that
 * offers so: which STUN it sends, its DTLS role, its SRTP profile, its header extensions.
 */
import { randomBytes, randomInt } from "node:crypto";
import { createCertificate } from "../../src/io/certificate.ts";
import { monotonicUs } from "../../src/io/clock.ts";
import { OpenSslDtlsFactory, SRTP_PROFILES } from "../../src/io/dtls-openssl.ts";
import { libc } from "../../src/io/libc.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import type { DtlsFactory } from "../../src/peer/dtls.ts";
import { PeerEvent } from "../../src/peer/events.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { Peer } from "../../src/peer/peer.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { type Answer, clientPeer, readAnswer } from "../../src/sdp/client.ts";
import { isProblem } from "../../src/sdp/problem.ts";
import { classify, DatagramKind } from "../../src/wire/demux.ts";
import { copyPath } from "../../src/wire/path.ts";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { until } from "../support/until.ts";
import { MediaSource } from "./media-source.ts";

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
const factories = new Map<string, DtlsFactory>();
const receiver = new UdpReceiver();
const transmit = createTransmit();
const scratch = pinnedRegion(2048);
const ARRIVALS_MAX = 20_000;
const TURN_MS = 4;

export class Actor {
  readonly arrivals: Arrival[] = [];
  /** What came, by kind of datagram. */
  readonly counts = { stun: 0, dtls: 0, rtcp: 0 };
  /** A publisher's media; runs by itself once connected. */
  readonly media: MediaSource;
  readonly peer: Peer;
  /** Loses every DTLS datagram that comes. */
  dropDtls = false;
  readonly #style: Style;
  readonly #sockets: number[] = [];
  readonly #target: Uint8Array;
  readonly #timer: Timer;
  #current: Credentials;
  #remote: Credentials;

  /**
   * POSTs `offer`, whose credentials and fingerprint are replaced by our own. Wants 201; asks again
   * for a moment while a stream is not live yet: its publisher's last handshake flight may be on
   * its way.
   */
  static async post(url: string, offer: string, style: Style = {}): Promise<Actor> {
    const credentials = newCredentials();
    const body = personalise(offer, credentials);
    const headers = { "Content-Type": "application/sdp", ...style.headers };
    const send = () => fetch(url, { method: "POST", headers, body });
    let response = await send();
    for (let i = 0; response.status === 409 && i < 40; i += 1) {
      await response.text();
      await Bun.sleep(50);
      response = await send();
    }
    const text = await response.text();
    if (response.status !== 201) throw new Error(`POST: ${response.status} ${text}`);
    const answer = readAnswer(text);
    if (isProblem(answer)) throw new Error(answer.detail);
    return new Actor(url, response.headers, text, body, answer, credentials, style);
  }

  private constructor(
    url: string,
    readonly headers: Headers,
    readonly answerText: string,
    readonly offerText: string,
    readonly answer: Answer,
    credentials: Credentials,
    style: Style,
  ) {
    this.location = new URL(headers.get("Location") ?? "", url).href;
    this.#style = style;
    this.#current = credentials;
    const setup = clientPeer(credentials, answer);
    this.#remote = { ufrag: setup.remoteUfrag, pwd: setup.remotePwd };
    const { address, family, port } = answer.peer.candidates[0]!;
    this.#target = sockaddrOf(address, family, port);
    this.peer = new Peer({
      session: 1,
      setup,
      ice: {
        mode: "controlling",
        paths: [copyPath(0, this.#target, 0)],
        random: (out) => crypto.getRandomValues(out),
      },
      dtls: factoryOf(style.profiles ?? SRTP_PROFILES),
      ciphers,
      counters: createPeerCounters(),
      sourcesMax: 16,
      now: monotonicUs(),
    });
    this.media = new MediaSource(answer.media, offeredSsrcs(offerText));
    this.#sockets.push(openUdpSocket("127.0.0.1", 4, 0));
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  readonly location: string;

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
    const old = { local: this.#current, remote: this.#remote, socket: this.#sockets[0]! };
    const response = await this.patch(this.fragment(["a=end-of-candidates"], fresh), "*");
    const text = await response.text();
    if (response.status !== 200) throw new Error(`restart: ${response.status} ${text}`);
    const remote = {
      ufrag: /a=ice-ufrag:(\S+)/.exec(text)![1]!,
      pwd: /a=ice-pwd:(\S+)/.exec(text)![1]!,
    };
    this.#current = fresh;
    this.#remote = remote;
    this.#sockets.unshift(openUdpSocket("127.0.0.1", 4, 0));
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
    const socket = openUdpSocket("127.0.0.1", 4, 0);
    const answered = await this.#isAnswered(socket, this.#current, this.#remote, false);
    closeUdpSocket(socket);
    return answered;
  }

  /** The next consent check, before its time. */
  checkNow(): void {
    this.peer.ice.handleTimeout(Number.MAX_SAFE_INTEGER);
    this.#drain();
  }

  /** close_notify, as when a page closes its PeerConnection. No DELETE. */
  close(): void {
    this.peer.close(monotonicUs(), "shutdown");
    this.#drain();
  }

  /** Lets go of everything without a word. */
  vanish(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.splice(0)) closeUdpSocket(socket);
    if (this.peer.state !== "closed") this.peer.close(monotonicUs(), "shutdown");
    this.peer.free();
  }

  async #isAnswered(
    socket: number,
    local: Credentials,
    remote: Credentials,
    useCandidate = true,
  ): Promise<boolean> {
    const transactionId = new Uint8Array(randomBytes(12));
    const length = writeCheck(local, remote, transactionId, useCandidate);
    const ours = this.#sockets.includes(socket);
    this.#oldAnswers = 0;
    libc.sendto(socket, scratch.bytes, length, 0x40, this.#target, this.#target.length);
    for (let i = 0; i < 50; i += 1) {
      await Bun.sleep(TURN_MS);
      // The session's own sockets are read by its timer; a socket beside them here.
      if (ours ? this.#oldAnswers > 0 : receiver.receive(socket) > 0) return true;
    }
    return false;
  }

  /** STUN that came to a socket which is not the current one. */
  #oldAnswers = 0;

  #turn(): void {
    const now = monotonicUs();
    for (const [place, socket] of this.#sockets.entries()) {
      const count = receiver.receive(socket);
      for (let i = 0; i < count; i += 1) this.#take(now, i, place > 0);
    }
    if (this.peer.state === "closed") {
      this.#drain();
      return;
    }
    this.peer.handleTimeout(now);
    this.#drain();
    if (this.peer.state !== "connected" || this.peer.sender === null) return;
    this.media.run(now, this.peer.sender, scratch, (length) => this.#send(length));
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
      0,
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

  #drain(): void {
    while (this.peer.pollTransmit(transmit)) {
      const { bytes, length } = transmit;
      const isCheck = classify(bytes, 0, length) === DatagramKind.stun;
      if (isCheck && this.#style.silentAfterSetup && this.peer.state === "connected") continue;
      if (isCheck && this.#style.sparseChecks) {
        // The same request without PRIORITY and ICE-CONTROLLING.
        this.#send(writeCheck(this.#current, this.#remote, bytes.slice(8, 20), true));
        continue;
      }
      scratch.bytes.set(bytes.subarray(0, length));
      this.#send(length);
    }
  }

  #send(length: number): void {
    const socket = this.#sockets[0];
    if (socket === undefined) return;
    libc.sendto(socket, scratch.bytes, length, 0x40, this.#target, this.#target.length);
  }
}

/** Writes a check of FFmpeg's kind into the scratch bytes; its length. */
function writeCheck(
  local: Credentials,
  remote: Credentials,
  transactionId: Uint8Array,
  useCandidate: boolean,
): number {
  const encoder = new TextEncoder();
  const request = {
    transactionId,
    username: encoder.encode(`${remote.ufrag}:${local.ufrag}`),
    priority: null,
    controlling: null,
    useCandidate,
  };
  return writeBindingRequest(scratch.bytes, 0, request, encoder.encode(remote.pwd));
}

function newCredentials(): Credentials {
  return {
    ufrag: randomBytes(6).toString("base64url"),
    pwd: randomBytes(18).toString("base64url"),
  };
}

function personalise(offer: string, credentials: Credentials): string {
  const { algorithm, value } = certificate.fingerprint;
  return offer
    .replaceAll(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${credentials.ufrag}`)
    .replaceAll(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${credentials.pwd}`)
    .replaceAll(/^a=fingerprint:.*$/gm, `a=fingerprint:${algorithm} ${value}`)
    .replaceAll("\r", "")
    .replaceAll("\n", "\r\n");
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

function factoryOf(profiles: string): DtlsFactory {
  let factory = factories.get(profiles);
  if (factory === undefined) {
    factory = new GuardedDtls(new OpenSslDtlsFactory(openSsl, certificate, profiles));
    factories.set(profiles, factory);
  }
  return factory;
}
