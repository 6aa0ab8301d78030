import { type CatchingUp, CatchUpQueue } from "./catch-up-queue.ts";

/** Of those who wait so many are looked at in one call, or a part of them if they are more. */
const LOOKS_MIN = 64;
const LOOKS_ROUND = 4;
/** Clusters last some 20 ms: their packets leave at least so evenly. */
const PROBE_TICK_US = 2_000;

/** A track that waits for a place to begin. */
export interface Waiting {
  readonly session: number;
  /** What it waits for may have come: begins if it can. True while it still waits. */
  look(now: number): boolean;
}

/** A viewer as the queues know it. */
export interface Queued {
  readonly session: number;
  readonly tracks: readonly (Waiting & CatchingUp)[];
  /** Sends what is due of a cluster of probes; false when there is none (any more). */
  sendProbes(now: number): boolean;
  sendReports(now: number): void;
}

/** Who has something to send or to look at without any news of a ring. One of them a worker. */
export class Queues {
  /** The session whose work is being done; null while it is nobody's or everybody's. */
  serving: number | null = null;
  /** Tracks that send from the cached keyframe, or from where they were held back, to the live edge. */
  readonly catchingUp = new CatchUpQueue();
  /** Tracks of video whose media has not begun, or is to begin anew. */
  readonly waiting = new Set<Waiting>();
  /** Those whose turn has not come in the present round of looks; null between rounds. */
  #looking: IterableIterator<Waiting> | null = null;
  #looks = 0;
  /** Viewers to whom a cluster of probes is being sent. */
  readonly probing: Queued[] = [];
  /** When the next of them are due, us. */
  probesAt = 0;
  /** Viewers that need a sender report before their round. */
  readonly reportsDue: Queued[] = [];

  /**
   * Looks again at those who wait: what they wait for may have come. Everybody's turn is within five
   * calls, however many they are; a thousand looks take some milliseconds.
   */
  lookAtWaiting(now: number): void {
    const waiting = this.waiting;
    if (this.#looking === null) {
      this.#looking = waiting.values();
      this.#looks = Math.max(LOOKS_MIN, Math.ceil(waiting.size / LOOKS_ROUND));
    }
    for (let i = 0; i < this.#looks; i += 1) {
      const { value: track, done } = this.#looking.next();
      if (done) {
        this.#looking = null;
        return;
      }
      this.serving = track.session;
      if (!track.look(now)) waiting.delete(track);
    }
  }

  startProbing(viewer: Queued): void {
    if (!this.probing.includes(viewer)) this.probing.push(viewer);
    this.probesAt = 0;
  }

  /** The next packets of every cluster of probes under way. */
  sendProbes(now: number): void {
    const list = this.probing;
    for (let i = list.length - 1; i >= 0; i -= 1) {
      this.serving = list[i]!.session;
      if (list[i]!.sendProbes(now)) continue;
      list[i] = list[list.length - 1]!;
      list.pop();
    }
    this.probesAt = now + PROBE_TICK_US;
  }

  sendReportsDue(now: number): void {
    for (const viewer of this.reportsDue) {
      this.serving = viewer.session;
      viewer.sendReports(now);
    }
    this.reportsDue.length = 0;
  }

  /** A viewer is gone. */
  forget(viewer: Queued): void {
    removeAll(this.probing, viewer);
    removeAll(this.reportsDue, viewer);
    for (const track of viewer.tracks) {
      this.catchingUp.remove(track);
      this.waiting.delete(track);
    }
  }
}

function removeAll<T>(list: T[], gone: T): void {
  for (let i = list.length - 1; i >= 0; i -= 1) if (list[i] === gone) list.splice(i, 1);
}
