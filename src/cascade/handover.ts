import { sameBytes } from "../wire/bytes.ts";
import { NO_ASSOCIATION, writeRekey } from "../wire/cascade/rekey.ts";
import type { Link } from "./link.ts";

/** What one association has carried. */
export interface Wear {
  /** Datagrams. */
  readonly sent: number;
  readonly received: number;
  /** Datagrams that came from its other end's address and that its keys do not open. */
  readonly forged: number;
}

/** From where on another is to take its place. */
export interface WearLimits {
  /** In either direction. */
  readonly packets: number;
  readonly ageUs: number;
  readonly forged: number;
}

export const WEAR_LIMITS: WearLimits = {
  packets: 2 ** 28,
  ageUs: 24 * 3600 * 1_000_000,
  forged: 64,
};

/** How worn it is is looked at so often. */
const LOOK_US = 100_000;
/** Neither who forges datagrams nor the other end makes this one begin anew more often. */
const APART_US = 10_000_000;
/** For each step of the other end is waited so long, for a handshake until that gives up itself ... */
const STEP_US = 10_000_000;
const DIAL_US = 30_000_000;
/** ... and after a step that did not come the next time begins so much later. */
const RETRY_US = 60_000_000;
/** Until something comes by the new one it is asked for a sign of life so often. */
const GREET_US = 50_000;
/** So long, or four round trips, what was sent by the old one may still come. */
const RETIRING_US = 500_000;
/** Whoever knows the link says so within this, or four round trips. */
const RESUME_US = 500_000;

/** What a handover makes happen. */
export interface HandoverEvents {
  /** Opens an association beside the present one, to the same place. */
  dial(): void;
  /** What comes by this session is the link's from now on. */
  take(session: number): void;
  /** Asks for a sign of life by this session. */
  greet(session: number, now: number): void;
  /** Says by this session which link it is to carry on. */
  propose(session: number): void;
  /** The other end does not know the link: this session is to be one of its own. */
  separate(session: number, now: number): void;
  /** What the link says leaves by this session from now on. */
  use(session: number): void;
  /** Ends a session that carries the link no more, or never did. */
  drop(session: number): void;
  /** The session that has this association, and that another node of the link's id opened. */
  find(association: Uint8Array): number | null;
}

interface HandoverOptions {
  readonly link: Link;
  /** This end has dialled: it dials the next one, too. */
  readonly calls: boolean;
  /** Of the two nodes this one has the lower id. */
  readonly lower: boolean;
  readonly limits: WearLimits;
  /** Of the association that is in use. */
  readonly wear: () => Wear;
  readonly events: HandoverEvents;
  readonly now: number;
}

/**
 * - `steady`: one association, in use.
 * - `asked`: the other end was told that another is wanted: who does not know of it says nothing.
 * - `dialled`: it is being made. - `offered`: it is there, and the other end was told so.
 * - `taken`: what comes by it counts; nothing has so far.
 * - `used`: what this end says leaves by it; of the old one the last may still come.
 * - `resuming`: nothing came by the one in use; by another the other end was told which link this is.
 */
type Step = "steady" | "asked" | "dialled" | "offered" | "taken" | "used" | "resuming";

/**
 * One association of a link after the other, each begun beside the one before: a link lasts, keys do
 * not. Who they belong to is told over the old one, which only the two ends of the link have.
 */
export class Handover {
  readonly #options: HandoverOptions;
  #step: Step = "steady";
  #session: number;
  /** The other end had asked to go on by that: to it the answer is said again, if it asks again. */
  #accepted = false;
  /** The other one: the next, or when that is in use the one before. */
  #other: number | null = null;
  #association: Uint8Array | null = null;
  /** Since when the association in use is there. */
  #since: number;
  #lookAt: number;
  #stepUntil = Number.POSITIVE_INFINITY;
  #greetAt = Number.POSITIVE_INFINITY;

  constructor(options: HandoverOptions) {
    this.#options = options;
    this.#session = options.link.session;
    this.#since = options.now;
    this.#lookAt = options.now;
  }

  /** A session is being opened for it. */
  get dials(): boolean {
    return this.#step === "dialled";
  }

  /** What was dialled is there. */
  connected(session: number, association: Uint8Array, now: number): void {
    this.#other = session;
    this.#association = association;
    this.#options.link.send(writeRekey(association));
    this.#enter("offered", now + STEP_US);
  }

  /** The session by which the other end is asked to go on; null where none is. */
  get proposed(): number | null {
    return this.#step === "resuming" ? this.#other : null;
  }

  /** Since when the association in use is there. */
  get since(): number {
    return this.#since;
  }

