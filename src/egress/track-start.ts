import { Counter, countUp } from "../contract/counters.ts";
import type { Feed } from "../feed/feed.ts";
import type { SourceClock } from "../feed/source-clock.ts";
import { JOIN_ANSWER_US, JOIN_BYTES_MAX, PLI_INTERVAL_JOIN_US } from "../limits.ts";
import type { CatchUpPace } from "./catch-up-pace.ts";
import type { EgressContext } from "./context.ts";
import type { LayerSwitch } from "./layer-switch.ts";
import type { Track } from "./track.ts";
import type { TrackTime } from "./track-time.ts";

/** Media that has waited for so long is worth less than what comes now: players have played on. */
const ASIDE_US = 300_000;
/** What a join is given at most, in packets of 1.2 kB. */
const BACKLOG_PACKETS_MAX = JOIN_BYTES_MAX / 1_200;

/**
 * Where and when a track's media begins. A track that waits (a newcomer without a keyframe, after a
 * lap, without consent, for a layer, for another publisher) is in the list of those who do and is looked
 * at again and again: whatever it waits for, the first look after that has changed lets it begin.
 */
export class TrackStart {
  /** When the present wait's first keyframe was asked for, of whichever ring, and the last one, us. */
  private askedFirstAt = Number.POSITIVE_INFINITY;
  private askedAt = Number.NEGATIVE_INFINITY;
  /** It waits since it was late: that is of its own making, and asks for what it may cause. */
  private lagged = false;
  /** Whose keyframes were asked for. */
  private source: SourceClock | null = null;

  constructor(
    private readonly context: EgressContext,
    private readonly track: Track,
    private readonly time: TrackTime,
    private readonly layer: LayerSwitch,
  ) {}

  /** Media has begun: the wait is over. */
  begun(): void {
    this.lagged = false;
    this.askedFirstAt = Number.POSITIVE_INFINITY;
  }

  /**
   * Whether media on its way to the live edge begins anew instead of going on at `next`, without a packet
   * lost: after it stood aside for its transport, or waited in a crowd.
   */
  beginsAnew(next: number, pace: CatchUpPace, now: number): boolean {
    if (!pace.aside) return this.passedOver(next, pace.late(now), now);
    const asideUs = pace.comeBack(now);
    // What a connection is given arrives, if late: `lags` decides how late.
    return !this.track.link.byStream && !this.goesOn(next, asideUs, now);
  }

  /**
   * Whether media of `receipt`, which comes next on its way to the live edge by a connection, is so late
   * that it is left out, up to the next keyframe: from the end of a frame on.
   */
  lags(receipt: number, pace: CatchUpPace, now: number): boolean {
    const { link, output } = this.track;
    if (!link.byStream || !pace.lags(receipt, now) || output.frameOpen) return false;
    this.lagged = true;
    return true;
  }

  /**
   * Without a nearer keyframe all that came is needed, unless it is more than a join would be given:
   * then a keyframe is asked for.
   */
  private goesOn(next: number, asideUs: number, now: number): boolean {
    const { feed, video } = this.track;
    if (asideUs < ASIDE_US) return true;
    if (feed === null || !video || this.passedOver(next, asideUs, now)) return false;
    return feed.reader.distance(next) <= BACKLOG_PACKETS_MAX;
  }

  /**
   * Whether a keyframe that came while media waited for so long is the nearer way to the live edge. In
   * a crowd of 500 who came within 2.5 s the backlogs waited until all had a picture, and then went out
   * at once: 250 MB, which lost 11,799 packets at the receivers and took 1.3 s (p99).
   */
  private passedOver(next: number, waitedUs: number, now: number): boolean {
    const { feed, video } = this.track;
    if (waitedUs < ASIDE_US || feed === null || !video) return false;
    const keyframe = feed.joinableKeyframe(now);
    return keyframe !== null && ((keyframe - next) | 0) > 0;
  }

  /** The track has begun to wait, or waits for another ring now. */
  wait(now: number): void {
    this.askedAt = Number.NEGATIVE_INFINITY;
    if (!this.track.video) return;
    const source = this.track.feed?.source ?? null;
    if (source !== this.source) this.askedFirstAt = Number.POSITIVE_INFINITY;
    this.source = source;
    this.context.queues.waiting.add(this.track);
    this.look(now);
  }

  /**
   * Begins at the best that can be shown now; without it, asks for a keyframe. Returns true while
   * the track still waits.
   */
  look(now: number): boolean {
    const { track } = this;
    const { feed, link } = track;
    if (track.state !== "waiting" || !track.video) return false;
    // A closed ring's publisher has left: another one's follows.
    if (feed === null || feed.reader.closed) return true;
    if (!link.connected || !link.mediaAllowed) return true;
    const keyframe = this.placeIn(feed, now);
    if (keyframe !== null) track.startAt(keyframe, now);
    else if (!this.tryOthers(now)) this.ask(now);
    return track.state === "waiting";
  }

  /** Where the track may begin in a ring now; null where it may not. */
  private placeIn(feed: Feed, now: number): number | null {
    const { segments } = this.track;
    const keyframe = feed.joinableKeyframe(now, this.askedInVain(now));
    if (keyframe === null || segments.isBehind(feed, keyframe)) return null;
    // Pictures that were seen already in another layer are sent again only where none else come.
    const again = feed.rewinds(this.time.source, segments.current?.feed, now);
    return again && !this.askedInVain(now) ? null : keyframe;
  }

  /** Begins in another ring than the one that is waited for, until that has a keyframe. */
  private tryOthers(now: number): boolean {
    const { track } = this;
    const { source } = track.owner;
    if (source === null || source.video.length < 2) return false;
    // What flows is too much for the path: larger layers are no help.
    if (this.layer.paused) return false;
    const shows = (each: Feed) => this.placeIn(each, now) !== null;
    const feed = track.owner.bestOf(shows, !this.askedInVain(now), now);
    if (feed === null || feed === track.feed) return false;
    // The wish for the ring that was waited for stands: the choice of layers goes there.
    this.ask(now);
    track.follow(feed, now);
    return true;
  }

  private askedInVain(now: number): boolean {
    return now - this.askedFirstAt >= JOIN_ANSWER_US;
  }

  /** Asks for a keyframe, and again when none has come: the writer merges what all ask. */
  private ask(now: number): void {
    if (now - this.askedAt < PLI_INTERVAL_JOIN_US) return;
    const how = this.lagged ? this.track.link.failures.ask(now) : "join";
    if (how === null) return;
    this.askedAt = now;
    if (this.askedFirstAt === Number.POSITIVE_INFINITY) this.askedFirstAt = now;
    this.request(how);
  }

  request(why: "join" | "failure"): void {
    const { feed } = this.track;
    if (feed === null) return;
    countUp(this.context.counters, Counter.keyframeRequests!);
    feed.reader.requestKeyframe(why);
  }
}
