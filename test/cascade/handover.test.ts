import { expect, test } from "bun:test";
import { Handover, WEAR_LIMITS } from "../../src/cascade/handover.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { readRekey } from "../../src/wire/cascade/rekey.ts";
import { type End, Pair } from "./ends.ts";

const SECOND = 1_000_000;
const DAY = 24 * 3600 * SECOND;
const NAME = new Uint8Array(16).fill(4);
const NEXT = 2;

/** One end of a link with what its handover did. */
class Ground {
  readonly wear = { sent: 0, received: 0, forged: 0 };
  readonly did: string[] = [];
  found: number | null = NEXT;
  readonly handover: Handover;
  /** Behind the messages that were looked at. */
  #at = 0;

  constructor(
    readonly pair: Pair,
    readonly end: End,
    readonly other: End,
    calls: boolean,
    limits = WEAR_LIMITS,
    lower = calls,
  ) {
    this.handover = new Handover({
      link: end.link,
      calls,
      lower,
      limits,
      wear: () => this.wear,
      now: pair.now,
      events: {
        dial: () => this.did.push("dial"),
        take: (session) => this.did.push(`take ${session}`),
        greet: (session) => this.did.push(`greet ${session}`),
        propose: (session) => this.did.push(`propose ${session}`),
        separate: (session) => this.did.push(`separate ${session}`),
        use: (session) => this.did.push(`use ${session}`),
        drop: (session) => this.did.push(`drop ${session}`),
        find: () => this.found,
      },
    });
  }

