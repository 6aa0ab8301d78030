/** The viewers of one load thread: sockets, clock and HTTP around LoadViewer. */
import { type ClientSession, SessionError } from "../client/session.ts";
import { WhipError } from "../client/whip.ts";
import type { MediaSection } from "../contract/session.ts";
import { createCertificate } from "../io/certificate.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { DatagramSender } from "../io/datagram-sender.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import { enableGro, GroReceiver } from "../io/gro-receiver.ts";
import { openOpenSsl } from "../io/openssl.ts";
import { SocketSet } from "../io/socket-set.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { GuardedDtls } from "../peer/guarded-dtls.ts";
import type { CodecId } from "../wire/codecs.ts";
import { Connector } from "./connect.ts";
import { LoadCounters } from "./counters.ts";
import { createDistributions, type DistributionData, distributionData } from "./distributions.ts";
import { canWrite } from "./frame-writer.ts";
import type { LoadSocket } from "./load-socket.ts";
import type { ViewerLoad } from "./options.ts";
import { random } from "./random.ts";
import { type Recorded, Recording } from "./recording.ts";
import { Timeline, type TimelineData } from "./timeline.ts";
import { LoadViewer } from "./viewer.ts";
import { viewerMedia } from "./viewer-media.ts";
import { ViewerPauses } from "./viewer-pauses.ts";

/** Pause between two looks at the sockets once all viewers are in; see SocketSet.nap. */
const NAP_MS = 2;
/** Longest wait while sessions are being made: HTTP needs the JavaScript loop. */
const JOIN_WAIT_MS = 1;
/** Timers of all viewers are looked at this often. */
const TIMERS_US = 5_000;
/** POSTs under way at once. A server that is slower than the rate makes the others wait. */
const POSTS_MAX = 256;
const DELETES_MAX = 32;

interface Member {
  readonly viewer: LoadViewer;
  readonly session: ClientSession;
  readonly socket: LoadSocket;
  readonly joinedAt: number;
}

export interface ViewerShardResult {
  readonly distributions: DistributionData;
  readonly timeline: TimelineData;
  /** How often sessions failed for each reason. */
  readonly failures: Readonly<Record<string, number>>;
  readonly recordings: readonly Recorded[];
}

export class ViewerShard {
  readonly #counters: LoadCounters;
  readonly #distributions = createDistributions();
  readonly #timeline = new Timeline(monotonicUs(), realtimeUs());
  #lostSeen = 0;
  readonly #failures: Record<string, number> = {};
  readonly #recordings: Recorded[] = [];
  readonly #sockets = new SocketSet();
  readonly #receiver = new GroReceiver();
  readonly #sender = new DatagramSender();
  readonly #certificate = createCertificate(new Date(realtimeUs() / 1000));
  readonly #connector: Connector;
  readonly #media: readonly MediaSection[];
  readonly #members: (Member | null)[] = [];
  readonly #free: number[] = [];
  #started = 0;
  #posting = 0;
  #joining = 0;
  #startUs = 0;
  #timersAt = 0;
  #wallOffsetUs = 0;
  #stopping = false;

  constructor(private readonly load: ViewerLoad) {
    this.#counters = new LoadCounters(load.block);
    const openSsl = openOpenSsl(load.openssl);
    this.#connector = new Connector({
      role: "viewer",
      http: load,
      sender: this.#sender,
      fingerprint: this.#certificate.fingerprint,
      dtls: new GuardedDtls(new OpenSslDtlsFactory(openSsl, this.#certificate, load.srtpProfiles)),
      ciphers: new OpenSslSrtpFactory(openSsl),
      sourcesMax: 8,
    });
    this.#media = viewerMedia(load);
  }

