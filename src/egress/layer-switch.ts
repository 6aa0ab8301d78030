import { type Feed, SILENCE_US } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { JOIN_ANSWER_US } from "../limits.ts";
import { SlotFlag } from "../ring/layout.ts";
import type { LayerStretch } from "./layer-stretch.ts";
import type { Track } from "./track.ts";

/** A keyframe that a switch waits for is asked for again after so long. */
const ASK_US = 500_000;
/** With such a queue on the path, what flows until the keyframe comes would only make it longer: the
 * picture stands still in any case until the queue has drained. */
const PAUSE_QUEUE_US = 200_000;

/**
 * Which layer one track is to carry. Within a ring the layer point goes to the stretch that flows;
 * another ring is waited for beside the present one, which flows on until a keyframe of it begins.
 */
export class LayerSwitch {
  /** Before the first choice the smallest picture: of the path nothing is known yet. */
  private spatialId = 0;
  private temporalId = 7;
  /** The ring to go to; null when there. */
  private wanted: Feed | null = null;
  /** It is wanted because the path does not carry what flows. */
  private down = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  /** RTP timestamp of the wanted ring's packet last seen and not taken. */
  private seen = -1;
  /** Nothing is sent until a keyframe of a smaller layer comes, so that the path's queue drains. */
  paused = false;
  private wantedAt = 0;

  constructor(private readonly track: Track) {}

  /** Goes to a layer point of a ring. `down`: what flows is too much for the path. */
  choose(feed: Feed, point: number, down: boolean, now: number): void {
    this.spatialId = point >> 3;
    this.temporalId = point & 7;
    const { track } = this;
    if (feed === track.feed) {
      this.cancel();
      this.aim(this.spatialId, this.temporalId);
    } else if (track.state === "idle" || track.state === "waiting" || track.feed === null) {
      track.follow(feed, now);
    } else if (feed !== this.wanted) {
      this.cancel();
      this.wanted = feed;
      // A keyframe that has come in part already is no place to begin.
      this.seen = feed.reader.newestTimestamp;
      this.askedAt = Number.NEGATIVE_INFINITY;
      this.wantedAt = now;
      feed.attach(track);
    }
    this.down = this.wanted !== null && (this.down || down);
    // Until the keyframe comes, what flows is made as small as it can be at once.
    if (this.down) this.aim(0, 0);
  }

  /** Asks for the keyframe that a switch waits for. `queueUs`: the queue on the viewer's path. */
  pursue(queueUs: number, now: number): void {
    if (this.down && this.wanted !== null && queueUs > PAUSE_QUEUE_US) {
      this.track.follow(this.wanted, now);
      this.paused = this.track.state === "waiting";
    }
    if (this.wanted !== null && this.standsStill(now)) this.track.leaveFor(this.wanted, now);
    const { track, stretch } = this;
    const waits = track.state === "waiting" || stretch?.wantsKeyframe === true;
    const feed = this.wanted ?? (waits ? track.feed : null);
    if (feed === null || now - this.askedAt < ASK_US) return;
    this.askedAt = now;
    // Without consent no keyframe could be taken, and the wish would last as long as the session.
    const how = track.link.mediaAllowed ? track.link.switches.ask(now) : null;
    if (how !== null) feed.reader.requestKeyframe(how);
  }

  /** The layer that is to be left has nothing to send, and the wanted one has not had a keyframe. */
  private standsStill(now: number): boolean {
    const { feed } = this.track;
    if (feed === null || now - this.wantedAt < JOIN_ANSWER_US) return false;
    return now - feed.reader.lastReceiptUs > SILENCE_US;
  }

  /** Place in a batch of the wanted ring where a keyframe begins; -1 when none does. */
  arrival(feed: Feed, batch: Staging): number {
    if (feed !== this.wanted) return -1;
    for (let i = 0; i < batch.count; i += 1) {
      const timestamp = batch.timestamps[i]!;
      // H.264 says of several packets that the keyframe begins (parameter sets, then slices):
      // behind a part of the same frame it is too late.
      if ((batch.flags[i]! & SlotFlag.keyframeStart) !== 0 && timestamp !== this.seen) {
        this.wanted = null;
        this.down = false;
        return i;
      }
      this.seen = timestamp;
    }
    return -1;
  }

  /** A stretch begins: it is to send the layer point chosen. */
  begin(stretch: LayerStretch | null): void {
    this.paused = false;
    stretch?.setTarget(this.spatialId, this.temporalId);
  }

  /** Stays where it is. */
  cancel(): void {
    this.wanted?.detach(this.track);
    this.wanted = null;
    this.down = false;
  }

  /** A switch has been asked for and has not happened yet. */
  get pending(): boolean {
    return this.wanted !== null;
  }

  /** Media leaves as it comes, or as fast as the pacer lets it. */
  get flows(): boolean {
    const { state, paced } = this.track;
    return state === "live" || (state === "catchUp" && paced);
  }

  /** The layer point that flows, if the ring tells its layers. */
  get stretch(): LayerStretch | null {
    return this.track.segments.current?.layers ?? null;
  }

  private aim(spatialId: number, temporalId: number): void {
    this.stretch?.setTarget(spatialId, temporalId);
  }
}