  /** What it did meanwhile, each once in a row, and what it told the other end. */
  run(us: number): string[] {
    for (const until = this.pair.now + us; this.pair.now < until; ) {
      this.handover.handleTimeout(this.pair.now);
      this.pair.run(Math.min(50_000, until - this.pair.now));
    }
    const told = this.other.messages.slice(this.#at).filter(({ type }) => type === Message.rekey);
    this.#at = this.other.messages.length;
    const names = told.map(({ elements }) => `tell ${readRekey(elements)!.length}`);
    return [...new Set([...this.did.splice(0), ...names])];
  }

  told(association: Uint8Array = NAME): string[] {
    this.handover.told(association, this.pair.now);
    return this.run(100_000);
  }
}

const NONE = new Uint8Array(0);

function caller(limits = WEAR_LIMITS): Ground {
  const pair = new Pair();
  pair.run(100_000);
  return new Ground(pair, pair.caller, pair.callee, true, limits);
}

function callee(): Ground {
  const pair = new Pair();
  pair.run(100_000);
  return new Ground(pair, pair.callee, pair.caller, false);
}

/** A caller whose next association is there, and told of. */
function offered(): Ground {
  const ground = caller();
  ground.wear.sent = WEAR_LIMITS.packets;
  expect(ground.run(SECOND)).toEqual(["tell 0"]);
  expect(ground.told(NONE)).toEqual(["dial"]);
  ground.handover.connected(NEXT, NAME, ground.pair.now);
  expect(ground.run(100_000)).toEqual(["tell 16"]);
  ground.wear.sent = 0;
  return ground;
}

test("cascade-rekey: another is wanted from so many datagrams, forged ones or so much age on", () => {
  for (const [worn, almost] of [
    [{ sent: 2 ** 28 }, { sent: 2 ** 28 - 1 }],
    [{ received: 2 ** 28 }, { received: 2 ** 28 - 1 }],
    [{ forged: 64 }, { forged: 63 }],
  ]) {
    for (const ground of [caller(), callee()]) {
      ground.pair.run(11 * SECOND);
      Object.assign(ground.wear, almost);
      expect(ground.run(SECOND)).toEqual([]);
      Object.assign(ground.wear, worn);
      expect(ground.run(SECOND)).toEqual(["tell 0"]);
    }
  }
  expect(WEAR_LIMITS.ageUs).toBe(DAY);
  const ground = caller({ ...WEAR_LIMITS, ageUs: 20 * SECOND });
  expect(ground.run(19 * SECOND)).toEqual([]);
  expect(ground.run(2 * SECOND)).toEqual(["tell 0"]);
});

test("cascade-rekey: forged datagrams make nobody begin anew more often than each 10 s", () => {
  const ground = callee();
  ground.wear.forged = 1_000_000;
  expect(ground.run(9 * SECOND)).toEqual([]);
  expect(ground.run(2 * SECOND)).toEqual(["tell 0"]);
});

test("cascade-rekey: nor does the other end, and one that knows nothing of it is let be", () => {
  const asked = caller();
  expect(asked.told(NONE)).toEqual([]);
  expect(asked.run(10 * SECOND)).toEqual([]);
  expect(asked.told(NONE)).toEqual(["dial"]);
  expect(asked.told(NONE)).toEqual([]);
  const old = caller();
  old.wear.sent = WEAR_LIMITS.packets;
  expect(old.run(SECOND)).toEqual(["tell 0"]);
  expect(old.run(60 * SECOND)).toEqual([]);
  expect(old.run(20 * SECOND)).toEqual(["tell 0"]);
});

test("cascade-rekey: the caller takes it at the answer, uses it when something comes, then ends the old", () => {
  const ground = offered();
  const { handover, pair } = ground;
  const first = ground.end.link.session;
  handover.heard(NEXT, pair.now);
  expect(ground.told(new Uint8Array(16))).toEqual([]);
  expect(ground.told()).toEqual([`take ${NEXT}`, `greet ${NEXT}`]);
  expect(ground.run(SECOND)).toEqual([`greet ${NEXT}`]);
  handover.heard(first, pair.now);
  expect(ground.run(100_000)).toEqual([`greet ${NEXT}`]);
  handover.heard(NEXT, pair.now);
  expect(ground.run(400_000)).toEqual([`use ${NEXT}`]);
  expect(ground.run(SECOND)).toEqual([`drop ${first}`]);
  expect(handover.lost(first, pair.now)).toBeFalse();
  expect(handover.lost(NEXT, pair.now)).toBeFalse();
});

test("cascade-rekey: the callee answers and takes it, and uses it when something comes", () => {
  const ground = callee();
  const first = ground.end.link.session;
  ground.found = null;
  expect(ground.told()).toEqual([]);
  ground.found = NEXT;
  expect(ground.told(NONE)).toEqual(["tell 0"]);
  expect(ground.told(NONE)).toEqual(["tell 0"]);
  expect(ground.told()).toEqual([`take ${NEXT}`, "tell 16"]);
  ground.found = 3;
  expect(ground.told()).toEqual([]);
  ground.handover.heard(NEXT, ground.pair.now);
  expect(ground.run(SECOND)).toEqual([`use ${NEXT}`]);
  expect(ground.handover.lost(first, ground.pair.now)).toBeTrue();
  expect(ground.run(20 * SECOND)).toEqual([]);
});

test("cascade-rekey: by one of which nothing comes nothing leaves, and the old one stays", () => {
  const ground = offered();
  ground.told();
  expect(ground.run(9 * SECOND)).toEqual([`greet ${NEXT}`]);
  expect(ground.run(2 * SECOND)).toEqual([`greet ${NEXT}`, `drop ${NEXT}`]);
  ground.wear.sent = WEAR_LIMITS.packets;
  expect(ground.run(50 * SECOND)).toEqual([]);
  expect(ground.run(20 * SECOND)).toEqual(["tell 0"]);
});

test("cascade-rekey: lost at any step, the other carries on", () => {
  const before = offered();
  expect(before.handover.lost(NEXT, before.pair.now)).toBeTrue();
  expect(before.told()).toEqual([]);
  const taken = offered();
  taken.told();
  expect(taken.handover.lost(taken.end.link.session, taken.pair.now)).toBeTrue();
  expect(taken.run(SECOND)).toEqual([`use ${NEXT}`]);
  expect(taken.handover.lost(NEXT, taken.pair.now)).toBeFalse();
  const failed = caller();
  failed.wear.sent = WEAR_LIMITS.packets;
  failed.run(SECOND);
  failed.told(NONE);
  failed.handover.failed(failed.pair.now);
  expect(failed.handover.dials).toBeFalse();
  expect(failed.handover.lost(failed.end.link.session, failed.pair.now)).toBeFalse();
});

test("cascade-resume: who hears nothing asks by another session, and goes on by it once that is known", () => {
  const ground = caller();
  expect(ground.handover.resume(NEXT, ground.pair.now)).toBeTrue();
  expect(ground.handover.resume(7, ground.pair.now)).toBeFalse();
  expect(ground.run(150_000)).toEqual([`propose ${NEXT}`]);
  expect(ground.handover.proposed).toBe(NEXT);
  ground.handover.resumed(true, ground.pair.now);
  expect(ground.run(400_000)).toEqual([`take ${NEXT}`, `use ${NEXT}`]);
  // By the old one nothing more comes: it is over, and the link lasts.
  expect(ground.run(SECOND)).toEqual(["drop 1"]);
  expect(ground.handover.since).toBeGreaterThan(1_000_000);
  ground.handover.resumed(true, ground.pair.now);
  expect([ground.handover.proposed, ground.run(SECOND)]).toEqual([null, []]);
  // The answer that comes again is no question.
  expect(ground.handover.accept(NEXT, ground.pair.now)).toBeFalse();
  expect(ground.handover.accept(7, ground.pair.now)).toBeTrue();
  expect(ground.handover.accept(7, ground.pair.now)).toBeTrue();
});

test("cascade-resume: a link that the other end does not know, or of which it says nothing, is another", () => {
  for (const answer of [true, false]) {
    const ground = caller();
    ground.handover.resume(NEXT, ground.pair.now);
    if (answer) ground.handover.resumed(false, ground.pair.now);
    expect(ground.run(700_000).at(-1)).toBe(`separate ${NEXT}`);
    expect([ground.handover.proposed, ground.run(SECOND)]).toEqual([null, []]);
    // It may ask again.
    expect(ground.handover.resume(7, ground.pair.now)).toBeTrue();
    expect(ground.handover.lost(7, ground.pair.now)).toBeTrue();
    expect(ground.handover.proposed).toBeNull();
  }
});

test("cascade-resume: where the end of the old one is not heard either, who was asked ends it, after the other would", () => {
  const asked = callee();
  expect(asked.handover.accept(NEXT, asked.pair.now)).toBeTrue();
  expect(asked.run(900_000)).toEqual([`take ${NEXT}`, `use ${NEXT}`]);
  expect(asked.run(200_000)).toEqual(["drop 1"]);
  expect(asked.handover.lost(NEXT, asked.pair.now)).toBeFalse();
});

test("cascade-resume: of two ends that ask each other the one of the lower id is answered", () => {
  const lower = caller();
  lower.handover.resume(NEXT, lower.pair.now);
  expect(lower.handover.accept(7, lower.pair.now)).toBeFalse();
  expect(lower.handover.proposed).toBe(NEXT);
  const higher = callee();
  higher.handover.resume(NEXT, higher.pair.now);
  expect(higher.handover.accept(7, higher.pair.now)).toBeTrue();
  expect(higher.run(100_000)).toEqual([`drop ${NEXT}`, "take 7", "use 7"]);
  // An answer that was lost is given again, and nothing else happens.
  expect(higher.handover.accept(7, higher.pair.now)).toBeTrue();
  expect(higher.run(100_000)).toEqual([]);
  // Who has dialled closes the old one.
  expect(higher.handover.lost(1, higher.pair.now)).toBeTrue();
  expect(higher.run(2 * SECOND)).toEqual([]);
});