  /** Runs until `stop`; then closes all sessions and returns what was measured. */
  async run(): Promise<ViewerShardResult> {
    this.#startUs = monotonicUs();
    while (!this.#stopping) {
      this.#turn();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#leaveAll();
    this.#sockets.close();
    return {
      distributions: distributionData(this.#distributions),
      timeline: this.#timeline.toData(),
      failures: this.#failures,
      recordings: this.#recordings,
    };
  }

  stop(): void {
    this.#stopping = true;
  }

  #turn(): void {
    const busy = this.#posting > 0 || this.#joining > 0 || this.#started < this.load.viewers;
    if (!busy) this.#sockets.nap(NAP_MS);
    let count = this.#sockets.wait(busy ? JOIN_WAIT_MS : 0);
    this.#wallOffsetUs = realtimeUs() - monotonicUs();
    for (;;) {
      for (let i = 0; i < count; i += 1) this.#receive(this.#sockets.ready(i));
      if (!this.#sockets.isFull(count)) break;
      count = this.#sockets.wait(0);
    }
    const now = monotonicUs();
    this.#startDue(now);
    if (now < this.#timersAt) return;
    this.#timersAt = now + TIMERS_US;
    for (let i = 0; i < this.#members.length; i += 1) this.#tend(i, now);
    this.#noteLost(now);
  }

  #noteLost(now: number): void {
    const lost = this.#counters.get("lost");
    if (lost > this.#lostSeen) this.#timeline.lost(now, lost - this.#lostSeen);
    this.#lostSeen = lost;
  }

  #receive(index: number): void {
    const member = this.#members[index];
    if (member === null || member === undefined) return;
    const receiver = this.#receiver;
    let count: number;
    do {
      count = receiver.receive(member.socket.fd);
      const now = monotonicUs();
      for (let i = 0; i < count; i += 1) this.#receiveMessage(member, i, now);
    } while (count === receiver.batch);
    if (!member.viewer.connected) member.session.flush();
  }

  #receiveMessage(member: Member, i: number, now: number): void {
    const { region, names } = this.#receiver;
    const start = this.#receiver.offset(i);
    const end = start + this.#receiver.length(i);
    const segment = this.#receiver.segment(i);
    const arrival = this.#receiver.arrivals[i]!;
    const name = this.#receiver.nameOffset(i);
    for (let at = start; at < end; at += segment) {
      const length = Math.min(segment, end - at);
      member.viewer.handleDatagram(now, arrival, region, at, length, member.socket, names, name);
    }
  }

  /** Timers, feedback and leaving of one viewer. */
  #tend(index: number, now: number): void {
    const member = this.#members[index];
    if (member === null || member === undefined) return;
    const { viewer } = member;
    member.session.tick(now);
    this.#giveFeedback(member, now);
    if (viewer.peer.state === "closed") {
      const detail = viewer.peer.closeDetail;
      this.#fail(`${viewer.peer.closeReason}${detail === "" ? "" : `: ${detail}`}`);
      this.#remove(index, now);
    } else if (this.load.holdUs > 0 && now - member.joinedAt >= this.load.holdUs) {
      this.#leave(index, now);
    }
  }

  #giveFeedback({ viewer, session }: Member, now: number): void {
    const { path, sender } = viewer.peer;
    if (!viewer.connected || path === null || sender === null) return;
    const out = this.#sender.region;
    const length = viewer.feedback.poll(now, viewer.waitsForKeyframe, out.bytes, 0);
    if (length > 0) session.commit(sender.sealRtcp(out, 0, length));
  }

  #startDue(now: number): void {
    const due = Math.floor(((now - this.#startUs) / 1e6) * this.load.rate) + 1;
    while (
      this.#started < Math.min(this.load.viewers, due) &&
      this.#posting < POSTS_MAX &&
      !this.#stopping
    ) {
      const number = this.#started;
      this.#started += 1;
      this.#counters.add("joinsStarted");
      this.#posting += 1;
      this.#joining += 1;
      void this.#join(number).finally(() => {
        this.#posting -= 1;
      });
    }
  }

