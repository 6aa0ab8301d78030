import { assert } from "../../assert.ts";
import type { CloseReason } from "../../contract/session.ts";
import { CANDIDATE_HELD_US, CONNECT_TIMEOUT_US, SOURCE_LINGER_US } from "../../limits.ts";
import type { Logger } from "../../log.ts";
import { type LayerLimits, NO_LIMITS } from "../../media/layer-choice.ts";
import type { LocalDescription } from "../../sdp/local.ts";
import { RingLease } from "../plane/lease.ts";
import type { MediaPlane, PlaneEvents } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import { strictest } from "./layer-limits.ts";
import { createEntityTag, createSession, type NewSession, type Session } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { type Source, sourceOfSession } from "./source.ts";
import { Stream } from "./stream.ts";
import type { Publish } from "./stream-event.ts";

interface RegistryOptions {
  readonly plane: MediaPlane;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly publish: Publish;
}

/** Backstop behind the workers' own time-out. */
const PENDING_MAX_US = CONNECT_TIMEOUT_US + 2_000_000;

/** Streams and sessions: who publishes what, who watches it, and which rings they meet in. */
export class Registry implements Omit<PlaneEvents, "fault" | "moved"> {
  readonly sessions = new Sessions();
  readonly streams = new Map<string, Stream>();
  readonly #options: RegistryOptions;
  #sessionNumber = 0;
  #streamNumber = 0;
  /** Highest epoch known. One count for all names: a name that was forgotten still moves on. */
  #epoch = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Whether a new publisher may have the name now. */
  mayPublish(name: string, takeover: boolean): boolean {
    const stream = this.streams.get(name);
    if (stream === undefined) return true;
    if (stream.candidate !== null && !takeover && !this.#isLate(stream.candidate)) return false;
    if (stream.source === null || takeover) return true;
    // Nothing comes any more: its machine or page is gone and wants back in.
    const { plane, clock } = this.#options;
    return stream.source.isSilent(plane, clock.now());
  }

  /** The caller has asked `mayPublish`. A candidate that waited is sent away. */
  openPublisher(fresh: NewSession, bitrateMax: number): Session {
    const stream = this.#stream(fresh.name);
    if (stream.candidate !== null) this.end(stream.candidate, "taken-over");
    const session = this.#session("publisher", fresh, NO_LIMITS);
    this.streams.set(stream.name, stream);
    stream.candidate = session;
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
  ): Session {
    const stream = this.#stream(fresh.name);
    const session = this.#session("viewer", fresh, limits);
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

  /** What a viewer wants of the layers, within what it may have. */
  chooseLayer(session: Session, choice: LayerLimits): void {
    session.choice = choice;
    this.#options.plane.limitLayers(session.worker, {
      session: session.number,
      limits: strictest(session.limits, choice),
    });
  }

  /** Ends a session from our side; its name is free at once, its worker confirms later. */
  end(session: Session, reason: CloseReason): void {
    if (session.state === "ended") return;
    this.#options.plane.close(session.worker, session.number, reason);
    this.#detach(session, reason);
  }

  connected(number: number, path: string, srtpProfile: string): void {
    const session = this.sessions.byNumber(number);
    if (session === null || session.state !== "pending") return;
    const lease = session.kind === "publisher" ? this.#grantRings(session) : null;
    if (session.kind === "publisher" && lease === null) return;
    this.sessions.connected(session);
    session.path = path;
    session.srtpProfile = srtpProfile;
    session.connectedUs = this.#options.clock.now();
    if (lease !== null) this.#promote(session, lease);
    this.#options.publish({ type: "joined", stream: this.streamOf(session), session });
  }

  closed(number: number, reason: CloseReason): void {
    const session = this.sessions.byNumber(number);
    if (session === null) return;
    if (session.state !== "ended") this.#detach(session, reason);
    this.sessions.forget(session);
    session.lease?.writerGone();
    this.#options.publish({ type: "gone" });
  }

