import { Counter } from "../contract/counters.ts";
import type { Feed } from "../feed/feed.ts";
import type { Following } from "../feed/following.ts";
import type { EgressContext } from "./context.ts";
import type { EgressEvents } from "./events.ts";
import { flowingLayer } from "./flowing-layer.ts";
import type { Viewer } from "./viewer.ts";
import type { Viewers } from "./viewers.ts";

const MAINTENANCE_US = 20_000;
/** Each viewer's turn. At every maintenance 500 of them took 6 % of the busy time (profile). */
const ROUND_US = 100_000;
/** Viewers looked after in one turn: 64 sender reports cost about half a millisecond. */
const VIEWERS_A_TURN = 64;

/** What is done for rings and viewers as time passes: clocks, layers, reports, what control is told. */
export class Rounds {
  /** When `handleTimeout` is due, us. */
  at = 0;
  /** Bits a second that the viewers' paths are believed to carry, all together. */
  #estimate = 0;
  #roundAt = 0;
  #lookAt = 0;
  /** Viewers that have not had their turn in the present round; null between rounds. */
  #round: IterableIterator<Viewer> | null = null;

  constructor(
    private readonly context: EgressContext,
    private readonly events: EgressEvents,
    private readonly viewers: Viewers,
    private readonly feeds: ReadonlyMap<number, Feed>,
    private readonly following: ReadonlyMap<number, Following>,
  ) {}

  /** Goes on after a viewer whose turn made it throw, with the one behind it. */
  handleTimeout(now: number): void {
    const { context } = this;
    // Whoever waits does not wait for the end of a round through all viewers.
    if (now >= this.#lookAt) {
      this.#lookAt = now + MAINTENANCE_US;
      context.queues.lookAtWaiting(now);
    }
    if (this.#round === null) {
      for (const { clock, reader, source } of this.feeds.values()) {
        this.#ofRing(() => clock.update(reader, source));
      }
      context.queues.sendReportsDue(now);
      context.lag.tell(now);
      this.at = now + MAINTENANCE_US;
      if (now < this.#roundAt) return;
      this.#roundAt = now + ROUND_US;
      for (const { table } of this.following.values()) this.#ofRing(() => table.update(now));
      this.#round = this.viewers.values();
    }
    for (let i = 0; i < VIEWERS_A_TURN; i += 1) {
      const { value: viewer, done } = this.#round.next();
      if (done) {
        this.#round = null;
        this.at = now + MAINTENANCE_US;
        return;
      }
      this.#maintain(viewer, now);
    }
    // The others at the next turn: reports of a thousand viewers fall due at once.
    this.at = now;
  }

  /** The counter is the sum over the viewers. */
  tellEstimate(viewer: Viewer, estimate: number): void {
    this.#estimate += estimate - viewer.estimateTold;
    viewer.estimateTold = estimate;
    this.context.counters[Counter.estimateBps] = this.#estimate;
  }

  #maintain(viewer: Viewer, now: number): void {
    this.context.queues.serving = viewer.session;
    viewer.handleTimeout(now);
    if (viewer.link.unsupported) this.events.ended(viewer.link.peer, "codec-changed");
    else if (viewer.link.firstMediaAt <= now && !viewer.firstMediaTold) {
      viewer.firstMediaTold = true;
      this.events.firstMedia(viewer.session, viewer.link.firstMediaAt - viewer.openedAt);
    }
    this.tellEstimate(
      viewer,
      viewer.link.connected ? Math.round(viewer.link.adaptation.estimate) : 0,
    );
    const layer = flowingLayer(viewer);
    if (layer < 0 || layer === viewer.layerTold) return;
    viewer.layerTold = layer;
    this.events.layer(viewer.session, layer);
  }

  /** What a ring's words make throw is told, and is nobody's end. */
  #ofRing(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.events.faulted(null, "a ring", error);
    }
  }
}
