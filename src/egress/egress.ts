import type { WorkerCommand } from "../contract/messages.ts";
import type { StreamSource } from "../contract/source.ts";
import type { SessionStats } from "../contract/statistics.ts";
import type { Feed } from "../feed/feed.ts";
import { Feeds } from "../feed/feeds.ts";
import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import type { LayerLimits } from "../media/layer-choice.ts";
import type { Peer } from "../peer/peer.ts";
import { EgressContext, type EgressEnvironment } from "./context.ts";
import type { EgressEvents } from "./events.ts";
import type { Queues } from "./queues.ts";
import { Rounds } from "./rounds.ts";
import { Viewer } from "./viewer.ts";
import { Viewers } from "./viewers.ts";

/** Packets between two looks at the clock: about a quarter of a millisecond. */
const CHUNK = 96;

/**
 * The reader side of one worker: all its viewers and the rings that feed them. Sans I/O: the worker
 * passes time and datagrams in and flushes the output after each turn.
 */
export class Egress {
  readonly viewers = new Viewers();
  private readonly context: EgressContext;
  private readonly queues: Queues;
  private readonly feeds: Feeds;
  private readonly following = new Map<number, Following>();
  private readonly batch: Staging;
  /** The feed whose staged batch is not yet with all its viewers. */
  private active: Feed | null = null;
  /** A ring's next packets are being read. */
  private staging = false;
  /** The output took no more: what is left waits until it drains. */
  private outputFull = false;
  /** Live media was left when `forward` returned. */
  private liveLeft = false;
  /** What ends no frame may wait for so long in the present pass, us. */
  private patience = 0;
  /** Steps since the last look at the clock. */
  private packets = 0;
  private readonly rounds: Rounds;

  constructor(
    environment: EgressEnvironment,
    /** Reader-thread number in ring headers. */
    reader: number,
    private readonly events: EgressEvents,
  ) {
    this.context = new EgressContext(environment);
    this.queues = this.context.queues;
    const { allocate, wish, counters } = environment;
    const lapped = (feed: Feed, now: number): void => this.lapped(feed, now);
    this.feeds = new Feeds({ reader, allocate, wish, lapped, counters });
    this.batch = this.feeds.batch;
    this.rounds = new Rounds(this.context, events, this.viewers, this.feeds.all, this.following);
  }

  open(command: Extract<WorkerCommand, { type: "viewer-open" }>, peer: Peer, now: number): void {
    const viewer = new Viewer(
      this.context,
      peer,
      command.stream,
      command.media,
      command.cname,
      command.playoutDelay,
      command.limits,
      now,
    );
    this.viewers.add(viewer);
    // Without a source the stream's earlier rings may linger: nobody has taken them back yet.
    if (command.source !== null) this.setSource(command.stream, command.source, now);
    if (!this.viewers.has(command.session)) return;
    viewer.follow(this.following.get(command.stream) ?? null, now);
  }

  /** What a viewer may have of its stream's layers from now on. */
  limit(session: number, limits: LayerLimits, now: number): void {
    this.viewers.get(session)?.limit(limits, now);
  }

  /** DTLS is complete: media may flow. */
  connected(session: number, now: number): void {
    const viewer = this.viewers.get(session);
    for (const track of viewer?.tracks ?? []) track.look(now);
  }

  close(session: number, now: number): void {
    const viewer = this.viewers.get(session);
    if (viewer === undefined) return;
    this.viewers.remove(viewer);
    this.rounds.tellEstimate(viewer, 0);
    this.isolate("the end of a session", now, null, () => viewer.follow(null, now));
    this.queues.forget(viewer);
    // Also of one that could not be brought to let go itself.
    for (const feed of this.following.get(viewer.stream)?.feeds ?? []) {
      for (const track of viewer.tracks) feed.detach(track);
    }
    if (this.viewers.watch(viewer.stream)) return;
    this.setSource(viewer.stream, null, now);
    this.following.delete(viewer.stream);
  }

