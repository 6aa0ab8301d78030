import type { Claimed, Holding, KeyAnswer, NameCall, Owner } from "./calls.ts";

/** Who has a name and is asked answers within this, or has no publisher any more. */
const ANSWER_US = 300_000;
/** Whoever wants a name is told within this. */
const DECIDED_US = 4_000_000;
/** What is given back while etcd is away stays this node's for as long as its lease may last. */
const CREDIT_US = 10_000_000;

/** What came of a wish for a name. */
export type Verdict = "won" | "taken" | "away";

export interface ClaimEvents {
  /** For all who wait for a word on it. */
  decided(verdict: Verdict): void;
  /** What this node had is another's now. */
  lost(): void;
}

/** What is done next, or just now: */
type Step =
  /** Write the key if there is none. */
  | "create"
  /** Another node has it: put the question, give it time, take its place if it has not answered. */
  | "ask"
  | "wait"
  | "replace"
  /** It stands in etcd. */
  | "settled"
  /** It is not known whether anything stands there, and nothing is to. */
  | "read"
  | "drop"
  | "over";

/** One name that this node wants, has, or gives back. One call at a time; time is passed in. */
export class Claim {
  /** This node is its owner, as far as it knows. */
  owned = false;
  wanted: boolean;
  busy = false;
  /** Of etcd's store, when it was claimed last. */
  revision = 0;
  #step: Step;
  /** The key was last changed at this revision. */
  #over = 0;
  #rival = "";
  /** Of a wait. */
  #until = 0;
  /** Somebody waits for a word, until then. */
  #deadline: number | null = null;
  #takeover = false;
  /** Another node has it by all that is known: one that stands in etcd is believed without a question. */
  #yields = false;
  #settledAt = 0;
  #leftAt = 0;

  /** `orphan`: a key of this process that nobody here wants. */
  constructor(
    readonly name: string,
    readonly value: Claimed,
    readonly events: ClaimEvents,
    orphan = false,
  ) {
    this.wanted = !orphan;
    this.#step = orphan ? "read" : "create";
  }

  get isOver(): boolean {
    return this.#step === "over";
  }

  /** It may stand in etcd, in the name of somebody here. */
  get isPresent(): boolean {
    return this.owned || this.#deadline !== null;
  }

  /**
   * Somebody here wants it. `takeover`: whoever has it is not asked. `isAway`: etcd cannot be, and what
   * is owned is owned.
   */
  want(takeover: boolean, isAway: boolean, now: number): void {
    this.wanted = true;
    this.#takeover = takeover;
    this.#deadline ??= now + DECIDED_US;
    const isIdle = this.#step === "settled" || this.#step === "drop" || this.#step === "read";
    // Etcd's word on it, also on what this node had a moment ago.
    if (!this.busy && isIdle) this.#step = "create";
    if (this.owned && isAway) this.#decide("won");
  }

  /** Nobody here does any more. */
  leave(now: number): void {
    if (!this.wanted) return;
    this.wanted = false;
    this.#leftAt = now;
    if (!this.busy) this.#step = this.#step === "settled" ? "drop" : "read";
  }

