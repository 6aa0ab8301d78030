/** The loop in virtual time, with a guest that has neither sockets nor sessions: it reads one ring. */
import { expect, test } from "bun:test";
import { Counter, type CounterName } from "../../src/contract/counters.ts";
import { type Guest, Loop } from "../../src/host/loop.ts";
import { SLEEP_MAX_US, TURN_MAX_US } from "../../src/limits.ts";
import { Doorbells, WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";

/** The ring's index among those of the server. */
const RING = 33;

/** Counts what a ring has: a packager, as far as its loop can tell. */
class Counting implements Guest {
  packets = 0;
  timeoutAt = Infinity;
  blocked = false;
  urgent = 1;
  /** What waits has no patience. */
  impatient = false;
  /** Packets that one call of `work` takes. */
  share = 64;
  readonly passes: { readonly now: number; readonly deadline: number }[] = [];
  readonly timeouts: number[] = [];
  readonly calls: string[] = [];
  /** What a turn takes, by `spend`. */
  busyUs = 0;
  readonly #reader: RingReader;
  readonly #arrivals = new Int32Array(64);
  #waitingSince: number | null = null;

  constructor(
    ring: SharedArrayBuffer,
    readonly spend: (us: number) => void,
  ) {
    this.#reader = new RingReader(ring, 0);
    this.#reader.want(true);
  }

  /** So many packets are urgent; fewer wait. */
  workAt(now: number, patience: number): number {
    if (this.#reader.backlog === 0) return Infinity;
    this.#waitingSince ??= now;
    return this.#reader.backlog >= this.urgent
      ? -Infinity
      : this.#waitingSince + (this.impatient ? 0 : patience);
  }

  nextTimeout(): number {
    return this.timeoutAt;
  }

  receive(ready: number): void {
    this.calls.push(`receive ${ready}`);
  }

  mark(index: number): void {
    this.calls.push(`mark ${index}`);
  }

  work(now: number, deadline: number): boolean {
    this.passes.push({ now, deadline });
    this.calls.push("work");
    this.packets += this.#reader.takeArrivals(this.#arrivals, this.share);
    this.#waitingSince = null;
    return this.#reader.backlog > 0;
  }

  handleTimeout(now: number): void {
    this.calls.push("handleTimeout");
    if (now < this.timeoutAt) return;
    this.timeouts.push(now);
    this.timeoutAt = Infinity;
  }

  flush(): void {
    this.spend(this.busyUs);
    this.calls.push("flush");
  }

  copyCounters(): void {
    this.calls.push("copyCounters");
  }
}

/** A thread of which only the time is made up, and a writer elsewhere that rings its bell. */
class Thread {
  now = 5_000_000;
  /** Of each sleep, in ms; and how it ended. */
  readonly sleeps: { readonly ms: number; readonly rung: boolean }[] = [];
  readonly block = WorkerBlock.create();
  readonly guest: Counting;
  ready = 0;
  readonly #ring = createRing("audio");
  readonly #writer = new RingWriter(this.#ring);
  readonly #bells = new Doorbells([this.block], [0], () => {
    this.#rung = true;
  });
  /** What somebody else does while the thread sleeps, by time. */
  readonly #meanwhile: { readonly at: number; readonly act: () => void }[] = [];
  readonly #loop: Loop;
  #step: (() => void) | null = null;
  #rung = false;
  #sequence = 0;

  constructor() {
    this.guest = new Counting(this.#ring, (us) => {
      this.now += us;
    });
    const ground = {
      block: this.block,
      poller: { wait: (timeoutMs: number) => this.#sleep(timeoutMs) },
      clock: () => this.now,
      pause: (then: () => void) => {
        this.#step = then;
      },
    };
    this.#loop = new Loop(ground, this.guest);
  }

  /** One turn; what the guest was called for in it. */
  turn(): string[] {
    const before = this.guest.calls.length;
    if (this.#step === null) this.#loop.run();
    else this.#step();
    return this.guest.calls.slice(before);
  }

  counter(name: CounterName): number {
    return this.block.counters[Counter[name]]!;
  }

  /** Puts `packets` into the ring and rings the bell: now, or after `delayUs` while it sleeps. */
  write(packets: number, delayUs = 0, urgent = true): void {
    if (delayUs === 0) this.#write(packets, urgent);
    else this.#meanwhile.push({ at: this.now + delayUs, act: () => this.#write(packets, urgent) });
  }

  /** A reader elsewhere has a wish for the ring, after `delayUs` while the thread sleeps. */
  wish(delayUs: number): void {
    this.#meanwhile.push({ at: this.now + delayUs, act: () => this.#bells.wish(0, RING) });
  }

  #write(packets: number, urgent: boolean): void {
    const payload = new Uint8Array(4);
    for (let i = 0; i < packets; i += 1) {
      const offset = this.#writer.reserve(this.#sequence);
      this.#writer.setDescription(offset, 0, 4, this.now, Codec.opus, 0, null);
      this.#writer.setPayload(offset, payload, 0, 4);
      this.#writer.commit(this.#sequence, offset);
      this.#sequence += 1;
    }
    this.#bells.ring(RING, this.#writer, urgent);
  }

  #sleep(ms: number): number {
    const until = this.now + ms * 1_000;
    this.#rung = false;
    while (!this.#rung && (this.#meanwhile[0]?.at ?? Infinity) <= until) {
      const { at, act } = this.#meanwhile.shift()!;
      this.now = at;
      act();
    }
    if (!this.#rung) this.now = until;
    this.sleeps.push({ ms, rung: this.#rung });
    return this.ready;
  }
}

test("a worker without sockets sleeps until its guest's deadline, and for 20 ms at most", () => {
  const thread = new Thread();
  thread.guest.timeoutAt = thread.now + 26_500;
  const due = thread.guest.timeoutAt;
  thread.turn();
  expect(thread.sleeps).toEqual([{ ms: SLEEP_MAX_US / 1_000, rung: false }]);
  expect(thread.guest.timeouts).toEqual([]);
  thread.turn();
  // Rounded up: a turn before the deadline would find nothing due.
  expect(thread.sleeps.at(-1)).toEqual({ ms: 7, rung: false });
  expect(thread.guest.timeouts).toEqual([due + 500]);
  thread.guest.timeoutAt = 0;
  thread.turn();
  expect(thread.sleeps.at(-1)).toEqual({ ms: 0, rung: false });
});

test("a writer's bell ends its sleep, and the ring is read in the same turn", () => {
  const thread = new Thread();
  thread.ready = 0b10;
  thread.write(3, 4_000);
  const began = thread.now;
  const calls = thread.turn();
  expect(thread.sleeps).toEqual([{ ms: 20, rung: true }]);
  expect(calls.slice(0, 5)).toEqual([
    "receive 2",
    `mark ${RING}`,
    "work",
    "handleTimeout",
    "flush",
  ]);
  const now = began + 4_000;
  expect(thread.guest.passes).toEqual([{ now, deadline: now + TURN_MAX_US / 2 }]);
  expect(thread.guest.packets).toBe(3);
  expect([thread.counter("wakeups"), thread.counter("turns")]).toEqual([1, 1]);
  expect(thread.block.heartbeat).toBe(1);
});

test("a reader's wish ends the sleep of the ring's writer, at once", () => {
  const thread = new Thread();
  thread.wish(3_000);
  const began = thread.now;
  expect(thread.turn()).toContain(`mark ${RING}`);
  expect(thread.sleeps).toEqual([{ ms: 20, rung: true }]);
  expect(thread.now - began).toBe(3_000);
});

test("what was marked before it sleeps keeps it awake, and a mark in its turn is not lost", () => {
  const thread = new Thread();
  thread.turn();
  thread.write(1);
  thread.turn();
  expect(thread.guest.packets).toBe(1);
  // It is urgent: an idle worker makes no pause.
  thread.write(1);
  thread.turn();
  expect(thread.sleeps.slice(1)).toEqual([
    { ms: 0, rung: false },
    { ms: 0, rung: false },
  ]);
  expect(thread.guest.packets).toBe(2);
});

test("what is not urgent waits in its ring for a millisecond of an idle worker", () => {
  const thread = new Thread();
  thread.guest.urgent = 3;
  thread.write(1, 4_000, false);
  thread.write(1, 4_400, false);
  const came = thread.now + 4_000;
  thread.turn();
  expect(thread.guest.packets).toBe(0);
  thread.turn();
  // The bell told of the first; while the loop dozes none tells of the second.
  expect(thread.sleeps).toEqual([
    { ms: 20, rung: true },
    { ms: 1, rung: false },
  ]);
  expect(thread.guest.passes.map(({ now }) => now)).toEqual([came + 1_000]);
  expect(thread.guest.packets).toBe(2);
});

test("what is urgent wakes the loop from its doze, and takes along what waits", () => {
  const thread = new Thread();
  thread.guest.urgent = 3;
  const came = thread.now + 4_000;
  thread.write(1, 4_000, false);
  thread.write(2, 4_300);
  thread.turn();
  thread.turn();
  expect(thread.sleeps.map(({ rung }) => rung)).toEqual([true, true]);
  expect(thread.guest.passes.map(({ now }) => now)).toEqual([came + 300]);
  expect(thread.guest.packets).toBe(3);
});

test("a loaded worker has more patience, and looks for what came while it dozed every 5 ms", () => {
  const thread = new Thread();
  thread.guest.busyUs = 95_000;
  for (let i = 0; i < 3; i += 1) thread.turn();
  thread.guest.busyUs = 0;
  thread.guest.urgent = 3;
  const began = thread.now;
  thread.write(1, 0, false);
  const sleeps = thread.sleeps.length;
  while (thread.guest.packets === 0) thread.turn();
  expect(thread.guest.passes.at(-1)!.now - began).toBe(10_000);
  expect(thread.sleeps.slice(sleeps).map(({ ms }) => ms)).toEqual([0, 5, 5]);
});

test("a loaded worker's passes are a millisecond apart, whatever is written meanwhile, without a bell", () => {
  const thread = new Thread();
  thread.guest.busyUs = 95_000;
  for (let i = 0; i < 3; i += 1) thread.turn();
  thread.guest.busyUs = 0;
  thread.write(1, 3_000);
  thread.turn();
  const sleeps = thread.sleeps.length;
  for (let i = 0; i < 5; i += 1) {
    thread.write(1);
    thread.write(2, 600);
    thread.turn();
  }
  expect(thread.sleeps.slice(sleeps)).toEqual(Array(5).fill({ ms: 1, rung: false }));
  const starts = thread.guest.passes.map(({ now }) => now);
  expect(starts.slice(1).map((now, i) => now - starts[i]!)).toEqual(Array(5).fill(1_000));
  expect(thread.guest.packets).toBe(16);
});

test("what is out of patience soon after a pass waits for a millisecond, and hears what is urgent", () => {
  const thread = new Thread();
  thread.write(1, 3_000);
  thread.turn();
  thread.guest.urgent = 3;
  thread.guest.impatient = true;
  thread.write(1, 0, false);
  thread.turn();
  thread.write(2, 400);
  thread.turn();
  expect(thread.sleeps.slice(1)).toEqual([
    { ms: 0, rung: false },
    { ms: 1, rung: true },
  ]);
  const [first, second] = thread.guest.passes;
  expect(second!.now - first!.now).toBe(400);
});

test("work that is left goes on at once", () => {
  const thread = new Thread();
  thread.guest.share = 2;
  thread.write(5, 1_000);
  for (let i = 0; i < 3; i += 1) thread.turn();
  expect(thread.sleeps.map(({ ms }) => ms)).toEqual([20, 0, 0]);
  expect(thread.guest.packets).toBe(5);
});

test("work that can go nowhere waits in its ring, and the loop sleeps meanwhile", () => {
  const thread = new Thread();
  thread.write(5, 1_000);
  thread.guest.blocked = true;
  thread.turn();
  thread.turn();
  expect(thread.guest.passes).toEqual([]);
  // It is the poller that ends this sleep: no writer can bring what is waited for.
  expect(thread.sleeps.at(-1)).toEqual({ ms: 20, rung: false });
  thread.guest.blocked = false;
  thread.turn();
  expect(thread.guest.packets).toBe(5);
});

test("a guest tells its counters ten times a second", () => {
  const thread = new Thread();
  let told = 0;
  thread.turn();
  const end = thread.now + 2_000_000;
  while (thread.now < end) told += thread.turn().includes("copyCounters") ? 1 : 0;
  expect(told).toBe(20);
});
