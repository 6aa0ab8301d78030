/** What is said of one stream, in virtual time. */
import { expect, test } from "bun:test";
import { Discussion, type Moment } from "../../../src/control/bus/discussion.ts";
import { Budgets } from "../../../src/control/streams/budgets.ts";
import type { Draft, Refusal, Remark, Speaker } from "../../../src/control/streams/remark.ts";
import {
  EVENT_AWAY_MAX_MS,
  EVENT_BURST,
  EVENTS_KEPT_MAX,
  EVENTS_KEPT_OF_ALL_MAX,
  EVENTS_KEPT_US,
  REACTION_KINDS_MAX,
  STREAM_EVENTS_BURST,
} from "../../../src/limits.ts";
import { seeded } from "../../support/random.ts";

const WALL = Date.UTC(2026, 10, 30);
const EVERYBODY = { perSecond: 1e6, burst: 1e6, max: 1_000 };
const SENDERS = { perSecond: 1, burst: EVENT_BURST, max: 1_000 };

/** One node's discussion of a stream. */
class Room {
  now = 1_000_000;
  wall = WALL;
  term: number | null = 1;
  readonly told: Remark[] = [];
  readonly discussion: Discussion;

  constructor(
    senders = EVERYBODY,
    readonly kept = { total: 0 },
  ) {
    const ground = { budgets: new Budgets(senders), kept };
    this.discussion = new Discussion(ground, (remark) => this.told.push(remark));
  }

  get moment(): Moment {
    const { now, wall, term } = this;
    return { now, wall, term };
  }

  pass(ms: number): void {
    this.now += ms * 1000;
    this.wall += ms;
    this.discussion.tick(this.moment);
  }

  say(draft: Partial<Draft> = {}, by: Partial<Speaker> = {}) {
    const whole: Draft = { type: "chat", at: null, data: { text: "x" }, ...draft };
    return this.discussion.say(whole, speaker(by), this.moment);
  }

  retract(id: number, by: Partial<Speaker> = {}): Remark | Refusal {
    return this.discussion.retract(id, speaker(by), this.moment);
  }

  get ids(): number[] {
    return this.discussion.since(0).map(({ id }) => id);
  }
}

function speaker(by: Partial<Speaker>): Speaker {
  return { key: "k", name: null, moderates: false, ...by };
}

test("what is said is told to all, with a number, a time and the sender's name", () => {
  const room = new Room();
  const first = room.say({ data: { text: "<hi>" } }, { name: "Ann" });
  expect(first).toEqual({
    id: WALL,
    type: "chat",
    at: WALL,
    from: "Ann",
    data: { text: "<hi>" },
  });
  room.pass(3_000);
  const second = room.say({ type: "cue", at: WALL - 500, data: {} });
  expect(second).toMatchObject({ id: WALL + 1, at: WALL - 500, from: null });
  expect(room.told).toEqual([first, second] as Remark[]);
  expect(room.discussion.since(WALL)).toEqual([second] as Remark[]);
});

test("EV3 its time is within ten seconds of now", () => {
  const room = new Room();
  for (const sign of [1, -1]) {
    expect(room.say({ at: WALL + sign * EVENT_AWAY_MAX_MS })).toBeObject();
    expect(room.say({ at: WALL + sign * (EVENT_AWAY_MAX_MS + 1) })).toBe("away");
  }
});

test("EV2 a sender says five at once, then one a second; others as much beside", () => {
  const room = new Room(SENDERS);
  const many = (key: string) => {
    let count = 0;
    while (count < 20 && room.say({}, { key }) !== "rate") count += 1;
    return count;
  };
  expect([many("a"), many("b")]).toEqual([5, 5]);
  room.pass(1_000);
  expect([many("a"), many("a")]).toEqual([1, 0]);
  room.pass(60_000);
  expect(many("a")).toBe(5);
});

test("all senders of a stream together are bounded", () => {
  const room = new Room();
  let said = 0;
  while (room.say({}, { key: `${said}` }) !== "busy") said += 1;
  expect(said).toBe(STREAM_EVENTS_BURST);
});

test("EV9 reactions that are alike are told together, twice a second at most, and not kept", async () => {
  const room = new Room();
  const said: unknown[] = [];
  for (let i = 0; i < 40; i += 1) {
    const data = { text: i % 4 === 0 ? "❤" : "👏" };
    said.push(
      room.say({ type: "reaction", at: room.wall + i, data }, { key: `${i}`, name: "Ann" }),
    );
    if (i === 19) room.pass(250);
    if (i === 29) room.pass(250);
  }
  room.pass(250);
  const counts = room.told.map(({ data: { text, count } }) => [text, count]);
  expect(counts).toEqual([
    ["❤", 5],
    ["👏", 15],
    ["❤", 5],
    ["👏", 15],
  ]);
  expect(new Set(room.told.map(({ from }) => from))).toEqual(new Set([null]));
  // Each sender hears what his was told with.
  const heard = (await Promise.all(said)) as Remark[];
  expect(heard[0]).toBe(room.told[0]!);
  expect(heard[39]).toBe(room.told[3]!);
  expect(room.told[0]!.at).toBe(WALL);
  expect(room.ids).toEqual([]);
});

