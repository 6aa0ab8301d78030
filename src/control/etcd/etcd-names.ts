import type { Logger } from "../../log.ts";
import { EPOCH_MAX } from "../../wire/cascade/name.ts";
import type { Clock } from "../ports.ts";
import { readAnswer } from "./answers.ts";
import type { Answer, Call } from "./calls.ts";
import type { Verdict } from "./claim.ts";
import { Claims } from "./claims.ts";
import { type Access, EtcdClient, EtcdError, type Fetch } from "./client.ts";
import { Keys, requestOf, revocation } from "./requests.ts";
import { Watch } from "./watch.ts";

export interface EtcdNamesOptions {
  /** Of etcd's members. */
  readonly urls: readonly string[];
  readonly access: Access;
  readonly fetch: Fetch;
  readonly cluster: string;
  /** 32 hex digits. */
  readonly node: string;
  readonly boot: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether somebody here publishes it, or is about to. */
  readonly isWanted: (name: string) => boolean;
  /** Whether such a one is heard of, too. */
  readonly isHeard: (name: string) => boolean;
  /** Another node has a name that this one had. */
  readonly lost: (name: string) => void;
}

/** What status and metrics show. */
export interface NamesState {
  /** Names that this node has. */
  readonly owned: number;
  /** Why etcd cannot be asked, and for how long; null while it can. */
  readonly trouble: { readonly cause: string; readonly seconds: number } | null;
  /** How often a name was won, was another's, or could not be asked for. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** How often another node had a name that this one had. */
  readonly lost: number;
}

/** Epochs go on from the revision up to here, so that as many are left to count them up. */
const EPOCH_FLOOR_MAX = EPOCH_MAX / 2;
const MEND = "all that plays goes on, new publishers get 503 until it answers";

/** Has etcd say whose a name is, for all who publish at this node. */
export class EtcdNames {
  readonly #options: EtcdNamesOptions;
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #claims: Claims;
  readonly #watch: Watch;
  /** By name: how many want it who do not have it yet. */
  readonly #wanting = new Map<string, number>();
  /** By name: who waits for a word on it. */
  readonly #waiting = new Map<string, ((verdict: Verdict) => void)[]>();
  readonly #verdicts: Record<Verdict, number> = { won: 0, taken: 0, away: 0 };
  #lost = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #awaySinceUs: number | null = null;
  #stopped = false;

