import { expect, test } from "bun:test";
import { Feeds } from "../../src/feed/feeds.ts";
import { Staging } from "../../src/feed/staging.ts";
import { CATCH_UP_INTERVAL_US, CATCH_UP_PACKETS } from "../../src/limits.ts";
import { DataWriter } from "../../src/relay/data-writer.ts";
import { LinkOutput } from "../../src/relay/link-output.ts";
import { Outlet } from "../../src/relay/outlet.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { DataFrame } from "../../src/wire/cascade/data.ts";
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
    this.outlet = new Outlet(5, ALIAS, 2, following.video[0]!, writer, scratch);
  }

  /** Packets in the ring, the first a keyframe if so. */
  write(from: number, to: number, keyframe = false, at = this.now): void {
    for (let i = from; i < to; i += 1) {
      writePacket(this.writer, i, at, keyframe && i === from ? KEYFRAME : 0);
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
  ground.write(110, 200, true);
  ground.outlet.begin(null, ground.now);
  expect(ground.outlet.cursor).not.toBeNull();
  ground.turn();
  expect(ground.sent(0)).toEqual(range(110, 110 + CATCH_UP_PACKETS));
  ground.write(200, 210);
  const rest = ground.sent();
  expect(rest.toSorted((a, b) => a - b)).toEqual(range(110 + CATCH_UP_PACKETS, 210));
  expect([ground.outlet.cursor, ground.outlet.nextTimeout()]).toEqual([
    null,
    Number.POSITIVE_INFINITY,
  ]);
  ground.write(210, 220);
  expect(ground.sent()).toEqual(range(210, 220));
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