  /** A stream's rings are these from now on. Older rings are not read any more on return. */
  setSource(stream: number, source: StreamSource | null, now: number): void {
    const before = this.following.get(stream);
    if (source !== null && before?.epoch === source.epoch) return;
    const wanted = source !== null && this.viewers.watch(stream);
    if (!wanted && before === undefined) return;
    if (source === null || !wanted) this.following.delete(stream);
    else this.following.set(stream, this.feeds.open(source, now));
    const following = this.following.get(stream) ?? null;
    for (const viewer of this.viewers.of(stream)) {
      this.isolate("a new source", now, viewer.session, () => viewer.follow(following, now));
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
    this.viewers.get(session)?.feedback.handle(now, bytes, offset, length);
  }

  /** A writer marked this ring. */
  mark(index: number): void {
    this.feeds.mark(index);
  }

  get hasWork(): boolean {
    return this.active !== null || this.feeds.hasNews || this.queues.catchingUp.length > 0;
  }

  /**
   * When there is work, us: -Infinity for at once, Infinity for none. What ends no frame waits for
   * `patience`, us.
   */
  workAt(now: number, patience: number): number {
    if (this.active !== null || this.queues.catchingUp.length > 0) return now;
    return this.feeds.dueAt(now, patience);
  }

  /** Live media has waited since the last `forward`. */
  get late(): boolean {
    return this.liveLeft && this.hasWork;
  }

  /**
   * Serves viewers until all is done, `deadline` (us) has passed or the output is full. True when
   * live media is left, or a viewer that catches up has not had its burst. What ends no frame waits
   * for `patience`, us.
   */
  forward(now: number, deadline: number, clock: () => number, patience = 0): boolean {
    this.patience = patience;
    for (;;) {
      try {
        return this.serve(now, deadline, clock);
      } catch (error) {
        this.handleFault("media", error, now);
      }
    }
  }

  /** Reports and checks that are not tied to packets. */
  handleTimeout(now: number): void {
    for (;;) {
      try {
        this.queues.serving = null;
        if (this.queues.probing.length > 0) this.queues.sendProbes(now);
        if (now >= this.rounds.at) this.rounds.handleTimeout(now);
        return;
      } catch (error) {
        this.handleFault("a timer", error, now);
      }
    }
  }

  private serve(now: number, deadline: number, clock: () => number): boolean {
    this.outputFull = false;
    this.liveLeft = this.serveLive(now, deadline, clock);
    return this.outputFull || this.queues.catchingUp.serve(now, deadline, clock) || this.liveLeft;
  }

  /**
   * Whoever was being served made it throw, and goes; then the work is taken up where it stopped. What
   * is nobody's fault, or comes again of one who has gone, is the worker's.
   */
  private handleFault(place: string, error: unknown, now: number): void {
    const { queues } = this;
    const session = queues.serving;
    queues.serving = null;
    if (session !== null && this.viewers.has(session)) {
      this.events.faulted(session, place, error);
      this.close(session, now);
    } else if (session === null && this.staging) {
      this.staging = false;
      this.events.faulted(null, "a ring", error);
    } else throw error;
  }

  /** The same for a step of its own; `session` null: nobody goes, nothing else comes of it. */
  private isolate(place: string, now: number, session: number | null, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.events.faulted(session, place, error);
      if (session !== null) this.close(session, now);
    }
  }

  nextTimeout(): number {
    if (this.viewers.size === 0) return Number.POSITIVE_INFINITY;
    return this.queues.probing.length === 0 ? this.rounds.at : this.queues.probesAt;
  }

  stats(session: number | null): SessionStats[] {
    const chosen = session === null ? [...this.viewers.values()] : [this.viewers.get(session)];
    return chosen.filter((viewer) => viewer !== undefined).map((viewer) => viewer.stats());
  }

  private release(following: Following): void {
    this.feeds.release(following);
    if (following.feeds.some((feed) => feed === this.active)) this.active = null;
  }

  /** Stages the next packets of some ring with news; false when there are none. */
  private stageNext(now: number): boolean {
    this.queues.serving = null;
    this.staging = true;
    this.active = this.feeds.next(now, this.patience);
    this.staging = false;
    if (this.active === null) return false;
    this.context.lag.note(now - this.feeds.dueSince);
    return true;
  }

  private lapped(feed: Feed, now: number): void {
    for (const each of [...feed.subscribers]) {
      this.isolate("media", now, each.session, () => each.lapped(feed, now));
    }
  }

  /** Forwards what the rings have; false when nothing is left of it. */
  private serveLive(now: number, deadline: number, clock: () => number): boolean {
    for (;;) {
      if (this.active === null && !this.stageNext(now)) return false;
      if (!this.serveActive(now, deadline, clock)) return true;
      if (this.timeIsUp(deadline, clock)) return this.active !== null || this.feeds.isDue;
    }
  }

  /** Gives the batch to the active feed's viewers; false when it stopped before the last. */
  private serveActive(now: number, deadline: number, clock: () => number): boolean {
    const feed = this.active!;
    while (feed.cursor < feed.subscribers.length) {
      const subscriber = feed.subscribers[feed.cursor]!;
      this.queues.serving = subscriber.session;
      if (!subscriber.forward(feed, this.batch, now)) {
        this.outputFull = true;
        return false;
      }
      feed.cursor += 1;
      this.packets += this.batch.count;
      if (feed.cursor < feed.subscribers.length && this.timeIsUp(deadline, clock)) return false;
    }
    this.active = null;
    if (this.feeds.frameEndedAt <= now) {
      this.context.lag.noteFrame(clock() - this.feeds.frameEndedAt);
    }
    return true;
  }

  /** Looks at the clock once in CHUNK packets. */
  private timeIsUp(deadline: number, clock: () => number): boolean {
    if (this.packets < CHUNK) return false;
    this.packets = 0;
    return clock() >= deadline;
  }
}
