import { expect, test } from "bun:test";
import type { Parent } from "../../src/cascade/parent.ts";
import type { Parents } from "../../src/cascade/parents.ts";
import type { Pull } from "../../src/cascade/pull.ts";
import { PulledStream } from "../../src/relay/pulled-stream.ts";
import { Header, Inactive } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { DataFrame, readData } from "../../src/wire/cascade/data.ts";
import { Elements } from "../../src/wire/cascade/elements.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { type Fill, readFill, readKeyframeWish } from "../../src/wire/cascade/wish.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { idOf } from "../cascade/ends.ts";
import { Neighbour } from "../cascade/neighbour.ts";
import { dataBytes } from "../wire/cascade/data-frames.ts";
import { counters, grantOf } from "./slots.ts";

const VIDEO: NamedTrack = { kind: "video", rid: null, codec: "h264", fmtp: "", channels: 0 };
const ALIAS = 4;

type Fake = Pick<
  Pull,
  "asked" | "sources" | "want" | "useful" | "awaited" | "withholds" | "setSingle"
>;

/** A stream of one video ring that parents give; what the pull above it hears. */
class Ground {
  now = 10_000_000;
  readonly stream: PulledStream;
  readonly readers: readonly RingReader[];
  readonly reader: RingReader;
  readonly wanted: number[] = [];
  useful = 0;
  /** Rings that the parents do not have, by what they said last. */
  withheld = 0;
  /** When the last of it was. */
  usefulAt = 0;

  constructor(
    readonly parents: readonly Neighbour[],
    rings = 1,
  ) {
    const tracks = new Array<NamedTrack>(rings).fill(VIDEO);
    const grants = tracks.map(() => grantOf("video"));
    const known = { name: "a", epoch: 1, owner: idOf(1), tracks };
    this.stream = new PulledStream(known, grants, 1, counters());
    this.readers = grants.map(({ buffer }) => new RingReader(buffer, 0, () => {}));
    for (const reader of this.readers) reader.want(true);
    this.reader = this.readers[0]!;
    const asked: Pick<Parents, "find" | "givers" | "withheld"> = {
      find: () => ({ withheld: this.withheld }) as Parent,
      givers: this.parents.map(({ link }) => link),
      withheld: 0,
    };
    const pull: Fake = {
      asked: asked as Parents,
      withholds: (_link, _alias, rings) => {
        this.withheld = rings;
      },
      setSingle: () => {},
      sources: () => this.parents.map(({ link }) => ({ link, alias: ALIAS })),
      awaited: 0,
      want: (wanted) => this.wanted.push(wanted),
      useful: (_link, _alias, at) => {
        this.useful += 1;
        this.usefulAt = at;
      },
    };
    this.stream.pull = pull as Pull;
    this.look();
  }

  look(us = 30_000): void {
    this.now += us;
    this.stream.handleTimeout(this.now);
  }

  data(sequence: number, ageUs = 0, ring = 0, from = this.parents[0]!): void {
    const payload = new Uint8Array(20);
    const bytes = dataBytes({ alias: ALIAS, ring, codec: Codec.h264, sequence, ageUs, payload });
    const frame = new DataFrame();
    readData(bytes, 0, bytes.length, frame);
    this.stream.data(frame, bytes, from.link, this.now);
  }

  heads(...heads: (number | null)[]): void {
    this.headsOf(this.parents[0]!, ...heads);
  }

  headsOf(parent: Neighbour, ...heads: (number | null)[]): void {
    const elements = new Elements([ALIAS, heads, 3_000, 0]);
    this.stream.told(parent.link, Frame.heads, elements, this.now);
  }
}

/** What a parent was asked for by frames that may be lost. */
function fills(parent: Neighbour): Fill[] {
  return said(parent, Frame.fill).map((elements) => readFill(elements)!);
}

function said(parent: Neighbour, frame: number): Elements[] {
  parent.pair.run(5_000);
  const frames = parent.pair.caller.frames.splice(0);
  return frames.filter(({ type }) => type === frame).map(({ elements }) => elements);
}

test("what is missing is asked for in stretches, 32 in one frame", () => {
  const ground = new Ground([new Neighbour(2)]);
  ground.data(0);
  ground.data(4);
  for (let i = 0; i < 40; i += 1) ground.data(6 + 2 * i);
  ground.look();
  const asked = fills(ground.parents[0]!);
  expect(asked.map(({ alias, ring, stretches }) => [alias, ring, stretches.length])).toEqual([
    [ALIAS, 0, 32],
    [ALIAS, 0, 9],
  ]);
  expect(asked[0]!.stretches.slice(0, 3)).toEqual([
    { from: 1, count: 3 },
    { from: 5, count: 1 },
    { from: 7, count: 1 },
  ]);
});

