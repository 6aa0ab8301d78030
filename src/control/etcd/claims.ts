/**
 * The names that this process has in etcd. Pure: time and answers come in, calls and verdicts go out.
 * What it has it keeps while etcd is away; what it does not have it cannot get then.
 */
import type { Answer, Call, LeaseAnswer, NameCall, Owner } from "./calls.ts";
import { Claim, type Verdict } from "./claim.ts";
import { Lease, type Trouble } from "./lease.ts";

/** Calls that are out at once: a node with thousands of names does not flood etcd that is back. */
const CALLS_MAX = 64;

export interface ClaimsOptions {
  readonly self: Owner;
  /** What came of `want` or `recheck`, for all who wait for a word on the name. */
  readonly decided: (name: string, verdict: Verdict) => void;
  /** Another node has what this one had. */
  readonly lost: (name: string) => void;
  /** Whether somebody here publishes it, or is about to. */
  readonly isInUse: (name: string) => boolean;
}

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #lease = new Lease();
  readonly #claims = new Map<string, Claim>();
  readonly #confirming: NameCall[] = [];
  #serial = 0;
  /** Calls about names that are out. */
  #out = 0;
  /** Something may hang on the lease. */
  #isUsed = false;
  #isListDue = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Why etcd cannot be asked now; null while it can. */
  get trouble(): Trouble | null {
    return this.#lease.trouble;
  }

  /** What all claims hang on; null when there is none. */
  get lease(): string | null {
    return this.#lease.id;
  }

  /** Names that this node has. */
  get owned(): number {
    let count = 0;
    for (const claim of this.#claims.values()) if (claim.owned) count += 1;
    return count;
  }

  owns(name: string): boolean {
    return this.#claims.get(name)?.owned === true;
  }

  /** Revision of etcd's store when this node claimed the name; 0 for a name that it does not have. */
  revisionOf(name: string): number {
    const claim = this.#claims.get(name);
    return claim?.owned === true ? claim.revision : 0;
  }

  /** Somebody here wants the name: `decided` follows. `takeover`: whoever has it is not asked. */
  want(name: string, takeover: boolean, now: number): void {
    const known = this.#claims.get(name);
    if (this.trouble !== null && known?.owned !== true && known?.busy !== true) {
      this.#options.decided(name, "away");
      return;
    }
    (known ?? this.#add(name)).want(takeover, this.trouble !== null, now);
  }

  /** Nobody here wants it any more. */
  leave(name: string, now: number): void {
    this.#claims.get(name)?.leave(now);
  }

  /** Has etcd say whose a name is that this node has: `decided` follows. */
  recheck(name: string, now: number): void {
    const claim = this.#claims.get(name);
    if (claim?.owned !== true) this.#options.decided(name, "taken");
    else if (!this.#lease.isGood) this.#options.decided(name, "away");
    else claim.recheck(now);
  }

  /** Another node asks whether this one still has the name. */
  asked(name: string): void {
    const claim = this.#claims.get(name);
    const lease = this.#lease.id;
    if (claim?.isPresent !== true || lease === null || !this.#options.isInUse(name)) return;
    if (this.#confirming.length >= CALLS_MAX) return;
    this.#confirming.push({ type: "confirm", name, claim: claim.value, lease });
  }

  /** Calls to be made now; each is followed by `answered` or `failed`. */
  poll(now: number): Call[] {
    const calls: Call[] = [];
    const lease = this.#lease.poll(now);
    if (lease !== null) calls.push(lease);
    for (const claim of this.#claims.values()) claim.expire(now, this.trouble !== null);
    this.#sweep();
    if (!this.#lease.isGood) return calls;
    if (this.#isListDue) {
      this.#isListDue = false;
      calls.push({ type: "list", lease: this.#lease.id! });
    }
    const names = [...this.#confirming.splice(0), ...this.#due(now)];
    this.#out += names.length;
    if (names.length > 0) this.#isUsed = true;
    return [...calls, ...names];
  }

  /** `askedAt`: when the call was made. */
  answered(call: Call, answer: Answer, askedAt: number, now: number): void {
    if (answer.type === "lease-gone") this.#gone(call, now);
    else if (answer.type === "lease") this.#leased(answer, now);
    else if (answer.type === "names") this.#listed(answer.names, askedAt);
    else if ("name" in call) {
      const claim = this.#returned(call);
      if (call.type === "confirm") {
        const isSame = claim?.value.serial === call.claim.serial;
        if (answer.done && isSame) claim?.confirmed(answer.revision);
      } else claim?.answered(call, answer, now);
    }
    this.#sweep();
  }

  /** It came to nothing. `mayBeDone`: etcd may have heard of it all the same. */
  failed(call: Call, cause: string, mayBeDone: boolean, now: number): void {
    if (call.type === "grant" || call.type === "renew") this.#lease.failed(cause, now);
    else this.#lease.suspect(cause, now);
    if ("name" in call) {
      const claim = this.#returned(call);
      if (call.type !== "confirm") claim?.failed(call, mayBeDone);
    }
    this.#sweep();
  }

  nextTimeout(): number {
    const isAway = this.trouble !== null;
    const mayCall = this.#lease.isGood && this.#out < CALLS_MAX;
    let soonest = this.#lease.nextTimeout();
    for (const claim of this.#claims.values()) {
      soonest = Math.min(soonest, claim.nextTimeout(isAway, mayCall));
    }
    return soonest;
  }

  *#due(now: number): IterableIterator<NameCall> {
    const { self } = this.#options;
    let room = CALLS_MAX - this.#out;
    for (const claim of this.#claims.values()) {
      if (room <= 0) return;
      const call = claim.next(self, this.#lease.id!, now);
      if (call === null) continue;
      room -= 1;
      yield call;
    }
  }

  #add(name: string, orphan = false): Claim {
    this.#serial += 1;
    const { self, decided, lost } = this.#options;
    const events = {
      decided: (verdict: Verdict) => decided(name, verdict),
      lost: () => lost(name),
    };
    const claim = new Claim(name, { ...self, serial: this.#serial }, events, orphan);
    this.#claims.set(name, claim);
    return claim;
  }

  /** A call about a name is out no more. */
  #returned({ name }: NameCall): Claim | undefined {
    this.#out -= 1;
    return this.#claims.get(name);
  }

  #gone(call: Call, now: number): void {
    if ("lease" in call) this.#lease.gone(call.lease, now);
    if ("name" in call) {
      const claim = this.#returned(call);
      if (claim !== undefined && call.type !== "confirm") claim.busy = false;
    }
    this.#unhang();
  }

  #leased(answer: LeaseAnswer, now: number): void {
    if (this.#lease.answered(answer, now)) {
      this.#isUsed = false;
      this.#unhang();
    } else {
      // What it has, and what calls whose answers were lost have left there.
      this.#isListDue = this.#isUsed;
    }
  }

  #unhang(): void {
    for (const claim of this.#claims.values()) claim.leaseGone();
  }

  #listed(names: readonly string[], askedAt: number): void {
    const there = new Set(names);
    for (const claim of this.#claims.values()) {
      if (!there.has(claim.name)) claim.missing(askedAt);
    }
    for (const name of there) if (!this.#claims.has(name)) this.#add(name, true);
  }

  #sweep(): void {
    for (const [name, claim] of this.#claims) if (claim.isOver) this.#claims.delete(name);
  }
}
