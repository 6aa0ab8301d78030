/** Runs one WHIP session that sends a file: sockets and clock around src/client and src/peer. */
import { randomBytes, randomInt } from "node:crypto";
import { type MediaFile, MediaFileError, type MediaFrame } from "../client/media-file.ts";
import { MediaSender } from "../client/media-sender.ts";
import { acceptedSections, offeredSections } from "../client/offer.ts";
import type { PacketSink } from "../client/rtp-track.ts";
import { createSession, deleteSession, type WhipOptions } from "../client/whip.ts";
import type { MediaSection } from "../commands.ts";
import { createCertificate } from "../io/certificate.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import { chooseOpenSsl } from "../io/embedded-openssl.ts";
import { openOpenSsl } from "../io/openssl.ts";
import { pinnedRegion } from "../io/pinned.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { UdpReceiver } from "../io/udp-receiver.ts";
import { UdpSender } from "../io/udp-sender.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../io/udp-socket.ts";
import { createPeerCounters } from "../peer/counters.ts";
import { PeerEvent } from "../peer/events.ts";
import { Peer } from "../peer/peer.ts";
import { createTransmit } from "../peer/transmit.ts";
import type { RemoteCandidate } from "../sdp/candidate.ts";
import { clientPeer, readAnswer, writeOffer } from "../sdp/client.ts";
import { isProblem } from "../sdp/problem.ts";
import { copyPath, formatPath, type Path } from "../wire/path.ts";

export interface FilePublisherOptions extends WhipOptions {
  readonly file: MediaFile;
  readonly endpoint: string;
  readonly loop: boolean;
  /** Ends the session in good order. */
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
}

/** The session ended without being asked to. */
export class PublishError extends Error {
  override readonly name = "PublishError";
}

/** Longest sleep of the loop: how late a NACK is answered at most. */
const SLEEP_MAX_MS = 5;
/** Further behind than this the process was suspended: go on from here instead of hurrying. */
const LATE_MAX_US = 1_000_000;

/**
 * Publishes the file until its end (or `stop`). Throws a WhipError when the server refuses, a
 * PublishError when the session is lost.
 */
export async function publishFile(options: FilePublisherOptions): Promise<void> {
  const openSsl = openOpenSsl((await chooseOpenSsl()).where);
  const certificate = createCertificate(new Date(realtimeUs() / 1000));
  const { algorithm, value } = certificate.fingerprint;
  const offered = offeredSections(options.file.track("audio"), options.file.track("video"), random);
  const offer = {
    role: "publisher" as const,
    ufrag: randomBytes(6).toString("base64"),
    pwd: randomBytes(18).toString("base64"),
    fingerprint: `${algorithm} ${value}`,
    sessionId: String(random(2 ** 48 - 1)),
    cname: randomBytes(12).toString("base64"),
    streamId: "spillway",
    media: offered,
  };
  const session = await createSession(options.endpoint, writeOffer(offer), options);
  try {
    const answer = readAnswer(session.answer);
    if (isProblem(answer)) throw new PublishError(`unusable answer: ${answer.detail}`);
    const links = openLinks(answer.peer.candidates);
    try {
      const peer = new Peer({
        session: 1,
        setup: clientPeer(offer, answer),
        ice: {
          mode: "controlling",
          paths: links.paths,
          random: (out) => crypto.getRandomValues(out),
        },
        dtls: new OpenSslDtlsFactory(openSsl, certificate),
        ciphers: new OpenSslSrtpFactory(openSsl),
        counters: createPeerCounters(),
        sourcesMax: 1,
        now: monotonicUs(),
      });
      const sections = acceptedSections(offered, answer.media);
      await new Transmission(options, peer, links, sections).run();
    } finally {
      for (const link of links.all) closeUdpSocket(link.fd);
    }
  } finally {
    await deleteSession(session, options);
  }
}

/** One socket of each address family that the server has a candidate of. */
interface Link {
  readonly fd: number;
  readonly sender: UdpSender;
}

interface Links {
  readonly all: readonly Link[];
  readonly paths: readonly Path[];
}

class Transmission {
  readonly #receiver = new UdpReceiver();
  readonly #transmit = createTransmit();
  readonly #media: MediaSender;
  #connected = false;
  #startUs = Number.NaN;

  constructor(
    private readonly options: FilePublisherOptions,
    private readonly peer: Peer,
    private readonly links: Links,
    sections: readonly MediaSection[],
  ) {
    if (sections.length === 0) throw new PublishError("the server took none of the tracks");
    const cname = randomBytes(12).toString("base64");
    this.#media = new MediaSender({ sections, cname, random, allocate: pinnedRegion });
  }