test("parents are asked in turn: one of them may have nothing any more", () => {
  const ground = new Ground([new Neighbour(2), new Neighbour(3)]);
  ground.data(0);
  ground.data(2);
  for (let i = 0; i < 4; i += 1) ground.look();
  expect(ground.parents.map((parent) => fills(parent).length)).toEqual([2, 2]);
});

test("cascade-holes: each ring asks parents in turn, however many rings ask at the same time", () => {
  const ground = new Ground([new Neighbour(2), new Neighbour(3)], 2);
  for (const ring of [0, 1]) {
    ground.data(0, 0, ring);
    ground.data(2, 0, ring);
  }
  for (let i = 0; i < 4; i += 1) ground.look();
  for (const parent of ground.parents) {
    expect(fills(parent).map(({ ring }) => ring)).toEqual([0, 1, 0, 1]);
  }
});

test("cascade-again: how long a parent takes is told by what it was asked for", () => {
  const ground = new Ground([new Neighbour(2)]);
  const { time } = ground.parents[0]!.link;
  for (const sequence of [0, 2]) ground.data(sequence);
  ground.look();
  ground.now += 190_000;
  for (let i = 0; i < 2; i += 1) ground.data(1);
  expect(time.repeatUs).toBeGreaterThan(150_000);
  expect(time.roundTripUs).toBeLessThan(10_000);
});

test("cascade-due: what a nearer standby has already is asked for when it does not come by itself", () => {
  const parents = [new Neighbour(2), new Neighbour(3)];
  const ground = new Ground(parents);
  const standby = parents[1]!;
  let sequence = 0;
  // Three packets are on their way here at any time.
  for (; sequence < 60; sequence += 1) {
    ground.data(sequence, 60_000);
    ground.headsOf(standby, sequence + 4);
    ground.look(20_000);
  }
  expect(parents.flatMap(fills)).toEqual([]);
  // Its parent gives no more: what comes no later than usual is waited for.
  ground.look(15_000);
  expect(parents.flatMap(fills)).toEqual([]);
  for (let i = 0; i < 8; i += 1) {
    ground.headsOf(standby, sequence + 4);
    ground.look(25_000);
  }
  const asked = parents.flatMap(fills).flatMap(({ stretches }) => stretches);
  const numbers = asked.flatMap(({ from, count }) =>
    Array.from({ length: count }, (_, i) => from + i),
  );
  expect([...new Set(numbers)].sort()).toEqual([60, 61, 62, 63]);
});

test("cascade-cursor: behind what has lain there for long more comes by and by, whoever has it already", () => {
  const parents = [new Neighbour(2), new Neighbour(3)];
  const ground = new Ground(parents);
  for (let sequence = 0; sequence < 60; sequence += 1) {
    ground.data(sequence, 1_500_000 - 25_000 * sequence);
    // The first word left before what is cached did.
    ground.headsOf(parents[0]!, sequence < 3 ? 200 : sequence + 1);
    ground.headsOf(parents[1]!, 200);
    ground.look(5_000);
    expect(parents.flatMap(fills)).toEqual([]);
  }
  // What comes is of now: what is behind it is missed.
  ground.headsOf(parents[0]!, 200);
  ground.look(30_000);
  expect(parents.flatMap(fills)[0]!.stretches).toEqual([{ from: 60, count: 140 }]);
});

test("cascade-due: what was asked for and comes late is not what is usual", () => {
  const parents = [new Neighbour(2), new Neighbour(3)];
  const ground = new Ground(parents);
  const late: number[] = [];
  let sequence = 0;
  for (; sequence < 100; sequence += 1) {
    if (sequence % 4 === 1) late.push(sequence);
    else ground.data(sequence, 60_000);
    if (late.length > 10) ground.data(late.shift()!, 500_000);
    ground.look(20_000);
  }
  parents.flatMap(fills);
  for (let i = 0; i < 6; i += 1) {
    ground.headsOf(parents[1]!, sequence + 4);
    ground.look(25_000);
  }
  const asked = parents.flatMap(fills).flatMap(({ stretches }) => stretches);
  expect(asked.some(({ from }) => from >= sequence)).toBeTrue();
});

test("without a parent nothing is asked for, and what was missing is asked for when one is there", () => {
  const parents: Neighbour[] = [];
  const ground = new Ground(parents);
  parents.push(new Neighbour(2));
  ground.data(0);
  ground.data(2);
  const [parent] = parents.splice(0);
  ground.look();
  parents.push(parent!);
  ground.look();
  expect(fills(parent!).map(({ stretches }) => stretches)).toEqual([[{ from: 1, count: 1 }]]);
});