  /** A session was dialled because nothing came: it carries the link on. False where another does already. */
  resume(session: number, now: number): boolean {
    if (this.#step !== "steady" && this.#step !== "asked") return false;
    this.#other = session;
    this.#enter("resuming", now + Math.max(RESUME_US, 4 * this.#options.link.time.newestUs));
    this.#greetAt = now;
    return true;
  }

  /** The other end says by that session whether it knows the link. */
  resumed(known: boolean, now: number): void {
    const session = this.#other;
    if (this.#step !== "resuming" || session === null) return;
    if (!known) this.#separate(now);
    else {
      this.#options.events.take(session);
      this.#use(now, true);
    }
  }

  /** The other end has heard nothing, and goes on by this session. True: it is to be told that so does this. */
  accept(session: number, now: number): boolean {
    // What comes again at the end that asked is the answer: two that answer that never come to an end.
    if (session === this.#session) return this.#accepted;
    // Where both ask the one of the lower id is answered.
    const mine = this.#step === "resuming" && this.#options.lower;
    if (mine || ["dialled", "offered", "taken"].includes(this.#step)) return false;
    this.#drop();
    this.#other = session;
    this.#options.events.take(session);
    this.#use(now, false);
    // By the old one its end may not come either: the other has heard the answer, or given up, by then.
    this.#stepUntil = now + 2 * this.#retiringUs;
    this.#accepted = true;
    return true;
  }

  /** What was dialled came to nothing. */
  failed(now: number): void {
    if (this.#step === "dialled") this.#giveUp(now);
  }

  /** The other end says that this association is to carry the link, or that one is wanted. */
  told(association: Uint8Array, now: number): void {
    const { calls, link, events } = this.#options;
    if (association.length === 0) this.#wanted(now);
    else if (calls) {
      if (this.#step !== "offered" || !sameBytes(association, this.#association)) return;
      this.#take(this.#other!, now);
    } else if (this.#step === "steady" || this.#step === "asked") {
      const session = events.find(association);
      if (session === null) return;
      link.send(writeRekey(association));
      this.#take(session, now);
    }
  }

  /** Something authentic came by a session of the link. */
  heard(session: number, now: number): void {
    if (this.#step === "taken" && session === this.#other) this.#use(now, this.#options.calls);
  }

  /** A session is over. False when it carried the link alone, which is over then, too. */
  lost(session: number, now: number): boolean {
    if (session === this.#session && this.#step === "taken") this.#use(now, this.#options.calls);
    if (session !== this.#other) return false;
    this.#other = null;
    if (this.#step === "used" || this.#step === "resuming") this.#settle(now);
    else this.#giveUp(now);
    return true;
  }

  handleTimeout(now: number): void {
    const { events, calls } = this.#options;
    if (now >= this.#lookAt) {
      this.#lookAt = Math.max(this.#lookAt, now + LOOK_US);
      if (this.#step === "steady" && this.#isWorn(now)) this.#ask(now);
    }
    if (this.#step === "taken" && calls && now >= this.#greetAt) {
      this.#greetAt = now + GREET_US;
      events.greet(this.#other!, now);
    }
    if (this.#step === "resuming" && now >= this.#greetAt) {
      this.#greetAt = now + GREET_US;
      events.propose(this.#other!);
    }
    if (now < this.#stepUntil) return;
    if (this.#step === "resuming") {
      this.#separate(now);
      return;
    }
    this.#drop();
    if (this.#step === "used") this.#settle(now);
    else this.#giveUp(now);
  }

  /** Infinity while only time passes: how worn it is is seen by the way. */
  nextTimeout(): number {
    return Math.min(this.#stepUntil, this.#greetAt);
  }

  #wanted(now: number): void {
    const { calls, events } = this.#options;
    if (this.#step !== "steady" && this.#step !== "asked") return;
    // A caller that asked waits for the word of one that knows what it is asked for, and for no other.
    if (!calls) this.#ask(now);
    else if (this.#step === "asked" || now - this.#since >= APART_US) {
      this.#enter("dialled", now + DIAL_US);
      events.dial();
    }
  }

  #isWorn(now: number): boolean {
    const { link, limits, wear } = this.#options;
    // Silence is for a new link to end: by this one no word would come.
    if (!link.open || link.isQuiet(now)) return false;
    const { sent, received, forged } = wear();
    const age = now - this.#since;
    return (
      Math.max(sent, received) >= limits.packets ||
      age >= limits.ageUs ||
      (forged >= limits.forged && age >= APART_US)
    );
  }

  #ask(now: number): void {
    this.#options.link.send(writeRekey(NO_ASSOCIATION));
    this.#enter("asked", now + STEP_US);
  }

  #take(session: number, now: number): void {
    this.#other = session;
    this.#options.events.take(session);
    this.#enter("taken", now + STEP_US);
    if (this.#options.calls) this.#greetAt = now;
  }

  /** `closes`: this end has dialled it, and closes the old one. */
  #use(now: number, closes: boolean): void {
    const { events } = this.#options;
    const session = this.#other!;
    this.#other = this.#session;
    this.#session = session;
    this.#accepted = false;
    this.#since = now;
    events.use(session);
    // Whoever was called does when that never comes.
    this.#enter("used", now + (closes ? this.#retiringUs : STEP_US));
  }

  get #retiringUs(): number {
    return Math.max(RETIRING_US, 4 * this.#options.link.time.newestUs);
  }

  #separate(now: number): void {
    const session = this.#other!;
    this.#other = null;
    this.#settle(now);
    this.#options.events.separate(session, now);
  }

  #settle(now: number): void {
    this.#enter("steady", Number.POSITIVE_INFINITY);
    this.#lookAt = now;
  }

  #giveUp(now: number): void {
    this.#enter("steady", Number.POSITIVE_INFINITY);
    this.#lookAt = now + RETRY_US;
  }

  #drop(): void {
    const other = this.#other;
    this.#other = null;
    if (other !== null) this.#options.events.drop(other);
  }

  #enter(step: Step, until: number): void {
    this.#step = step;
    this.#stepUntil = until;
    this.#greetAt = Number.POSITIVE_INFINITY;
  }
}