test("kinds of reactions are bounded, and a source that goes tells none of them", async () => {
  const room = new Room();
  const kinds = Array.from({ length: REACTION_KINDS_MAX + 1 }, (_, i) =>
    room.say({ type: "reaction", data: { text: `${i}` } }),
  );
  expect(kinds.at(-1)).toBe("busy");
  room.term = null;
  room.pass(500);
  expect(await kinds[0]).toBe("not-live");
  expect(room.told).toEqual([]);
});

test("EV8 200 are kept, for a quarter of an hour", () => {
  const room = new Room();
  for (let i = 0; i < EVENTS_KEPT_MAX + 5; i += 1) {
    room.say();
    room.pass(100);
  }
  expect([room.discussion.size, room.ids[0]]).toEqual([EVENTS_KEPT_MAX, WALL + 5]);
  room.pass(EVENTS_KEPT_US / 1000 - 10_000);
  expect(room.discussion.size).toBe(100);
  room.pass(10_000);
  expect([room.discussion.isOver, room.kept.total]).toEqual([true, 0]);
});

test("all streams together keep so many: a new one has what is left", () => {
  const kept = { total: EVENTS_KEPT_OF_ALL_MAX - 2 };
  const room = new Room(EVERYBODY, kept);
  for (let i = 0; i < 5; i += 1) room.say();
  expect([room.ids, kept.total]).toEqual([[WALL + 3, WALL + 4], EVENTS_KEPT_OF_ALL_MAX]);
  kept.total += 5;
  room.say();
  expect(room.ids).toEqual([]);
});

test("EV4 one takes back his own, who publishes anybody's, and nobody one twice", () => {
  const room = new Room();
  room.say({}, { key: "a" });
  room.say({}, { key: "b" });
  expect(room.retract(WALL, { key: "b" })).toBe("foreign");
  const taken = room.retract(WALL, { key: "a", name: "Ann" });
  expect(taken).toMatchObject({ id: WALL + 2, type: "retract", from: "Ann", data: { id: WALL } });
  expect(room.ids).toEqual([WALL + 1, WALL + 2]);
  expect(room.retract(WALL, { key: "a" })).toBe("unknown");
  expect(room.retract(WALL + 2, { key: "a", moderates: true })).toBe("unknown");
  expect(room.retract(WALL + 1, { key: "c", moderates: true })).toBeObject();
  expect(room.told.map(({ type }) => type)).toEqual(["chat", "chat", "retract", "retract"]);
});

test("EV1 whoever numbers next begins above all before, and no number comes twice", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = seeded(seed);
    const rooms = [new Room(), new Room(), new Room()];
    const told = new Map<number, Remark>();
    let root = 0;
    for (let step = 0; step < 60; step += 1) {
      const at = rooms[root]!;
      for (let i = Math.floor(random() * 20); i > 0; i -= 1) {
        const remark = at.say({ data: { text: `${seed} ${step} ${i}` } }) as Remark | Refusal;
        if (typeof remark === "string") continue;
        expect(told.has(remark.id)).toBeFalse();
        told.set(remark.id, remark);
        // Some hear of it, some do not.
        for (const other of rooms) {
          if (other !== at && random() < 0.8) other.discussion.take(remark, other.now);
        }
      }
      for (const room of rooms) room.pass(1_000);
      if (random() > 0.3) continue;
      // Another node has the publisher now, or the same one again.
      root = Math.floor(random() * rooms.length);
      rooms[root]!.term = step + 2;
    }
    for (const room of rooms) {
      const ids = room.ids;
      expect(ids).toEqual([...ids].sort((left, right) => left - right));
      for (const remark of room.discussion.since(0)) expect(told.get(remark.id)).toEqual(remark);
    }
  }
});

test("EV1 what another node has numbered is taken once, and what it takes back is gone", () => {
  const room = new Room();
  const remark: Remark = { id: 5, type: "chat", at: 1, from: null, data: { text: "x" } };
  expect(room.discussion.take(remark, room.now)).toBeTrue();
  expect(room.discussion.take(remark, room.now)).toBeFalse();
  const retract: Remark = { ...remark, id: 9, type: "retract", data: { id: 5 } };
  expect(room.discussion.take(retract, room.now)).toBeTrue();
  expect(room.ids).toEqual([9]);
  expect(room.told).toEqual([]);
});