test("what is older than 2 s when it comes is of no use", () => {
  const ground = new Ground([new Neighbour(2)]);
  ground.data(0, 1_900_000);
  expect([ground.reader.empty, ground.useful]).toEqual([false, 1]);
  ground.data(1, 2_000_001);
  ground.data(2, 0xffff_ffff);
  expect([ground.reader.head, ground.useful]).toEqual([1, 1]);
});

test("cascade-useful: a parent is useful by what flows of it, new or second, or where nothing is to flow", () => {
  const ground = new Ground([new Neighbour(2)]);
  ground.data(0);
  ground.data(0);
  expect(ground.useful).toBe(2);
  // Media comes from somebody: words are no proof that it comes from this one, too.
  ground.heads(1);
  expect(ground.useful).toBe(2);
  ground.look(250_000);
  ground.heads(1);
  expect(ground.useful).toBe(3);
  // It says that it has more, and gives nothing of it.
  for (let i = 0; i < 10; i += 1) {
    ground.look();
    ground.heads(3);
  }
  expect(ground.useful).toBe(3);
  ground.data(1);
  ground.data(2);
  ground.look(250_000);
  ground.heads(2 ** 30);
  ground.heads(null);
  expect(ground.useful).toBe(7);
});

test("cascade-useful: words of a parent make it useful until the root was heard of, and no longer", () => {
  const ground = new Ground([new Neighbour(2)]);
  ground.data(0);
  ground.look(250_000);
  const { link } = ground.parents[0]!;
  for (const rootAgeUs of [3_000, 399_000, 400_000]) {
    const elements = new Elements([ALIAS, [1], rootAgeUs, 0]);
    ground.stream.told(link, Frame.heads, elements, ground.now);
    expect(ground.usefulAt).toBe(ground.now - Math.min(rootAgeUs, 399_000));
  }
  expect(ground.useful).toBe(3);
});

test("cascade-useful: rings that nobody here wants are no reason that a silent stream's parent is of no use", () => {
  const ground = new Ground([new Neighbour(2)], 2);
  ground.readers[1]!.want(false);
  ground.look(2_500_000);
  ground.data(0);
  ground.look(250_000);
  const { link } = ground.parents[0]!;
  const elements = new Elements([ALIAS, [1, 500], 3_000, 0]);
  ground.stream.told(link, Frame.heads, elements, ground.now);
  expect(ground.useful).toBe(2);
});

test("that the publisher has said BYE goes down the tree, and that it sends again", () => {
  const ground = new Ground([new Neighbour(2)]);
  for (const left of [true, false]) {
    const elements = new Elements([ALIAS, [null], 3_000, left ? 1 : 0]);
    ground.stream.told(ground.parents[0]!.link, Frame.heads, elements, ground.now);
    expect(ground.reader.inactive).toBe(left);
  }
});

test("what a parent does not have itself it tells nothing of, and readers are to do without", () => {
  const ground = new Ground([new Neighbour(2)]);
  const figures = (bitrate: number): void => {
    const elements = new Elements([ALIAS, 0, [0, bitrate, 5_000], [0, 0, 0, 0], 0, true, false]);
    ground.stream.told(ground.parents[0]!.link, Frame.figures, elements, ground.now);
  };
  figures(500_000);
  expect(ground.stream.rates).toEqual([500_000]);
  ground.withheld = 1;
  figures(1);
  expect(ground.stream.rates).toEqual([500_000]);
  expect(ground.reader.inactive).toBeFalse();
  ground.withheld = 0;
  figures(600_000);
  expect(ground.stream.rates).toEqual([600_000]);
});

test("it counts what others filled in, and names the layers that do not come", () => {
  const ground = new Ground([new Neighbour(2), new Neighbour(3)]);
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  for (const sequence of [0, 3]) ground.data(sequence);
  ground.look();
  ground.data(1, 0, 0, second);
  ground.data(2, 0, 0, first);
  // What was not asked for is no filling.
  ground.data(4, 0, 0, second);
  expect(ground.stream.coming).toEqual({ ageMs: null, filled: 1, withheld: [] });
  ground.stream.relieve({ single: false, withheld: 1, tried: 0 }, ground.now);
  expect(ground.stream.coming.withheld).toEqual([""]);
});

