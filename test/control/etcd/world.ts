/** Nodes that have names by one etcd, in virtual time: calls take a while, and are lost or late by chance. */
import { readAnswer, readQuestions } from "../../../src/control/etcd/answers.ts";
import type { Answer, Call } from "../../../src/control/etcd/calls.ts";
import type { Verdict } from "../../../src/control/etcd/claim.ts";
import { Claims } from "../../../src/control/etcd/claims.ts";
import { Keys, requestOf } from "../../../src/control/etcd/requests.ts";
import { FakeEtcd, Refused } from "./fake-etcd.ts";

/** What a call that has no answer is waited for. */
const CALL_US = 3_000_000;

export interface Weather {
  /** One way, at most. */
  delayUs: number;
  /** Share of calls of which the request, or the answer, is lost. */
  loss: number;
}

export class World {
  now = 1_000_000;
  readonly etcd = new FakeEtcd();
  readonly keys = new Keys("test");
  readonly nodes: TestNode[] = [];
  readonly weather: Weather = { delayUs: 1_000, loss: 0 };
  #events: { readonly at: number; readonly run: () => void }[] = [];

  constructor(readonly random: () => number) {}

  add(): TestNode {
    const node = new TestNode(this, this.nodes.length + 1);
    this.nodes.push(node);
    return node;
  }

  after(us: number, run: () => void): void {
    this.#events.push({ at: this.now + us, run });
  }

  /** A way that takes its time, or leads nowhere. */
  carry(run: () => void): void {
    this.after(Math.ceil(this.random() * this.weather.delayUs), run);
  }

  get isLost(): boolean {
    return this.random() < this.weather.loss;
  }

  /** `each`: after all that happened at one time. */
  run(seconds: number, each: () => void = () => {}): void {
    const end = this.now + seconds * 1e6;
    for (;;) {
      for (const node of this.nodes) node.pump();
      each();
      const next = Math.min(
        ...this.#events.map(({ at }) => at),
        ...this.nodes.map((node) => node.nextTimeout()),
      );
      if (next > end) break;
      this.now = Math.max(this.now, next);
      this.etcd.now = this.now;
      const due = this.#events.filter(({ at }) => at <= this.now);
      this.#events = this.#events.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
    }
    this.now = end;
    this.etcd.now = end;
  }

  /** The node that has the name by etcd; null for nobody. */
  holder(name: string): TestNode | null {
    const value = this.etcd.values.get(this.keys.name(name));
    if (value === undefined) return null;
    const { node, boot } = JSON.parse(value) as { node: string; boot: number };
    return this.nodes.find((each) => each.id === node && each.boot === boot) ?? null;
  }
}

export class TestNode {
  readonly id: string;
  boot = 1;
  claims: Claims;
  /** Names that somebody publishes here, and who is heard of. */
  readonly live = new Set<string>();
  readonly asking = new Set<string>();
  readonly verdicts: string[] = [];
  readonly lost: string[] = [];
  /** It cannot reach etcd. */
  cut = false;
  dead = false;
  /** When a call or a question of it was last lost or cut off. */
  faultAt = Number.NEGATIVE_INFINITY;
  onVerdict: (name: string, verdict: Verdict) => void = () => {};
  #read = 0;

  constructor(
    readonly world: World,
    number: number,
  ) {
    this.id = number.toString(16).padStart(32, "0");
    this.claims = this.#begin();
  }

  /** Somebody comes who wants to publish. */
  publish(name: string, takeover = false): void {
    this.asking.add(name);
    this.claims.want(name, takeover, this.world.now);
  }

  /** Whoever published is gone. */
  leave(name: string): void {
    this.live.delete(name);
    this.claims.leave(name, this.world.now);
  }

  /** The process is killed, and started again. */
  restart(): void {
    this.boot += 1;
    this.dead = false;
    this.live.clear();
    this.asking.clear();
    this.claims = this.#begin();
  }

  nextTimeout(): number {
    return this.dead
      ? Number.POSITIVE_INFINITY
      : Math.max(this.claims.nextTimeout(), this.world.now + 1);
  }

  pump(): void {
    if (this.dead) return;
    const { world } = this;
    for (const call of this.claims.poll(world.now)) this.#make(call, this.claims);
    this.#hear();
  }

  #begin(): Claims {
    const { id: node, boot, world } = this;
    const mine = (): boolean => boot === this.boot && !this.dead;
    return new Claims({
      self: { node, boot },
      decided: (name, verdict) => {
        if (!mine()) return;
        this.verdicts.push(`${name} ${verdict}`);
        this.asking.delete(name);
        if (verdict === "won") this.live.add(name);
        else if (!this.live.has(name)) world.after(1, () => this.#idle(name));
        this.onVerdict(name, verdict);
      },
      lost: (name) => {
        this.lost.push(name);
        this.live.delete(name);
      },
      isInUse: (name) => this.live.has(name) || this.asking.has(name),
    });
  }

  /** Nobody publishes it: as whoever was refused leaves. */
  #idle(name: string): void {
    if (!this.live.has(name) && !this.asking.has(name)) this.claims.leave(name, this.world.now);
  }

  #make(call: Call, claims: Claims): void {
    const { world } = this;
    const askedAt = world.now;
    let open = true;
    const end = (answer: Answer | null): void => {
      if (!open || this.dead || claims !== this.claims) return;
      open = false;
      if (answer === null) claims.failed(call, "no answer", true, world.now);
      else claims.answered(call, answer, askedAt, world.now);
    };
    world.after(CALL_US, () => end(null));
    if (this.#isLost()) return;
    world.carry(() => {
      const answer = this.#ask(call);
      if (this.#isLost()) return;
      world.carry(() => end(answer));
    });
  }

  #isLost(): boolean {
    const isLost = this.cut || this.world.isLost;
    if (isLost) this.faultAt = this.world.now;
    return isLost;
  }

  #ask(call: Call): Answer | null {
    const { keys, etcd } = this.world;
    const { path, body } = requestOf(call, keys);
    try {
      // As it goes over the wire.
      const json: unknown = etcd.call(path, JSON.parse(JSON.stringify(body)));
      return readAnswer(call, JSON.parse(JSON.stringify(json)), keys);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { type: "lease-gone" };
    }
  }

  /** What others ask it: all of it, but behind a cut later. */
  #hear(): void {
    const { world } = this;
    if (this.cut) return;
    const start = world.keys.question(this.id, "");
    // The store may be an older one now.
    this.#read = Math.min(this.#read, world.etcd.revision);
    const fresh = world.etcd.log.filter(({ revision }) => revision > this.#read);
    for (const { revision, key, value } of fresh) {
      this.#read = revision;
      if (!key.startsWith(start)) continue;
      const line = {
        result: { header: { revision: String(revision) }, events: [{ kv: { value } }] },
      };
      const { names } = readQuestions(line)!;
      world.carry(() => {
        if (!this.dead) for (const name of names) this.claims.asked(name);
      });
    }
  }
}
