import type {
  CloseReason,
  RingGrant,
  SessionStats,
  StreamSource,
  WorkerCommand,
} from "../commands.ts";
import { Counter } from "../counters.ts";
import { STAGE_PACKETS } from "../limits.ts";
import type { Peer } from "../peer/peer.ts";
import { ReadResult } from "../ring/reader.ts";
import { Extension } from "../wire/extensions.ts";
import { EgressContext, type EgressEnvironment } from "./context.ts";
import { Feed } from "./feed.ts";
import { SourceClock } from "./source-clock.ts";
import { Staging } from "./staging.ts";
import { Viewer } from "./viewer.ts";

/** Viewers served between two looks at the clock. */
const CHUNK = 32;
const MAINTENANCE_US = 20_000;

/** What egress tells its worker. */
export interface EgressEvents {
  /** First media for a session, us after it was opened. */
  firstMedia(session: number, afterUs: number): void;
  /** The session cannot go on: close it. */
  ended(peer: Peer, reason: CloseReason): void;
}

/** A stream's present source as this worker reads it. */
interface Following {
  readonly epoch: number;
  readonly audio: Feed | null;
  readonly video: readonly Feed[];
}

/**
 * The reader side of one worker: all its viewers and the rings that feed them. Sans I/O: the worker
 * passes time and datagrams in and flushes the output after each turn.
 */
export class Egress {
  readonly viewers = new Map<number, Viewer>();
  private readonly context: EgressContext;
  private readonly feeds = new Map<number, Feed>();
  private readonly following = new Map<number, Following>();
  private readonly batch: Staging;
  private readonly arrivals = new Int32Array(STAGE_PACKETS);
  /** Rings with news, served in turn. */
  private readonly dirty: number[] = [];
  private readonly dirtySet = new Set<number>();
  /** The feed whose staged batch is not yet with all its viewers. */
  private active: Feed | null = null;
  private maintenanceAt = 0;

  constructor(
    environment: EgressEnvironment,
    /** Reader-thread number in ring headers. */
    private readonly reader: number,
    private readonly events: EgressEvents,
  ) {
    this.context = new EgressContext(environment);
    this.batch = new Staging(environment.allocate(Staging.bytes(STAGE_PACKETS)), STAGE_PACKETS);
  }

  open(command: Extract<WorkerCommand, { type: "viewer-open" }>, peer: Peer, now: number): void {
    const viewer = new Viewer(
      this.context,
      peer,
      command.stream,
      command.media,
      command.playoutDelay,
      now,
    );
    this.viewers.set(command.session, viewer);
    this.setSource(command.stream, command.source, now);
    this.attach(viewer, now);
  }

  /** DTLS is complete: media may flow. */
  connected(session: number, now: number): void {
    const viewer = this.viewers.get(session);
    for (const track of viewer?.tracks ?? []) track.join(now);
  }

  close(session: number, now: number): void {
    const viewer = this.viewers.get(session);
    if (viewer === undefined) return;
    this.viewers.delete(session);
    for (const track of viewer.tracks) track.follow(null, now);
    for (const other of this.viewers.values()) if (other.stream === viewer.stream) return;
    this.setSource(viewer.stream, null, now);
    this.following.delete(viewer.stream);
  }

  /** A stream's rings are these from now on. Older rings are not read any more on return. */
  setSource(stream: number, source: StreamSource | null, now: number): void {
    const before = this.following.get(stream);
    if (source !== null && before?.epoch === source.epoch) return;
    const wanted = source !== null && this.hasViewers(stream);
    if (!wanted && before === undefined) return;
    if (source === null || !wanted) this.following.delete(stream);
    else this.following.set(stream, this.openSource(source));
    for (const viewer of this.viewers.values()) {
      if (viewer.stream === stream) this.attach(viewer, now);
    }
    if (before !== undefined) this.release(before);
  }

  handleRtcp(
    session: number,
    now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    this.viewers.get(session)?.handleRtcp(now, bytes, offset, length);
  }

  /** A writer marked this ring. */
  mark(index: number): void {
    if (this.dirtySet.has(index) || !this.feeds.has(index)) return;
    this.dirtySet.add(index);
    this.dirty.push(index);
  }

  get hasWork(): boolean {
    return this.active !== null || this.dirty.length > 0 || this.context.catchingUp.length > 0;
  }

  /** Serves viewers until all is done or `deadline` (us) has passed. True when work is left. */
  forward(now: number, deadline: number, clock: () => number): boolean {
    for (;;) {
      if (this.active === null && !this.stageNext(now)) break;
      if (!this.serveActive(now, deadline, clock)) return true;
    }
    return this.serveCatchUp(now, deadline, clock);
  }

