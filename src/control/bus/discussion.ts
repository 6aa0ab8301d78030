import {
  EVENT_AWAY_MAX_MS,
  EVENTS_KEPT_MAX,
  EVENTS_KEPT_OF_ALL_MAX,
  EVENTS_KEPT_US,
  STREAM_EVENTS_BURST,
  STREAM_EVENTS_PER_SECOND,
} from "../../limits.ts";
import { TokenBucket } from "../../media/token-bucket.ts";
import type { Budgets } from "../streams/budgets.ts";
import {
  type Draft,
  RETRACT,
  type Refusal,
  type Remark,
  type RemarkData,
  type Speaker,
} from "../streams/remark.ts";
import { Tallies } from "./tallies.ts";

/** When something is said. */
export interface Moment {
  /** Monotonic, us. */
  readonly now: number;
  /** Ms since 1970. */
  readonly wall: number;
  /** The source that the stream has at this node, by its epoch; null: another node numbers its remarks. */
  readonly term: number | null;
}

/** What all discussions of a node share. */
export interface DiscussionGround {
  /** Of senders, by their keys. */
  readonly budgets: Budgets;
  /** Remarks that are kept, of all streams. */
  readonly kept: { total: number };
}

interface Entry {
  readonly remark: Remark;
  /** Null where another node knows it. */
  readonly by: string | null;
  /** us. */
  readonly since: number;
}

/**
 * What is said of one stream: numbered, counted and kept. Numbers begin at the ms since 1970 at which this
 * node got the source that it has, and go up by one: with less than a thousand a second they stay behind
 * the clock, so that whoever numbers next, here or elsewhere, begins above.
 */
export class Discussion {
  readonly #ground: DiscussionGround;
  readonly #tell: (remark: Remark) => void;
  readonly #entries: Entry[] = [];
  readonly #tallies = new Tallies();
  readonly #pace = new TokenBucket(STREAM_EVENTS_BURST, STREAM_EVENTS_PER_SECOND);
  #term: number | null = null;
  #last = 0;

  constructor(ground: DiscussionGround, tell: (remark: Remark) => void) {
    this.#ground = ground;
    this.#tell = tell;
  }

  /** Remarks that are kept. */
  get size(): number {
    return this.#entries.length;
  }

  /** Nothing is left of it. */
  get isOver(): boolean {
    return this.#entries.length === 0 && this.#tallies.size === 0;
  }

  /** The newest that it has heard of; 0 for none. */
  get last(): number {
    return this.#last;
  }

  /** Those that are kept and newer than this one. */
  since(id: number): Remark[] {
    return this.#entries.map(({ remark }) => remark).filter((remark) => remark.id > id);
  }

  /** A remark for all; of a reaction it is known a little later which. */
  say(draft: Draft, by: Speaker, moment: Moment): Remark | Refusal | Promise<Remark | Refusal> {
    const { now, wall } = moment;
    const { type, data } = draft;
    const at = draft.at ?? Math.round(wall);
    if (Math.abs(at - wall) > EVENT_AWAY_MAX_MS) return "away";
    if (!this.#ground.budgets.take(now, by.key, 1)) return "rate";
    if (type === "reaction") return this.#tallies.count(draft, at);
    if (!this.#pace.take(now, 1)) return "busy";
    return this.#add({ type, at, from: by.name, data }, by.key, moment);
  }

  /** Takes a remark back; tells what says so. */
  retract(id: number, by: Speaker, moment: Moment): Remark | Refusal {
    const entry = this.#entries.find(({ remark }) => remark.id === id);
    if (entry === undefined || entry.remark.type === RETRACT) return "unknown";
    if (!by.moderates && entry.by !== by.key) return "foreign";
    const at = Math.round(moment.wall);
    return this.#add({ type: RETRACT, at, from: by.name, data: { id } }, by.key, moment);
  }

  /** One that another node has numbered; false when it was heard before. */
  take(remark: Remark, now: number): boolean {
    if (remark.id <= this.#last) return false;
    this.#last = remark.id;
    this.#keep({ remark, by: null, since: now });
    return true;
  }

  /** Called some times a second: what was counted is told, and what is old is forgotten. */
  tick(moment: Moment): void {
    this.#forget(moment.now);
    if (!this.#tallies.isDue(moment.now)) return;
    this.#tallies.tell(moment.now, (data, at) => this.#react(data, at, moment));
  }

  /** It is kept no more. */
  drop(): void {
    this.#ground.kept.total -= this.#entries.length;
    this.#entries.length = 0;
  }

  #react(data: RemarkData, at: number, moment: Moment): Remark | Refusal {
    if (moment.term === null) return "not-live";
    return this.#add({ type: "reaction", at, from: null, data }, null, moment);
  }

  #add(rest: Omit<Remark, "id">, by: string | null, { now, wall, term }: Moment): Remark {
    if (term !== this.#term) {
      this.#term = term;
      this.#last = Math.max(this.#last, Math.floor(wall) - 1);
    }
    this.#last += 1;
    const remark: Remark = { id: this.#last, ...rest };
    this.#keep({ remark, by, since: now });
    this.#tell(remark);
    return remark;
  }

  /** Reactions are over with their moment. */
  #keep(entry: Entry): void {
    const { remark, since } = entry;
    if (remark.type === "reaction") return;
    if (remark.type === RETRACT) {
      this.#remove(this.#entries.findIndex((each) => each.remark.id === remark.data.id));
    }
    this.#entries.push(entry);
    this.#ground.kept.total += 1;
    this.#forget(since);
  }

  /** What is too old, or beyond its share; others have theirs. */
  #forget(now: number): void {
    const { kept } = this.#ground;
    for (;;) {
      const oldest = this.#entries[0];
      if (oldest === undefined) return;
      const fits = this.#entries.length <= EVENTS_KEPT_MAX && kept.total <= EVENTS_KEPT_OF_ALL_MAX;
      if (fits && now - oldest.since <= EVENTS_KEPT_US) return;
      this.#remove(0);
    }
  }

  #remove(index: number): void {
    if (index < 0) return;
    this.#entries.splice(index, 1);
    this.#ground.kept.total -= 1;
  }
}
