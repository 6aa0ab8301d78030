import { PUBLISHER_SILENCE_US } from "../../limits.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Promotions } from "./promotions.ts";
import type { PublisherSession } from "./publisher-session.ts";
import type { Stream } from "./stream.ts";

/** Looked at so often. */
export const STANDBYS_LOOK_MS = 50;
/** A publisher of which nothing comes for so long gives its place to one that stands by. */
const SILENCE_US = 200_000;
/** So often in a row another node must not answer: a thread that was late heard nothing, either. */
const UNANSWERED_MAX = 2;

/** Other nodes, as far as they have publishers. */
interface Elsewhere {
  isElsewhere(name: string): boolean;
  /** Whether that node heard of its publisher within so long; null where it does not answer. */
  hears(name: string, withinMs: number): Promise<boolean | null>;
}

interface StandbysOptions {
  readonly plane: MediaPlane;
  readonly clock: Clock;
  /** It is the publisher from now on. */
  readonly promote: (session: PublisherSession) => void;
}

/** What the node that has a name was asked. */
interface Question {
  /** Undefined until it has answered. */
  heard: boolean | null | undefined;
  unanswered: number;
}

/** Second publishers, which have their rings and wait until the first one falls silent. */
export class Standbys {
  readonly #options: StandbysOptions;
  readonly #questions = new WeakMap<Stream, Question>();
  /** Where this node belongs to a cluster. */
  elsewhere: Elsewhere | null = null;
  /** Where others than the nodes decide whose a name is. */
  promotions: Promotions | null = null;

  constructor(options: StandbysOptions) {
    this.#options = options;
  }

  /** Whether somebody publishes the stream, for all that is known at once. */
  isTaken(stream: Stream): boolean {
    if (this.elsewhere?.isElsewhere(stream.name) === true) return true;
    const { source } = stream;
    const { plane, clock } = this.#options;
    return source?.origin.kind === "session" && !source.isSilent(plane, clock.now(), SILENCE_US);
  }

  /** Whether the name is this node's; where it is not, `lookAt` follows when it has become that. */
  mayBegin(stream: Stream): boolean {
    return this.promotions?.mayBegin(stream) ?? true;
  }

  /** Nothing has come of one that waits, for so long that another may have its place. */
  isLost(session: PublisherSession): boolean {
    return this.#silentUs(session) > PUBLISHER_SILENCE_US;
  }

  /** Some times a second. */
  look(streams: Iterable<Stream>): void {
    for (const stream of streams) if (stream.standby !== null) this.lookAt(stream);
  }

  /** Whoever waits here is promoted when nobody else publishes it any more. */
  lookAt(stream: Stream): void {
    const { standby } = stream;
    // Its rings may be with readers still, of the time when it was the publisher.
    if (standby?.lease?.lent !== false) return;
    if (this.#isElsewhere(stream)) return;
    const { source } = stream;
    if (source?.origin.kind === "session") {
      if (this.isTaken(stream)) return;
      // Where a worker is late both are silent.
      if (!source.quiet && this.#silentUs(standby) > SILENCE_US) return;
    }
    if (this.mayBegin(stream)) this.#options.promote(standby);
  }

  /** Another node has it, and hears of its publisher: it is asked again and again. */
  #isElsewhere(stream: Stream): boolean {
    const { name } = stream;
    const { elsewhere } = this;
    if (elsewhere?.isElsewhere(name) !== true) {
      this.#questions.delete(stream);
      return false;
    }
    const question = this.#questions.get(stream) ?? { heard: true, unanswered: 0 };
    const { heard } = question;
    if (heard === undefined) return true;
    question.unanswered = heard === null ? question.unanswered + 1 : 0;
    this.#questions.delete(stream);
    if (heard === false || question.unanswered >= UNANSWERED_MAX) return false;
    this.#questions.set(stream, question);
    question.heard = undefined;
    void elsewhere.hears(name, SILENCE_US / 1000).then((answer) => {
      question.heard = answer;
    });
    return true;
  }

  #silentUs({ lease, createdUs }: PublisherSession): number {
    const { plane, clock } = this.#options;
    const rings = lease?.rings.flat() ?? [];
    const receipts = rings.map((ring) => plane.describeRing(ring).lastReceiptUs);
    return clock.now() - Math.max(createdUs, ...receipts);
  }
}