  firstMedia(number: number, afterUs: number): void {
    const session = this.sessions.byNumber(number);
    if (session === null || session.state === "ended") return;
    session.firstMediaUs = afterUs;
    const stream = this.streamOf(session);
    this.#options.publish({ type: "first-media", stream, session, afterUs });
  }

  layer(number: number, layer: number): void {
    const session = this.sessions.byNumber(number);
    if (session === null || session.state === "ended") return;
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
    for (const stream of this.streams.values()) {
      if (stream.idleSinceUs === null || now - stream.idleSinceUs <= SOURCE_LINGER_US) continue;
      this.#dropSource(stream);
    }
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

  #stream(name: string): Stream {
    let stream = this.streams.get(name);
    if (stream === undefined) {
      this.#streamNumber += 1;
      stream = new Stream(this.#streamNumber, name);
      this.streams.set(name, stream);
    }
    return stream;
  }

  #session(kind: Session["kind"], fresh: NewSession, limits: LayerLimits): Session {
    this.#sessionNumber += 1;
    const { clock, random } = this.#options;
    const number = this.#sessionNumber;
    const session = createSession({ kind, number, limits, nowUs: clock.now() }, fresh, random);
    this.sessions.add(session);
    return session;
  }

  /** A publisher has proven itself: its rings; null when there are none and the session ended. */
  #grantRings(session: Session): RingLease | null {
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

  /** A connected candidate becomes the publisher: viewers switch to its rings. */
  #promote(session: Session, lease: RingLease): void {
    const stream = this.streamOf(session);
    stream.candidate = null;
    this.#epoch += 1;
    const source = sourceOfSession(session, lease, {
      epoch: this.#epoch,
      sinceUs: this.#options.clock.now(),
      end: (reason) => this.end(session, reason),
    });
    this.#goLive(stream, source);
  }

  /** Readers have `source` from now on; the one before is ended. */
  #goLive(stream: Stream, source: Source): void {
    const { source: before, lent } = stream;
    stream.source = source;
    stream.lent = source.lease;
    stream.idleSinceUs = null;
    source.lease.lend();
    this.#retire(lent, this.#options.plane.setSource(stream.number, source.granted));
    this.#chooseAnew(stream, source);
    before?.origin.end("taken-over");
    this.#options.publish({ type: "active", stream });
  }

  /** A rid that the new source does not have is no choice any more. */
  #chooseAnew(stream: Stream, { rids }: Source): void {
    for (const viewer of stream.viewers) {
      viewer.layer = -1;
      const { choice } = viewer;
      if (choice.rid === "" || rids.includes(choice.rid)) continue;
      this.chooseLayer(viewer, { ...choice, rid: "" });
    }
  }

  #detach(session: Session, reason: CloseReason): void {
    const wasConnected = session.state === "connected";
    const stream = this.streamOf(session);
    const now = this.#options.clock.now();
    this.sessions.end(session, now, reason);
    stream.viewers.delete(session);
    if (stream.candidate === session) stream.candidate = null;
    if (stream.publisher === session) {
      stream.source = null;
      stream.idleSinceUs = now;
      this.#options.publish({ type: "inactive", stream });
    }
    this.#options.publish({ type: "left", stream, session, reason, wasConnected });
    if (stream.abandoned) {
      this.#dropSource(stream);
      this.streams.delete(stream.name);
    }
    this.#options.publish({ type: "gone" });
  }

  #dropSource(stream: Stream): void {
    stream.idleSinceUs = null;
    const lease = stream.lent;
    if (lease === null) return;
    stream.lent = null;
    this.#retire(lease, this.#options.plane.setSource(stream.number, null));
  }

  #retire(lease: RingLease | null, switched: Promise<void>): void {
    switched.then(
      () => lease?.readersGone(),
      // The rings stay out of the pool: better a lost ring than one with two writers.
      (error) => this.#options.log.error("Readers did not switch", { cause: String(error) }),
    );
  }

  /** It has had its time to connect. */
  #isLate(candidate: Session): boolean {
    return this.#options.clock.now() - candidate.createdUs > CANDIDATE_HELD_US;
  }
}