  async #join(number: number): Promise<void> {
    const startedAt = monotonicUs();
    const url = this.load.urls[number % this.load.urls.length]!;
    try {
      await this.#connector.open(url, this.#media, (session, socket) =>
        this.#enter(session, socket, number, startedAt),
      );
    } catch (error) {
      this.#joining -= 1;
      if (!(error instanceof WhipError) && !(error instanceof SessionError)) throw error;
      // What the end cuts off has not failed.
      if (!this.#stopping) this.#fail(error.message);
    }
  }

  /** A session has been made; after the end it is unmade again. */
  #enter(session: ClientSession, socket: LoadSocket, number: number, startedAt: number): void {
    if (this.#stopping) throw new SessionError("the load has ended");
    if (this.load.gro) enableGro(socket.fd);
    const viewer = new LoadViewer({
      peer: session.peer,
      sections: session.media,
      counters: this.#counters,
      distributions: this.#distributions,
      pauses: new ViewerPauses(this.#timeline),
      plan: this.load.feedback,
      sampled: number % this.load.sample === 0,
      record: this.load.record === null ? null : this.#recorder(`${this.load.record}${number}`),
      loss: this.load.loss,
      random,
      ssrc: 1 + Math.floor(random() * 0xfffffffe),
      cname: session.offer.cname,
      startedAt,
      wallOffsetUs: () => this.#wallOffsetUs,
    });
    this.#add({ viewer, session, socket, joinedAt: monotonicUs() });
  }

  /** Files of one viewer: another encoder behind it begins another one. */
  #recorder(path: string): (codec: CodecId) => Recording | null {
    let files = 0;
    return (codec) => {
      if (!canWrite(codec)) return null;
      files += 1;
      return new Recording(files === 1 ? path : `${path}-${files}`, codec);
    };
  }

  #add(member: Member): void {
    const index = this.#free.pop() ?? this.#members.length;
    this.#members[index] = member;
    this.#sockets.add(member.socket.fd, index);
    this.#counters.add("live");
    member.session.tick(monotonicUs());
    const settled = () => {
      const { viewer } = member;
      const { state } = viewer.peer;
      const waits = state === "new" || state === "connecting";
      if (waits && !this.#stopping) setTimeout(settled, 20);
      else this.#joining -= 1;
    };
    setTimeout(settled, 20);
  }

  #fail(reason: string): void {
    this.#counters.add("joinsFailed");
    this.#failures[reason] = (this.#failures[reason] ?? 0) + 1;
  }

  /** Ends a session in good order: close_notify and DELETE. */
  #leave(index: number, now: number): void {
    const { session } = this.#members[index]!;
    this.#remove(index, now);
    this.#counters.add("left");
    void this.#connector.delete(session);
  }

  #remove(index: number, now: number): void {
    const { viewer, session, socket } = this.#members[index]!;
    session.end(now);
    this.#account(viewer);
    this.#sockets.remove(socket.fd);
    socket.close();
    this.#members[index] = null;
    this.#free.push(index);
    this.#counters.add("live", -1);
  }

  /** A viewer's own figures, at its end. */
  #account(viewer: LoadViewer): void {
    if (viewer.connectedAt === 0) return;
    const now = monotonicUs();
    viewer.finish(now);
    const seconds = (now - viewer.connectedAt) / 1e6;
    if (seconds > 0) {
      this.#distributions.bitrateKbps.record((viewer.bytes * 8) / 1000 / seconds);
    }
    const track = viewer.tracks.find(({ kind }) => kind === "video") ?? viewer.tracks[0];
    if (track !== undefined) this.#distributions.jitterUs.record(track.statistics.jitterUs);
    for (const { frames, recording } of viewer.tracks) {
      if (recording !== null) this.#recordings.push(recording.close());
      this.#counters.add("framesComplete", frames.complete);
      this.#counters.add("framesBroken", frames.broken);
      this.#counters.add("stampBreaks", frames.stampBreaks);
    }
    this.#counters.add("sendErrors", this.#sender.errors);
    this.#sender.errors = 0;
  }

  async #leaveAll(): Promise<void> {
    const sessions: ClientSession[] = [];
    const now = monotonicUs();
    for (const [index, member] of this.#members.entries()) {
      if (member === null) continue;
      sessions.push(member.session);
      this.#remove(index, now);
    }
    this.#noteLost(now);
    const next = async (): Promise<void> => {
      for (let last = sessions.pop(); last !== undefined; last = sessions.pop()) {
        await this.#connector.delete(last);
      }
    };
    await Promise.all(Array.from({ length: DELETES_MAX }, next));
    await this.#connector.settled();
  }
}