test("cascade-layers: what is cut is not asked for, unless it is tried, and is hidden from readers", () => {
  const ground = new Ground([new Neighbour(2)], 2);
  const inactive = (): number[] => {
    return ground.readers.map(({ views }) => views.words[Header.inactive]!);
  };
  expect(ground.stream.flowing).toBe(0b11);
  ground.stream.relieve({ single: false, withheld: 0b10, tried: 0 }, ground.now);
  ground.look();
  expect(ground.wanted.at(-1)).toBe(0b01);
  expect(ground.stream.flowing).toBe(0b01);
  expect(inactive()).toEqual([Inactive.no, Inactive.withheld]);
  ground.readers[1]!.requestKeyframe("join");
  ground.look();
  expect(said(ground.parents[0]!, Frame.keyframe)).toEqual([]);
  ground.stream.relieve({ single: false, withheld: 0b10, tried: 0b10 }, ground.now);
  ground.look();
  expect(ground.wanted.at(-1)).toBe(0b11);
  expect(inactive()).toEqual([Inactive.no, Inactive.withheld]);
  ground.stream.relieve({ single: false, withheld: 0, tried: 0 }, ground.now);
  ground.look();
  expect(inactive()).toEqual([Inactive.no, Inactive.no]);
});

test("cascade-layers: what is missing of a ring that is cut is asked for no more", () => {
  const ground = new Ground([new Neighbour(2)], 2);
  for (const sequence of [0, 4]) ground.data(sequence, 0, 1);
  ground.look();
  expect(fills(ground.parents[0]!).map(({ ring }) => ring)).toEqual([1]);
  ground.stream.relieve({ single: false, withheld: 0b10, tried: 0 }, ground.now);
  // It may go on for a round trip.
  ground.data(8, 0, 1);
  for (const sequence of [0, 4]) ground.data(sequence);
  ground.look();
  ground.look();
  const rings = fills(ground.parents[0]!).map(({ ring }) => ring);
  expect([rings.length > 0, rings.includes(1)]).toEqual([true, false]);
});

test("cascade-layers: what is lost of a ring's begin strains nothing, what is lost later does", () => {
  const parent = new Neighbour(2);
  Object.defineProperty(parent.link.gray, "isGray", { value: true });
  const ground = new Ground([parent]);
  const strained = (): boolean => {
    ground.look(450_000);
    ground.stream.measure(ground.now);
    return ground.stream.strained;
  };
  for (const sequence of [0, 10, 20]) ground.data(sequence);
  expect(strained()).toBeFalse();
  // What it begins with leaves for two seconds.
  for (let sequence = 30; sequence < 38; sequence += 2) {
    ground.data(sequence);
    expect(strained()).toBeFalse();
    ground.look(300_000);
  }
  ground.data(50);
  expect(strained()).toBeTrue();
});

test("cascade-holes: after a second without the stream what comes next follows on nothing, and nothing is missed", () => {
  for (const [silent, have] of [
    [900_000, 1],
    [1_100_000, null],
  ] as const) {
    const ground = new Ground([new Neighbour(2)]);
    ground.data(0);
    ground.data(4);
    ground.look(silent);
    expect(ground.stream.have()).toEqual([have]);
  }
  const ground = new Ground([new Neighbour(2)]);
  ground.data(0);
  // Nothing new, but the root is there: a still picture is no pause.
  for (let i = 0; i < 60; i += 1) {
    ground.heads(1);
    ground.look();
  }
  expect(ground.stream.have()).toEqual([1]);
  ground.look(1_100_000);
  ground.data(90);
  ground.look();
  expect([ground.stream.have(), fills(ground.parents[0]!)]).toEqual([[91], []]);
});

test("the root is as long silent as the parent says", () => {
  const ground = new Ground([new Neighbour(2)]);
  ground.heads(null);
  expect(ground.stream.rootHeardAt).toBe(ground.now - 3_000);
  ground.data(0);
  expect(ground.stream.rootHeardAt).toBe(ground.now);
});

test("only wanted rings are asked for, and a wish for a keyframe goes to the parent that gives it", () => {
  const ground = new Ground([new Neighbour(2), new Neighbour(3)]);
  expect(ground.wanted.at(-1)).toBe(1);
  ground.reader.requestKeyframe("failure");
  ground.stream.wished(ground.now);
  ground.look(0);
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  for (const parent of [first, second]) parent.pair.run(5_000);
  const [wish] = first.pair.caller.frames;
  expect(readKeyframeWish(wish!.elements)).toEqual({ alias: ALIAS, ring: 0, reason: "failure" });
  expect(second.pair.caller.frames).toEqual([]);
  ground.reader.want(false);
  ground.look(2_100_000);
  expect(ground.wanted.at(-1)).toBe(0);
});

test("what is told of rings that the stream has not changes nothing", () => {
  const ground = new Ground([new Neighbour(2)]);
  const { link } = ground.parents[0]!;
  for (const type of [Frame.heads, Frame.figures, Frame.timing, 27, 28, 99]) {
    ground.stream.told(link, type, new Elements([ALIAS, 8, 1, 1, 1, 1, 1, 1]), ground.now);
    ground.stream.told(link, type, new Elements([]), ground.now);
  }
  ground.stream.accepted([null, 5, 5, 5]);
  ground.data(0);
  expect(ground.stream.have()).toEqual([1]);
});
