import { assert } from "../../assert.ts";
import type { Takeover } from "../../config/values.ts";
import type { CloseReason } from "../../contract/session.ts";
import { CANDIDATE_HELD_US, CONNECT_TIMEOUT_US } from "../../limits.ts";
import type { Logger } from "../../log.ts";
import type { LayerLimits } from "../../media/layer-choice.ts";
import type { LocalDescription } from "../../sdp/local.ts";
import type { TransportKind } from "../../wire/path.ts";
import { RingLease } from "../plane/lease.ts";
import type { MediaPlane, PlaneEvents } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import { createPublisher, type PublisherSession } from "./publisher-session.ts";
import type { Session } from "./session.ts";
import { createEntityTag, type Identity, type NewSession } from "./session-base.ts";
import { Sessions } from "./sessions.ts";
import { sourceOfSession } from "./source.ts";
import { Standbys } from "./standbys.ts";
import type { Stream } from "./stream.ts";
import type { Publish } from "./stream-event.ts";
import { Streams } from "./streams.ts";
import { createViewer, type ViewerSession } from "./viewer-session.ts";

interface RegistryOptions {
  readonly plane: MediaPlane;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly publish: Publish;
}

/** Backstop behind the workers' own time-out. */
const PENDING_MAX_US = CONNECT_TIMEOUT_US + 2_000_000;

type NotForRegistry = "fault" | "moved" | "relayStarted" | "cluster" | "packagerStarted" | "tail";

/** Streams and sessions: who publishes what, who watches it, and which rings they meet in. */
export class Registry implements Omit<PlaneEvents, NotForRegistry> {
  readonly sessions = new Sessions();
  readonly streams: Streams;
  readonly standbys: Standbys;
  readonly #options: RegistryOptions;
  #sessionNumber = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.streams = new Streams(options);
    this.standbys = new Standbys({ ...options, promote: (session) => this.#promote(session) });
  }

  /**
   * Whether a new publisher may have the name now. `elsewhere`: its source is another node's, which has
   * been asked.
   */
  mayPublish(name: string, takeover: Takeover, elsewhere = false): boolean {
    const stream = this.streams.get(name);
    if (stream === undefined || takeover === true) return true;
    const { candidate, standby } = stream;
    if (candidate !== null && !this.#isLate(candidate)) return false;
    if (takeover === "standby") return standby === null || this.standbys.isLost(standby);
    if (stream.source === null || elsewhere) return true;
    // Nothing comes any more: its machine or page is gone and wants back in.
    const { plane, clock } = this.#options;
    return stream.source.isSilent(plane, clock.now());
  }

  /** The caller has asked `mayPublish`. A candidate that waited is sent away. */
  openPublisher(fresh: NewSession, bitrateMax: number, standsBy = false): PublisherSession {
    const stream = this.streams.of(fresh.name);
    const waiting = stream.candidate;
    const session = createPublisher(this.#identity(), fresh, standsBy, this.#options.random);
    this.sessions.add(session);
    stream.candidate = session;
    if (waiting !== null) this.end(waiting, "taken-over");
    this.#options.plane.openPublisher(session.worker, {
      session: session.number,
      stream: stream.number,
      peer: fresh.peer,
      media: fresh.media,
      bitrateMax,
    });
    return session;
  }

  openViewer(
    fresh: NewSession,
    playoutDelay: { min: number; max: number } | null,
    limits: LayerLimits,
  ): ViewerSession {
    const stream = this.streams.of(fresh.name);
    const session = createViewer(this.#identity(), fresh, limits, this.#options.random);
    this.sessions.add(session);
    stream.viewers.add(session);
    this.#options.plane.openViewer(session.worker, {
      session: session.number,
      stream: stream.number,
      peer: fresh.peer,
      media: fresh.media,
      cname: fresh.local.cname,
      source: stream.source?.granted ?? null,
      playoutDelay,
      limits,
    });
    return session;
  }