  constructor(options: EtcdNamesOptions) {
    this.#options = options;
    const { urls, access, fetch, cluster, node, boot } = options;
    const keys = new Keys(cluster);
    this.#keys = keys;
    this.#claims = new Claims({
      self: { node, boot },
      decided: (name, verdict) => this.#decided(name, verdict),
      lost: (name) => this.#lose(name),
      isInUse: (name) => this.#wanting.has(name) || options.isHeard(name),
    });
    const moved = () => this.#watch.restart();
    this.#client = new EtcdClient({ urls, access, fetch, moved });
    const asked = (name: string) => this.#asked(name);
    this.#watch = new Watch({ client: this.#client, keys, node, asked });
    this.#pump();
  }

  get state(): NamesState {
    const { trouble, owned } = this.#claims;
    const since = trouble === null ? 0 : this.#options.clock.now() - trouble.sinceUs;
    return {
      owned,
      trouble: trouble && { cause: trouble.cause, seconds: Math.round(since / 1e6) },
      verdicts: { ...this.#verdicts },
      lost: this.#lost,
    };
  }

  /** Certificates and passwords are these from now on. */
  setAccess(access: Access): void {
    this.#client.setAccess(access);
  }

  /**
   * For somebody who wants to publish here, and does, or not, in `then`. `takeover`: whoever has the
   * name is not asked.
   */
  async claim<T>(name: string, takeover: boolean, then: (verdict: Verdict) => T): Promise<T> {
    this.#wanting.set(name, (this.#wanting.get(name) ?? 0) + 1);
    const word = this.#wait(name);
    this.#claims.want(name, takeover, this.#options.clock.now());
    this.#pump();
    const verdict = await word;
    this.#verdicts[verdict] += 1;
    try {
      return then(verdict);
    } finally {
      const left = this.#wanting.get(name)! - 1;
      if (left > 0) this.#wanting.set(name, left);
      else this.#wanting.delete(name);
      this.look(name);
    }
  }

  /** Whether this node has the name, as far as it knows. */
  owns(name: string): boolean {
    return this.#claims.owns(name);
  }

  /** Whether a name that this node has is still its own, by etcd's word. */
  recheck(name: string): Promise<Verdict> {
    const word = this.#wait(name);
    this.#claims.recheck(name, this.#options.clock.now());
    this.#pump();
    return word;
  }

  /** Somebody has gone who had the name, or wanted it: it is given back when nobody else does. */
  look(name: string): void {
    if (this.#wanting.has(name) || this.#options.isWanted(name)) return;
    this.#claims.leave(name, this.#options.clock.now());
    this.#pump();
  }

  /** The epoch of whoever publishes a name of this node is this or a later one. */
  epochOf(name: string): number {
    const revision = this.#claims.revisionOf(name);
    return revision <= EPOCH_FLOOR_MAX ? revision : 0;
  }

  /** Gives back all names at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch.stop();
    clearTimeout(this.#timer);
    const { lease } = this.#claims;
    if (lease !== null) await this.#client.post(revocation(lease)).catch(() => {});
  }

  /** Resolves with the next word on the name. */
  #wait(name: string): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const waiting = this.#waiting.get(name) ?? [];
    waiting.push(resolve);
    this.#waiting.set(name, waiting);
    return promise;
  }

  #decided(name: string, verdict: Verdict): void {
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const resolve of waiting) resolve(verdict);
  }

  /** Behind whoever tells it: the end of a session leads back here. */
  #lose(name: string): void {
    this.#lost += 1;
    queueMicrotask(() => this.#options.lost(name));
  }

  #asked(name: string): void {
    this.#claims.asked(name);
    this.#pump();
  }

  /** Makes the calls that are due, and comes back when the next ones are. */
  #pump(): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const now = clock.now();
    for (const call of this.#claims.poll(now)) void this.#make(call, now);
    this.#tell(now);
    clearTimeout(this.#timer);
    const ms = Math.max(0, Math.ceil((this.#claims.nextTimeout() - now) / 1000));
    if (!Number.isFinite(ms)) return;
    this.#timer = setTimeout(() => this.#pump(), ms);
    this.#timer.unref();
  }

  async #make(call: Call, askedAt: number): Promise<void> {
    let answer: Answer | null = null;
    let cause = "";
    let mayBeDone = true;
    try {
      const json = await this.#client.post(requestOf(call, this.#keys));
      answer = readAnswer(call, json, this.#keys);
      cause = `${this.#client.url}: what it answers is no answer`;
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      cause = error.message;
      mayBeDone = error.mayBeDone;
      if (error.leaseGone) answer = { type: "lease-gone" };
    }
    const now = this.#options.clock.now();
    if (answer !== null) this.#claims.answered(call, answer, askedAt, now);
    else this.#claims.failed(call, cause, mayBeDone, now);
    this.#pump();
  }

  /** Says so once when etcd goes, and when it is back. */
  #tell(now: number): void {
    const { log } = this.#options;
    const { trouble } = this.#claims;
    const since = this.#awaySinceUs;
    this.#awaySinceUs = trouble?.sinceUs ?? null;
    if (trouble !== null && since === null) {
      log.warn("etcd cannot be asked whose a name is", { cause: trouble.cause, mend: MEND });
    } else if (trouble === null && since !== null) {
      log.info("etcd can be asked again", { seconds: Math.round((now - since) / 1e6) });
      this.#watch.restart();
    }
  }
}
