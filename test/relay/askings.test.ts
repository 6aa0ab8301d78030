import { expect, test } from "bun:test";
import { MissingPackets } from "../../src/media/missing.ts";
import { Askings } from "../../src/relay/askings.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import { type Fill, readFill } from "../../src/wire/cascade/wish.ts";
import { Neighbour } from "../cascade/neighbour.ts";

const ALIAS = 4;
const LOOK_US = 5_000;

/** What parents with one alias are asked for of one stream of two rings. */
class Ground {
  readonly parents: readonly Neighbour[];
  readonly missing = [new MissingPackets(), new MissingPackets()];
  readonly askings = new Askings(2);
  flows = true;
  now = 1_000_000;

  constructor(parents: number) {
    this.parents = Array.from({ length: parents }, (_, i) => new Neighbour(2 + i));
  }

  look(us = LOOK_US): void {
    this.now += us;
    this.askings.repeat(() => this.flows);
    const sources = this.parents.map(({ link }) => ({ link, alias: ALIAS }));
    for (const [ring, missing] of this.missing.entries()) {
      this.askings.look(ring, missing, sources, this.now);
    }
  }

  /** By parent what left for it since this was asked last. */
  left(): Fill[][] {
    return this.parents.map(({ pair }) => {
      pair.run(5_000);
      const frames = pair.caller.frames.splice(0);
      return frames
        .filter(({ type }) => type === Frame.fill)
        .map(({ elements }) => readFill(elements)!);
    });
  }
}

function numbersOf(fills: readonly Fill[]): number[] {
  return fills.map(({ number }) => number!);
}

test("cascade-twice: each asking leaves once more with the next look, under one number", () => {
  const ground = new Ground(1);
  ground.missing[0]!.addGap(ground.now, 10, 13, 0);
  ground.look();
  const [first] = ground.left();
  expect(first!.map(({ alias, ring, stretches }) => ({ alias, ring, stretches }))).toEqual([
    { alias: ALIAS, ring: 0, stretches: [{ from: 10, count: 3 }] },
  ]);
  ground.look();
  expect(ground.left()).toEqual([first!]);
  ground.look();
  expect(ground.left()).toEqual([[]]);
  // It has not come: that is another asking.
  ground.look(400_000);
  ground.look();
  const [again] = ground.left();
  expect(again!.map(({ stretches }) => stretches)).toEqual([
    [{ from: 10, count: 3 }],
    [{ from: 10, count: 3 }],
  ]);
  expect(new Set(numbersOf([...first!, ...again!])).size).toBe(2);
});

test("cascade-twice: what has not come in time is asked of two, and what is new of one", () => {
  const ground = new Ground(3);
  const [missing] = ground.missing;
  missing!.addGap(ground.now, 10, 12, 0);
  ground.look();
  ground.look();
  expect(ground.left().map((fills) => fills.length)).toEqual([2, 0, 0]);
  missing!.addGap(ground.now, 20, 21, 0);
  ground.look(400_000);
  const [, second, third] = ground.left();
  const stretches = [{ from: 10, count: 2 }];
  expect(second!.map((fill) => fill.stretches)).toEqual([[...stretches, { from: 20, count: 1 }]]);
  expect(third!.map((fill) => fill.stretches)).toEqual([stretches]);
});

test("cascade-twice: numbers begin again, and no two rings or parents have one of them at once", () => {
  const ground = new Ground(2);
  for (let i = 0; i < 66_000; i += 1) {
    ground.missing[0]!.addGap(ground.now, 2 * i, 2 * i + 1, 0);
    ground.look();
    ground.missing[0]!.clear();
    if (i % 1000 === 0) ground.left();
  }
  ground.look();
  ground.left();
  for (const missing of ground.missing) missing.addGap(ground.now, 200_000, 200_001, 0);
  ground.look(20_000);
  ground.look(400_000);
  const numbers = ground.left().flatMap(numbersOf);
  expect(numbers.every((number) => number < 65_536)).toBeTrue();
  expect(new Set(numbers).size).toBe(6);
});

test("cascade-twice: of a ring that is not to come any more nothing leaves once more", () => {
  const ground = new Ground(1);
  ground.missing[1]!.addGap(ground.now, 10, 11, 0);
  ground.look();
  ground.flows = false;
  ground.left();
  ground.look();
  ground.flows = true;
  ground.look();
  expect(ground.left()).toEqual([[]]);
});

test("cascade-twice: without a parent nothing is asked for, and what is too old is given up", () => {
  const ground = new Ground(0);
  ground.missing[0]!.addGap(ground.now, 10, 11, 0);
  ground.look(600_000);
  expect(ground.missing[0]!.lost).toBe(1);
});