  /** Reports and checks that are not tied to packets. */
  handleTimeout(now: number): void {
    if (now < this.maintenanceAt) return;
    this.maintenanceAt = now + MAINTENANCE_US;
    for (const feed of this.feeds.values()) feed.clock.update(feed.reader, feed.source);
    for (const viewer of this.viewers.values()) {
      viewer.sendReports(now);
      if (viewer.unsupported) this.events.ended(viewer.peer, "codec-changed");
      else if (viewer.firstMediaSent && !viewer.firstMediaTold) {
        viewer.firstMediaTold = true;
        this.events.firstMedia(viewer.session, now - viewer.openedAt);
      }
    }
  }

  nextTimeout(): number {
    return this.viewers.size === 0 ? Number.POSITIVE_INFINITY : this.maintenanceAt;
  }

  stats(session: number | null): SessionStats[] {
    const chosen = session === null ? [...this.viewers.values()] : [this.viewers.get(session)];
    return chosen.filter((viewer) => viewer !== undefined).map((viewer) => viewer.stats());
  }

  private hasViewers(stream: number): boolean {
    for (const viewer of this.viewers.values()) if (viewer.stream === stream) return true;
    return false;
  }

  private attach(viewer: Viewer, now: number): void {
    const source = this.following.get(viewer.stream);
    for (const track of viewer.tracks) {
      const feed =
        track.section.kind === "audio" ? (source?.audio ?? null) : (source?.video[0] ?? null);
      if (track.feed !== feed) track.follow(feed, now);
    }
  }

  private openSource(source: StreamSource): Following {
    const clock = new SourceClock();
    const feedOf = (grant: RingGrant): Feed => {
      const feed = new Feed(grant, this.reader, clock);
      this.feeds.set(grant.index, feed);
      return feed;
    };
    return {
      epoch: source.epoch,
      audio: source.audio === null ? null : feedOf(source.audio),
      video: source.video.map(feedOf),
    };
  }

  private release(following: Following): void {
    const feeds = following.audio === null ? [] : [following.audio];
    feeds.push(...following.video);
    for (const feed of feeds) {
      feed.release();
      if (this.feeds.get(feed.index) === feed) this.feeds.delete(feed.index);
      if (this.active === feed) this.active = null;
      for (const viewer of this.viewers.values()) {
        for (const track of viewer.tracks) track.segments.retire(feed);
      }
    }
  }

  /** Copies the next arrivals of some dirty ring into the batch; false when there are none. */
  private stageNext(now: number): boolean {
    for (;;) {
      const index = this.dirty.shift();
      if (index === undefined) return false;
      this.dirtySet.delete(index);
      const feed = this.feeds.get(index);
      if (feed === undefined) continue;
      const count = feed.reader.takeArrivals(this.arrivals, STAGE_PACKETS);
      if (count < 0) {
        this.lapped(feed, now);
        continue;
      }
      if (count === 0) continue;
      if (feed.reader.backlog > 0) this.mark(index);
      this.stage(feed, count);
      if (this.batch.count === 0) continue;
      this.active = feed;
      feed.cursor = 0;
      return true;
    }
  }

  private stage(feed: Feed, count: number): void {
    const batch = this.batch;
    batch.clear();
    let laps = 0;
    for (let i = 0; i < count; i += 1) {
      if (batch.load(feed.reader, this.arrivals[i]!) !== ReadResult.ok) {
        laps += 1;
        continue;
      }
      const at = batch.count - 1;
      feed.clock.notePacket(batch.timestamps[at]!, batch.arrivals[at]!, feed.reader.clockRate);
      if (batch.extensionLengths[at] !== 0 && batch.carries(at, Extension.absCaptureTime)) {
        feed.bringsCaptureTime = true;
      }
    }
    if (laps > 0) this.context.count(Counter.ringLaps!, laps);
    batch.planPadding();
  }

  private lapped(feed: Feed, now: number): void {
    this.context.count(Counter.ringLaps!);
    for (const track of feed.tracks) track.resume(now);
  }

  /** Gives the batch to the active feed's viewers; false when time ran out before the last. */
  private serveActive(now: number, deadline: number, clock: () => number): boolean {
    const feed = this.active!;
    while (feed.cursor < feed.tracks.length) {
      const end = Math.min(feed.cursor + CHUNK, feed.tracks.length);
      while (feed.cursor < end) {
        const track = feed.tracks[feed.cursor]!;
        feed.cursor += 1;
        track.forward(this.batch, now);
      }
      if (feed.cursor < feed.tracks.length && clock() >= deadline) return false;
    }
    this.active = null;
    return true;
  }

  private serveCatchUp(now: number, deadline: number, clock: () => number): boolean {
    const list = this.context.catchingUp;
    for (let i = list.length - 1; i >= 0; i -= 1) {
      if (list[i]!.catchUp(now)) {
        list[i] = list[list.length - 1]!;
        list.pop();
      }
      if (clock() >= deadline) break;
    }
    return list.length > 0;
  }
}