  /** New ICE credentials on both sides; everything else stays (RFC 9725 4.3.3). */
  restartIce(
    session: Session,
    local: LocalDescription,
    remote: { readonly ufrag: string; readonly pwd: string },
  ): void {
    session.local = local;
    session.remote = remote;
    session.etag = createEntityTag(this.#options.random);
    this.#options.plane.restartIce(session.worker, {
      session: session.number,
      localUfrag: local.ufrag,
      localPwd: local.pwd,
      remoteUfrag: remote.ufrag,
      remotePwd: remote.pwd,
    });
  }

  /** Ends a session from our side; its name is free at once, its worker confirms later. */
  end(session: Session, reason: CloseReason): void {
    if (session.state === "ended") return;
    this.#options.plane.close(session.worker, session.number, reason);
    this.#detach(session, reason);
  }

  /** Another node's publisher has the name: the one here ends, or waits. */
  yieldName(stream: Stream): void {
    const { publisher, source, standby } = stream;
    if (publisher === null) return;
    if (!publisher.standsBy || standby !== null) this.end(publisher, "taken-over");
    else {
      stream.standby = publisher;
      this.streams.ended(stream, source!, "taken-over");
    }
  }

  connected(number: number, path: string, srtpProfile: string, transport: TransportKind): void {
    const session = this.sessions.byNumber(number);
    if (session === null || session.state !== "pending") return;
    const connection = { path, transport, srtpProfile, sinceUs: this.#options.clock.now() };
    if (session.kind === "publisher") {
      if (this.#grantRings(session) === null) return;
      this.sessions.connected(session, connection);
      this.#begin(session);
    } else this.sessions.connected(session, connection);
    this.#options.publish({ type: "joined", stream: this.streamOf(session), session });
  }

  closed(number: number, reason: CloseReason): void {
    const session = this.sessions.byNumber(number);
    if (session === null) return;
    if (session.state !== "ended") this.#detach(session, reason);
    this.sessions.forget(session);
    if (session.kind === "publisher") session.lease?.writerGone();
    this.#options.publish({ type: "gone" });
  }

  firstMedia(number: number, afterUs: number): void {
    const session = this.#viewer(number);
    if (session === null) return;
    session.firstMediaUs = afterUs;
    const stream = this.streamOf(session);
    this.#options.publish({ type: "first-media", stream, session, afterUs });
  }

  layer(number: number, layer: number): void {
    const session = this.#viewer(number);
    if (session === null) return;
    session.layer = layer;
    this.#options.publish({ type: "layer", stream: this.streamOf(session), session });
  }

  workerRestarted(_worker: number, workerName: string, cause: string): void {
    this.#options.log.warn("Worker replaced", { worker: workerName, cause });
  }

  /** Called about once a second. */
  tick(): void {
    const now = this.#options.clock.now();
    this.sessions.sweep(now);
    for (const session of [...this.sessions.all()]) {
      if (session.state === "pending" && now - session.createdUs > PENDING_MAX_US) {
        this.end(session, "connect-timeout");
      }
    }
    this.streams.tick();
  }

  /** The stream of a session that has not ended. */
  streamOf(session: Session): Stream {
    const stream = this.streams.get(session.stream);
    assert(stream !== undefined, "a stream is there as long as its sessions");
    return stream;
  }

  /** Publishers and viewers that have not ended. */
  count(kind: "publisher" | "viewer"): number {
    let count = 0;
    for (const session of this.sessions.all()) if (session.kind === kind) count += 1;
    return count;
  }

  #identity(): Identity {
    this.#sessionNumber += 1;
    return { number: this.#sessionNumber, nowUs: this.#options.clock.now() };
  }

  /** One that has not ended. */
  #viewer(number: number): ViewerSession | null {
    const session = this.sessions.byNumber(number);
    return session?.kind === "viewer" && session.state !== "ended" ? session : null;
  }

  /** A publisher has proven itself: its rings; null when there are none and the session ended. */
  #grantRings(session: PublisherSession): RingLease | null {
    const { plane, log } = this.#options;
    session.lease = RingLease.take(plane, session.media, session.worker);
    if (session.lease === null) {
      const mend = "raise --ring-memory, or let fewer publish at once";
      log.warn("No memory for a publisher's rings", { stream: session.stream, mend });
      this.end(session, "ring-memory");
      return null;
    }
    plane.grantRings(session.worker, { session: session.number, rings: session.lease.rings });
    return session.lease;
  }

  /** A connected candidate becomes the publisher, or waits for the place of the one that there is. */
  #begin(session: PublisherSession): void {
    const stream = this.streamOf(session);
    stream.candidate = null;
    const { standbys } = this;
    if (!session.standsBy || (!standbys.isTaken(stream) && standbys.mayBegin(stream))) {
      this.#promote(session);
      return;
    }
    const { standby } = stream;
    stream.standby = session;
    if (standby !== null) this.end(standby, "taken-over");
  }

  /** Viewers switch to its rings. The one before waits in its turn, if it is of that kind. */
  #promote(session: PublisherSession): void {
    const stream = this.streamOf(session);
    const { publisher: before, standby } = stream;
    const stays = before?.standsBy === true && (standby === null || standby === session);
    if (stays) stream.standby = before;
    else if (standby === session) stream.standby = null;
    const source = sourceOfSession(session, session.lease!, {
      epoch: this.streams.nextEpoch(),
      sinceUs: this.#options.clock.now(),
      end: (reason) => this.end(session, reason),
    });
    this.streams.goLive(stream, source, stays);
  }

  #detach(session: Session, reason: CloseReason): void {
    const stream = this.streamOf(session);
    this.sessions.end(session, this.#options.clock.now(), reason);
    if (session.kind === "viewer") stream.viewers.delete(session);
    else this.#unpublish(stream, session, reason);
    this.#options.publish({ type: "left", stream, session, reason });
    this.streams.letGo(stream);
    this.#options.publish({ type: "gone" });
  }

  #unpublish(stream: Stream, session: PublisherSession, reason: CloseReason): void {
    if (stream.candidate === session) stream.candidate = null;
    if (stream.standby === session) stream.standby = null;
    if (stream.publisher !== session) return;
    this.streams.ended(stream, stream.source!, reason);
    this.standbys.lookAt(stream);
  }

  /** It has had its time to connect. */
  #isLate(candidate: PublisherSession): boolean {
    return this.#options.clock.now() - candidate.createdUs > CANDIDATE_HELD_US;
  }
}