  async run(): Promise<void> {
    const frames = this.options.file.frames(this.options.loop);
    let next: IteratorResult<MediaFrame> = await frames.next();
    try {
      while (!next.done && !this.options.stop.aborted) {
        const now = monotonicUs();
        this.#receive(now);
        this.peer.handleTimeout(now);
        this.#checkAlive();
        while (this.#connected && !next.done && this.#dueUs(next.value) <= now) {
          this.#sendFrame(next.value);
          next = await frames.next();
        }
        this.#flush(now);
        await Bun.sleep(this.#sleepMs(next));
      }
      this.#leave(monotonicUs());
    } finally {
      await frames.return(undefined);
      this.peer.free();
    }
    if (this.#media.framesRefused > 0) {
      throw new MediaFileError(`${this.#media.framesRefused} frames broke their format`);
    }
  }

  #receive(now: number): void {
    const receiver = this.#receiver;
    for (const [socket, link] of this.links.all.entries()) {
      const count = receiver.receive(link.fd);
      for (let i = 0; i < count; i += 1) {
        const offset = receiver.offset(i);
        const event = this.peer.handleDatagram(
          now,
          receiver.region,
          offset,
          receiver.length(i),
          socket,
          receiver.names,
          receiver.nameOffset(i),
        );
        if (event === PeerEvent.connected) this.#start();
        const sink = event === PeerEvent.rtcp ? this.#sink() : null;
        if (sink === null || this.peer.sender === null) continue;
        const bytes = receiver.region.bytes;
        this.#media.handleRtcp(this.peer.sender, sink, bytes, offset, this.peer.length);
      }
    }
  }

  #start(): void {
    this.#connected = true;
    const path = this.peer.path === null ? "?" : formatPath(this.peer.path);
    this.options.log(`connected to ${path} with ${this.peer.srtpProfile}`);
    this.#anchor(monotonicUs());
  }

  #anchor(originUs: number): void {
    this.#startUs = originUs;
    this.#media.anchor(originUs);
  }

  #dueUs(frame: MediaFrame): number {
    return this.#startUs + frame.timeUs;
  }

  #sendFrame(frame: MediaFrame): void {
    const now = monotonicUs();
    if (now - this.#dueUs(frame) > LATE_MAX_US) this.#anchor(now - frame.timeUs);
    const sink = this.#sink();
    if (sink === null || this.peer.sender === null || !this.peer.mediaAllowed) return;
    this.#media.sendReports(this.peer.sender, sink, now, realtimeUs());
    this.#media.sendFrame(this.peer.sender, sink, frame);
  }

  /** Room for sealed packets on the selected path. */
  #sink(): PacketSink | null {
    const path = this.peer.path;
    const sender = path === null ? undefined : this.links.all[path.socket]?.sender;
    if (path === null || sender === undefined) return null;
    return {
      region: sender.region,
      reserve: (bytes) => sender.reserve(bytes),
      commit: (length) => sender.commit(path, length),
    };
  }

  #flush(now: number): void {
    if (this.peer.nextTimeout() <= now) this.peer.handleTimeout(now);
    const transmit = this.#transmit;
    while (this.peer.pollTransmit(transmit)) {
      const sender = this.links.all[transmit.path.socket]?.sender;
      const place = sender?.reserve(transmit.length) ?? -1;
      if (sender === undefined || place < 0) continue;
      sender.region.bytes.set(transmit.bytes.subarray(0, transmit.length), place);
      sender.commit(transmit.path, transmit.length);
    }
    for (const link of this.links.all) link.sender.flush();
  }

  #sleepMs(next: IteratorResult<MediaFrame>): number {
    if (next.done || !this.#connected) return 1;
    const us = this.#dueUs(next.value) - monotonicUs();
    return Math.min(SLEEP_MAX_MS, Math.max(0, us / 1000));
  }

  #checkAlive(): void {
    if (this.peer.state !== "closed") return;
    const detail = this.peer.closeDetail === "" ? "" : ` (${this.peer.closeDetail})`;
    throw new PublishError(`the session ended: ${this.peer.closeReason}${detail}`);
  }

  #leave(now: number): void {
    const sink = this.#sink();
    if (sink !== null && this.peer.sender !== null && this.#connected) {
      this.#media.sendBye(this.peer.sender, sink, now, realtimeUs());
    }
    this.peer.close(now, "deleted");
    this.#flush(now);
  }
}

function openLinks(candidates: readonly RemoteCandidate[]): Links {
  const all: Link[] = [];
  const paths: Path[] = [];
  for (const family of [4, 6] as const) {
    const targets = candidates.filter((candidate) => candidate.family === family);
    if (targets.length === 0) continue;
    let fd: number;
    try {
      fd = openUdpSocket(family === 4 ? "0.0.0.0" : "::", family, 0);
    } catch {
      // A machine without this family; the other one has to do.
      continue;
    }
    const socket = all.length;
    all.push({ fd, sender: new UdpSender(fd, true) });
    for (const { address, port } of targets) {
      paths.push(copyPath(socket, sockaddrOf(address, family, port), 0));
    }
  }
  if (paths.length === 0) {
    throw new PublishError("the server named no address that this machine can send to");
  }
  return { all, paths };
}

function random(limit: number): number {
  return randomInt(limit);
}
