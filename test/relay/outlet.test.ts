import { expect, test } from "bun:test";
import { Feeds } from "../../src/feed/feeds.ts";
import { Staging } from "../../src/feed/staging.ts";
import { CATCH_UP_BITS_MIN, CATCH_UP_BURST_BYTES, CATCH_UP_INTERVAL_US } from "../../src/limits.ts";
import { DataWriter } from "../../src/relay/data-writer.ts";
import { LinkOutput } from "../../src/relay/link-output.ts";
import { Outlet } from "../../src/relay/outlet.ts";
import { Pace } from "../../src/relay/pace.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { DATA_OVERHEAD, DataFrame } from "../../src/wire/cascade/data.ts";
import { readDatagram } from "../../src/wire/cascade/datagram.ts";
import { allocate, counters, grantOf, KEYFRAME, Port, READER, writePacket } from "./slots.ts";

const ALIAS = 9;

/** A ring, its feed in the relay and one child's outlet of it. */
class Ground {
  now = 5_000_000;
  readonly port = new Port();
  readonly output = new LinkOutput(this.port);
  readonly writer: RingWriter;
  readonly outlet: Outlet;
  readonly pace = new Pace();
  readonly #feeds: Feeds;
  #forwarded = true;

  constructor() {
    const grant = grantOf("video", 4);
    this.writer = new RingWriter(grant.buffer);
    this.#feeds = new Feeds({
      reader: READER,
      allocate,
      wish: () => {},
      lapped: (feed, now) => this.outlet.lapped(feed, now),
      counters: counters(),
    });
    const following = this.#feeds.open({ epoch: 1, audio: null, video: [grant] }, this.now);
    const scratch = new Staging(allocate(Staging.bytes(1)), 1);
    const writer = new DataWriter(this.output, counters());
    this.pace.measured = 20_000_000;
    this.outlet = new Outlet(5, ALIAS, 2, following.video[0]!, writer, scratch, this.pace);
  }

  /** Packets in the ring, the first a keyframe if so. */
  write(from: number, to: number, keyframe = false, at = this.now, length = 100): void {
    for (let i = from; i < to; i += 1) {
      writePacket(this.writer, i, at, keyframe && i === from ? KEYFRAME : 0, length);
    }
  }

  /** One turn of the loop: what is new, then what is cached. */
  turn(): void {
    this.#feeds.mark(4);
    if (!this.#forwarded) {
      this.#forwarded = this.outlet.forward(this.outlet.feed, this.#feeds.batch, this.now);
    }
    while (this.#forwarded) {
      const feed = this.#feeds.next(this.now, 0);
      if (feed === null) break;
      this.#forwarded = this.outlet.forward(feed, this.#feeds.batch, this.now);
    }
    if (this.outlet.cursor !== null) this.outlet.step(this.now);
    this.output.flush();
    this.now += CATCH_UP_INTERVAL_US;
  }

  /** The sequences that left since this was asked last. */
  sent(turns = 40): number[] {
    for (let i = 0; i < turns; i += 1) this.turn();
    const sequences: number[] = [];
    for (const bytes of this.port.sent.splice(0)) {
      readDatagram(bytes, 0, bytes.length, new DataFrame(), {
        data: ({ alias, ring, sequence }) => {
          expect([alias, ring]).toEqual([ALIAS, 2]);
          sequences.push(sequence);
        },
        frame: () => expect.unreachable(),
      });
    }
    return sequences;
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test("a child begins at a cached keyframe, in bursts, and then has what comes, each once", () => {
  const ground = new Ground();
  ground.write(100, 110);
  ground.write(110, 130, true, ground.now, 1_000);
  ground.write(130, 250, false, ground.now, 1_000);
  ground.outlet.begin(null, ground.now);
  expect(ground.outlet.cursor).not.toBeNull();
  ground.pace.begin(0);
  ground.turn();
  const first = ground.sent(0);
  // 8 ms of 40 Mb/s.
  expect(first).toEqual(range(110, 110 + Math.ceil(40_000 / (1_000 + DATA_OVERHEAD))));
  ground.write(250, 260);
  const rest = ground.sent();
  expect(rest.toSorted((a, b) => a - b)).toEqual(range(first.at(-1)! + 1, 260));
  expect([ground.outlet.cursor, ground.outlet.nextTimeout()]).toEqual([
    null,
    Number.POSITIVE_INFINITY,
  ]);
  ground.write(260, 270);
  expect(ground.sent()).toEqual(range(260, 270));
});

test("cascade-old: a group that a child would refuse for its age is not begun with", () => {
  for (const [ageUs, first] of [
    [1_800_000, 110],
    [1_900_000, 135],
    [9_000_000, 135],
  ] as const) {
    const ground = new Ground();
    ground.write(110, 130, true, ground.now - ageUs);
    ground.write(130, 135, false, ground.now - 10_000);
    ground.outlet.begin(null, ground.now, 90_000);
    ground.write(135, 140);
    expect(ground.sent()).toEqual(range(first, 140));
    // The next one leaves whole.
    ground.write(140, 150, true);
    expect(ground.sent()).toEqual(range(140, 150));
  }
});

test("cascade-old: what gets too old on its way is left out for a newer group, or for what comes", () => {
  for (const newer of [true, false]) {
    const ground = new Ground();
    ground.write(0, 200, true, ground.now - 1_800_000, 1_000);
    ground.pace.measured = 0;
    ground.outlet.begin(null, ground.now);
    ground.write(200, 210, newer);
    const left = ground.sent(100);
    const old = left.filter((sequence) => sequence < 200);
    expect(old.length).toBeWithin(10, 80);
    expect(left.slice(old.length)).toEqual(newer ? range(200, 210) : []);
    ground.write(210, 215);
    expect(ground.sent()).toEqual(range(210, 215));
  }
});

test("cascade-old: where a group goes on with what is older than its keyframe, that does not leave again and again", () => {
  const ground = new Ground();
  ground.write(110, 111, true, ground.now - 1_960_000);
  // By another parent, whose way is taken for longer.
  ground.write(111, 130, false, ground.now - 1_990_000);
  ground.outlet.begin(null, ground.now);
  expect(ground.sent()).toEqual([110]);
  ground.write(130, 135);
  expect(ground.sent()).toEqual(range(130, 135));
  ground.write(135, 140, true);
  expect(ground.sent()).toEqual(range(135, 140));
});

test("cascade-pace: what is cached leaves twice as fast as it came, however fast the link is", () => {
  for (const apartUs of [2_000, 4_000, 20_000]) {
    const ground = new Ground();
    ground.pace.measured = 0;
    const [count, us] = [800_000 / apartUs, 800_000];
    const at = ground.now - us;
    for (let i = 0; i < count; i += 1) ground.write(i, i + 1, i === 0, at + i * apartUs, 1_000);
    ground.outlet.begin(null, ground.now);
    const rate = (8e6 * (1_000 + DATA_OVERHEAD)) / apartUs;
    const burst = Math.max(CATCH_UP_BURST_BYTES * 8, 0.008 * 2 * rate);
    const bits = Math.max(CATCH_UP_BITS_MIN, 2 * rate);
    const left = ground.sent(25).length * 8 * (1_000 + DATA_OVERHEAD);
    expect(Math.abs(left - burst - 0.1 * bits)).toBeLessThan(0.15 * (burst + 0.1 * bits));
    expect(ground.sent(100)).toHaveLength(count - left / 8 / (1_000 + DATA_OVERHEAD));
    // Its group is over: of what is asked for later no more leaves than of what is sent.
    expect(ground.pace.bits).toBe(CATCH_UP_BITS_MIN);
  }
});

test("cascade-pace: a child that is behind comes to the edge of what goes on meanwhile", () => {
  const ground = new Ground();
  ground.pace.measured = 0;
  ground.write(0, 1, true, ground.now - 400_000, 1_000);
  for (let i = 1; i < 400; i += 1) ground.write(i, i + 1, false, ground.now - 400_000, 1_000);
  ground.outlet.begin(null, ground.now);
  let turns = 0;
  for (; ground.outlet.cursor !== null; turns += 1) {
    ground.write(400 + 4 * turns, 404 + 4 * turns, false, ground.now, 1_000);
    ground.turn();
  }
  expect(turns * CATCH_UP_INTERVAL_US).toBeLessThan(440_000);
});

test("who had some goes on where it left off, without a keyframe", () => {
  const ground = new Ground();
  ground.write(100, 200, true);
  ground.outlet.begin(180, ground.now);
  expect(ground.sent()).toEqual(range(180, 200));
  const upToDate = new Ground();
  upToDate.write(100, 200, true);
  upToDate.outlet.begin(200, upToDate.now);
  expect(upToDate.sent()).toEqual([]);
  upToDate.write(200, 203);
  expect(upToDate.sent()).toEqual([200, 201, 202]);
});

test("pulled-again: who left off a second ago goes on at a newer keyframe, who did just now does not", () => {
  for (const [agoUs, first] of [
    [1_200_000, 150],
    [900_000, 110],
  ] as const) {
    const ground = new Ground();
    ground.write(100, 150, true, ground.now - agoUs);
    ground.write(150, 160, true, ground.now - 100_000);
    ground.outlet.begin(110, ground.now);
    expect(ground.sent()).toEqual(range(first, 160));
  }
  const alone = new Ground();
  alone.write(100, 150, true, alone.now - 1_500_000);
  alone.outlet.begin(110, alone.now);
  expect(alone.sent()).toEqual(range(110, 150));
});

test("what the ring has no more, or not yet, is begun at the keyframe", () => {
  for (const have of [100 - 5_000, 5_000, 2 ** 31 - 1, -(2 ** 31)]) {
    const ground = new Ground();
    ground.write(100, 120);
    ground.write(120, 140, true);
    ground.outlet.begin(have, ground.now);
    expect(ground.sent()).toEqual(range(120, 140));
  }
});

test("an empty ring is had from its first packet on", () => {
  const ground = new Ground();
  ground.outlet.begin(null, ground.now);
  ground.write(7, 12);
  expect(ground.sent()).toEqual(range(7, 12));
});

test("a hole keeps its number, and the packet leaves late when it comes", () => {
  const ground = new Ground();
  ground.write(100, 110, true);
  ground.write(112, 120);
  ground.outlet.begin(null, ground.now);
  expect(ground.sent()).toEqual([...range(100, 110), ...range(112, 120)]);
  ground.write(110, 112);
  expect(ground.sent()).toEqual([110, 111]);
  // One that comes while the cursor is before it leaves in its place, once.
  const early = new Ground();
  early.write(100, 150, true);
  early.write(151, 180);
  early.outlet.begin(null, early.now);
  early.turn();
  early.write(150, 151);
  expect(early.sent().toSorted((a, b) => a - b)).toEqual(range(100, 180));
});

test("a full output loses nothing and doubles nothing", () => {
  const ground = new Ground();
  ground.write(100, 150, true);
  ground.outlet.begin(null, ground.now);
  const all: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    ground.port.room = i % 3;
    if (i < 50) ground.write(150 + 4 * i, 154 + 4 * i);
    all.push(...ground.sent(1));
  }
  ground.port.room = Number.POSITIVE_INFINITY;
  all.push(...ground.sent());
  expect(all.toSorted((a, b) => a - b)).toEqual(range(100, 350));
});

test("overtaken by the writer, a child goes on at the newest keyframe", () => {
  const ground = new Ground();
  ground.write(100, 200, true);
  ground.outlet.begin(null, ground.now);
  ground.turn();
  ground.port.sent.length = 0;
  ground.write(200, 3_000);
  ground.write(3_000, 3_050, true);
  const sent = ground.sent(200).toSorted((a, b) => a - b);
  expect(sent.slice(-50)).toEqual(range(3_000, 3_050));
  expect(new Set(sent).size).toBe(sent.length);
});

test("ended, nothing leaves any more and the ring is not wanted", () => {
  const ground = new Ground();
  ground.write(100, 110, true);
  ground.outlet.begin(null, ground.now);
  expect(ground.writer.wantedBy(READER)).toBeTrue();
  ground.outlet.end();
  expect(ground.writer.wantedBy(READER)).toBeFalse();
});