  /** Claims it once more: etcd's word on whose it is. */
  recheck(now: number): void {
    if (!this.busy && this.#step === "settled") this.#step = "create";
    this.#yields = true;
    this.#deadline ??= now + DECIDED_US;
  }

  /** It was not among the keys of the lease in an answer to what was asked at `askedAt`. */
  missing(askedAt: number): void {
    if (!this.busy && this.#step === "settled" && this.#settledAt < askedAt) this.#step = "create";
  }

  /** What hung on the lease is gone. */
  leaseGone(): void {
    if (this.busy || this.isOver) return;
    this.#step = this.wanted ? "create" : "over";
    if (!this.wanted) this.owned = false;
  }

  /** What time alone decides. */
  expire(now: number, isAway: boolean): void {
    if (this.#deadline !== null && now >= this.#deadline) this.#giveUp();
    const spent = !this.wanted && isAway && !this.busy && now >= this.#leftAt + CREDIT_US;
    if (spent) this.#step = "over";
  }

  /** The call to be made now. */
  next(self: Owner, lease: string, now: number): NameCall | null {
    if (this.busy) return null;
    if (this.#step === "wait" && now >= this.#until) this.#step = "replace";
    const call = this.#call(self, lease);
    this.busy = call !== null;
    return call;
  }

  /** `mayCall`: what is due can be done. */
  nextTimeout(isAway: boolean, mayCall: boolean): number {
    let soonest = this.#deadline ?? Number.POSITIVE_INFINITY;
    if (this.#step === "wait" && mayCall) soonest = Math.min(soonest, this.#until);
    const isSpending = !this.wanted && isAway && !this.busy;
    return isSpending ? Math.min(soonest, this.#leftAt + CREDIT_US) : soonest;
  }

  answered(call: NameCall, answer: KeyAnswer, now: number): void {
    this.busy = false;
    if (call.type === "ask") {
      this.#step = "wait";
      this.#until = now + ANSWER_US;
    } else if (call.type === "create" || call.type === "replace") {
      this.#written(call.type, answer, now);
    } else if (call.type === "read" || call.type === "drop") this.#found(answer);
    this.#turn();
  }

  /** `mayBeDone`: it is not known what the call has done; else nothing. */
  failed(call: NameCall, mayBeDone: boolean): void {
    this.busy = false;
    const isKept = call.type === "drop" && !mayBeDone;
    if (isKept) this.owned = true;
    if (this.owned) this.#step = this.wanted ? "create" : isKept ? "drop" : "read";
    this.#giveUp();
  }

  /** It was written once more: nobody replaces what was there before. */
  confirmed(revision: number): void {
    this.#over = Math.max(this.#over, revision);
  }

  #call(self: Owner, lease: string): NameCall | null {
    const { name, value: claim } = this;
    const over = this.#over;
    if (this.#step === "create") return { type: "create", name, claim, lease };
    if (this.#step === "ask") {
      return { type: "ask", name, node: this.#rival, by: self.node, lease };
    }
    if (this.#step === "replace") return { type: "replace", name, claim, lease, over };
    if (this.#step === "read") return { type: "read", name };
    if (this.#step !== "drop") return null;
    // Whoever wants it from here on waits for what comes of this.
    this.owned = false;
    return { type: "drop", name, over };
  }

  #written(type: "create" | "replace", { done, revision, holding }: KeyAnswer, now: number): void {
    if (done) this.#settle(revision, now);
    // It went away between two calls.
    else if (holding === null) this.#step = "create";
    else if (this.#isMine(holding)) this.#recognise(holding, now);
    else if (!this.wanted) this.#step = "over";
    else this.#rivalled(type, holding);
  }

  /** Another process has it. One that has written since it was asked has answered. */
  #rivalled(type: "create" | "replace", { by, modRevision }: Holding): void {
    this.#over = modRevision;
    this.#rival = by?.node ?? "";
    if ((type === "replace" && !this.#takeover) || this.#yields) this.#lose();
    else this.#step = this.#takeover || by === null ? "replace" : "ask";
  }

  /** An earlier call has written it, of which the answer was lost; or one of an earlier claim. */
  #recognise({ by, modRevision }: Holding, now: number): void {
    this.#over = modRevision;
    if (by?.serial === this.value.serial) this.#settle(modRevision, now);
    else this.#step = "replace";
  }

  #settle(revision: number, now: number): void {
    this.owned = true;
    this.#yields = false;
    // If another has it later, this one does not take it back.
    this.#takeover = false;
    this.revision = revision;
    this.#over = revision;
    this.#settledAt = now;
    this.#step = this.wanted ? "settled" : "drop";
    this.#decide("won");
  }

  #lose(): void {
    const had = this.owned;
    this.owned = false;
    this.#step = "over";
    if (had) this.events.lost();
    this.#decide("taken");
  }

  /** What is there, or is there no more. */
  #found({ done, holding }: KeyAnswer): void {
    const isMine = !done && holding !== null && this.#isMine(holding);
    if (isMine) this.#over = holding.modRevision;
    this.#step = isMine ? "drop" : "over";
  }

  /** While the call was out somebody has come who wants it, or has gone. */
  #turn(): void {
    if (this.wanted && (this.#step === "drop" || this.#step === "over")) {
      if (this.#deadline !== null || this.owned) this.#step = "create";
    }
    const begun = this.#step === "ask" || this.#step === "wait" || this.#step === "create";
    if (!this.wanted && begun) this.#step = "read";
  }

  /** Etcd has no word on it: what this node has stays, and what it has not may be written or not. */
  #giveUp(): void {
    if (!this.owned && !this.busy) this.#step = "read";
    this.#decide(this.owned && !this.#yields ? "won" : "away");
    this.#yields = false;
  }

  #decide(verdict: Verdict): void {
    if (this.#deadline === null) return;
    this.#deadline = null;
    this.events.decided(verdict);
  }

  #isMine({ by }: Holding): boolean {
    return by !== null && by.node === this.value.node && by.boot === this.value.boot;
  }
}
