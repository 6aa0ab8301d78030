import { expect, test } from "bun:test";
import { Header, Inactive } from "../../src/ring/layout.ts";
import { Elements } from "../../src/wire/cascade/elements.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import { readKeyframeWish } from "../../src/wire/cascade/wish.ts";
import { Neighbour } from "../cascade/neighbour.ts";
import { ALIAS, fills, StreamGround, said, WHOLE } from "./stream-ground.ts";

test("what is missing is asked for in stretches, 32 in one frame", () => {
  const ground = new StreamGround([new Neighbour(2)]);
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

test("parents are asked in turn, and two of them from the second time on", () => {
  const ground = new StreamGround([2, 3, 4].map((number) => new Neighbour(number)));
  ground.data(0);
  ground.data(2);
  for (let i = 0; i < 4; i += 1) ground.look();
  // The first; the second and third; third and first; first and second.
  expect(ground.parents.map((parent) => fills(parent).length)).toEqual([3, 2, 2]);
});

test("cascade-holes: each ring asks parents in turn, however many rings ask at the same time", () => {
  const ground = new StreamGround([new Neighbour(2), new Neighbour(3)], 2);
  for (const ring of [0, 1]) {
    ground.data(0, 0, ring);
    ground.data(2, 0, ring);
  }
  ground.look();
  const rings = (): number[][] => ground.parents.map((each) => fills(each).map(({ ring }) => ring));
  expect(rings()).toEqual([[0, 1], []]);
  for (let i = 0; i < 4; i += 1) {
    ground.data(4 + 2 * i, 0, i % 2);
    ground.look();
  }
  for (const asked of rings()) expect([asked.includes(0), asked.includes(1)]).toEqual([true, true]);
});

test("cascade-again: how long a parent takes is told by what it was asked for", () => {
  const ground = new StreamGround([new Neighbour(2)]);
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
  const ground = new StreamGround(parents);
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
  const ground = new StreamGround(parents);
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
  const ground = new StreamGround(parents);
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

test("cascade-due: a parent that is farther away than the one before is not asked for all that it gives", () => {
  const [near, far] = [new Neighbour(2), new Neighbour(3)];
  const ground = new StreamGround([far, near]);
  let sequence = 0;
  for (; sequence < 60; sequence += 1) {
    ground.data(sequence, 5_000, 0, near);
    ground.headsOf(near, sequence + 1);
    ground.look(20_000);
  }
  ground.standby = near;
  const asked: number[] = [];
  const turn = (): void => {
    ground.headsOf(near, sequence + 1);
    ground.look(20_000);
    for (const { stretches } of fills(near)) {
      for (const { from, count } of stretches) {
        asked.push(count);
        for (let i = 0; i < count; i += 1) ground.data(from + i, 40_000, 0, near);
      }
    }
    ground.data(sequence - 3, 60_000, 0, far);
    sequence += 1;
  };
  for (let i = 0; i < 40; i += 1) turn();
  // It is noticed after half a second, and not before.
  expect(asked.length).toBeWithin(5, 30);
  asked.length = 0;
  fills(far);
  for (let i = 0; i < 40; i += 1) turn();
  expect([asked, fills(far)]).toEqual([[], []]);
});

test("without a parent nothing is asked for, and what was missing is asked for when one is there", () => {
  const parents: Neighbour[] = [];
  const ground = new StreamGround(parents);
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
  const ground = new StreamGround([new Neighbour(2)]);
  ground.data(0, 1_900_000);
  expect([ground.reader.empty, ground.useful]).toEqual([false, 1]);
  ground.data(1, 2_000_001);
  ground.data(2, 0xffff_ffff);
  expect([ground.reader.head, ground.useful]).toEqual([1, 1]);
});

test("cascade-useful: a parent is useful by what flows of it, new or second, or where nothing is to flow", () => {
  const ground = new StreamGround([new Neighbour(2)]);
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
  const ground = new StreamGround([new Neighbour(2)]);
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
  const ground = new StreamGround([new Neighbour(2)], 2);
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
  const ground = new StreamGround([new Neighbour(2)]);
  for (const left of [true, false]) {
    const elements = new Elements([ALIAS, [null], 3_000, left ? 1 : 0]);
    ground.stream.told(ground.parents[0]!.link, Frame.heads, elements, ground.now);
    expect(ground.reader.inactive).toBe(left);
  }
});

test("what a parent does not have itself it tells nothing of, and readers are to do without", () => {
  const ground = new StreamGround([new Neighbour(2)]);
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
  const ground = new StreamGround([new Neighbour(2), new Neighbour(3)]);
  const [first, second] = ground.parents as [Neighbour, Neighbour];
  for (const sequence of [0, 3]) ground.data(sequence);
  ground.look();
  ground.data(1, 0, 0, second);
  ground.data(2, 0, 0, first);
  // What was not asked for is no filling.
  ground.data(4, 0, 0, second);
  expect(ground.stream.coming).toEqual({ ageMs: null, filled: 1, withheld: [] });
  ground.stream.relieve({ ...WHOLE, withheld: 1 }, ground.now);
  expect(ground.stream.coming.withheld).toEqual([""]);
});

test("cascade-layers: what is cut is not asked for, unless it is tried, and is hidden from readers", () => {
  const ground = new StreamGround([new Neighbour(2)], 2);
  const inactive = (): number[] => {
    return ground.readers.map(({ views }) => views.words[Header.inactive]!);
  };
  expect(ground.stream.flowing).toBe(0b11);
  ground.stream.relieve({ ...WHOLE, withheld: 0b10 }, ground.now);
  ground.look();
  expect(ground.wanted.at(-1)).toBe(0b01);
  expect(ground.stream.flowing).toBe(0b01);
  expect(inactive()).toEqual([Inactive.no, Inactive.withheld]);
  ground.readers[1]!.requestKeyframe("join");
  ground.look();
  expect(said(ground.parents[0]!, Frame.keyframe)).toEqual([]);
  ground.stream.relieve({ ...WHOLE, withheld: 0b10, tried: 0b10 }, ground.now);
  ground.look();
  expect(ground.wanted.at(-1)).toBe(0b11);
  expect(inactive()).toEqual([Inactive.no, Inactive.withheld]);
  ground.stream.relieve(WHOLE, ground.now);
  ground.look();
  expect(inactive()).toEqual([Inactive.no, Inactive.no]);
});

test("cascade-layers: what is missing of a ring that is cut is asked for no more", () => {
  const ground = new StreamGround([new Neighbour(2)], 2);
  for (const sequence of [0, 4]) ground.data(sequence, 0, 1);
  ground.look();
  expect(fills(ground.parents[0]!).map(({ ring }) => ring)).toEqual([1]);
  ground.stream.relieve({ ...WHOLE, withheld: 0b10 }, ground.now);
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
  const ground = new StreamGround([parent]);
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

test("cascade-offers: a layer that is left is had no longer, once links have not carried all", () => {
  const ground = new StreamGround([new Neighbour(2)], 2);
  const afterLeft = (): number => {
    ground.readers[1]!.want(true);
    ground.look();
    ground.readers[1]!.want(false);
    ground.look();
    return ground.wanted.at(-1)!;
  };
  expect(afterLeft()).toBe(0b11);
  ground.look(3_000_000);
  for (const withheld of [0b10, 0]) ground.stream.relieve({ ...WHOLE, withheld }, ground.now);
  expect(afterLeft()).toBe(0b11);
  ground.stream.relieve({ ...WHOLE, withheld: 0b10 }, ground.now);
  ground.look();
  ground.stream.relieve(WHOLE, ground.now);
  ground.look(20_000_000);
  expect(afterLeft()).toBe(0b01);
  ground.look(11_000_000);
  expect(afterLeft()).toBe(0b11);
});

test("cascade-offers: what is tried or offered begins at what comes, whatever is cached", () => {
  for (const change of [{ withheld: 0b10, tried: 0b10 }, { offered: 0b10 }]) {
    const ground = new StreamGround([new Neighbour(2)], 2);
    ground.heads(50, 70);
    ground.data(40);
    ground.data(60, 0, 1);
    ground.stream.relieve({ ...WHOLE, withheld: 0b10 }, ground.now);
    ground.look();
    ground.heads(60, 90);
    ground.stream.relieve({ ...WHOLE, ...change }, ground.now);
    ground.look();
    expect(ground.stream.have()).toEqual([41, 90]);
    // Where that began, and not what was cached.
    ground.data(93, 0, 1);
    expect(ground.stream.have()).toEqual([41, 94]);
  }
});

test("cascade-holes: after a second without the stream what comes next follows on nothing, and nothing is missed", () => {
  for (const [silent, have] of [
    [900_000, 1],
    [1_100_000, null],
  ] as const) {
    const ground = new StreamGround([new Neighbour(2)]);
    ground.data(0);
    ground.data(4);
    ground.look(silent);
    expect(ground.stream.have()).toEqual([have]);
  }
  const ground = new StreamGround([new Neighbour(2)]);
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
  const ground = new StreamGround([new Neighbour(2)]);
  ground.heads(null);
  expect(ground.stream.rootHeardAt).toBe(ground.now - 3_000);
  ground.data(0);
  expect(ground.stream.rootHeardAt).toBe(ground.now);
});

test("only wanted rings are asked for, and a wish for a keyframe goes to the parent that gives it", () => {
  const ground = new StreamGround([new Neighbour(2), new Neighbour(3)]);
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

test("cascade-wish: a wish for a keyframe stands until there is a parent, and something else has come", () => {
  for (const [alone, first, after] of [
    [10_000, false, 10_000],
    [10_000, null, 600_000],
    [600_000, true, 0],
  ] as const) {
    const parents: Neighbour[] = [];
    const ground = new StreamGround(parents);
    ground.reader.requestKeyframe("join");
    ground.look(alone);
    parents.push(new Neighbour(2));
    ground.look(10_000);
    const asked = (): Elements[] => said(parents[0]!, Frame.keyframe);
    if (first !== true) expect(asked()).toEqual([]);
    if (first === false) ground.data(5);
    if (after > 0) ground.look(after);
    const [wish] = asked();
    expect(readKeyframeWish(wish!)).toEqual({ alias: ALIAS, ring: 0, reason: "join" });
  }
});

test("what is told of rings that the stream has not changes nothing", () => {
  const ground = new StreamGround([new Neighbour(2)]);
  const { link } = ground.parents[0]!;
  for (const type of [Frame.heads, Frame.figures, Frame.timing, 27, 28, 99]) {
    ground.stream.told(link, type, new Elements([ALIAS, 8, 1, 1, 1, 1, 1, 1]), ground.now);
    ground.stream.told(link, type, new Elements([]), ground.now);
  }
  ground.stream.accepted([null, 5, 5, 5]);
  ground.data(0);
  expect(ground.stream.have()).toEqual([1]);
});
