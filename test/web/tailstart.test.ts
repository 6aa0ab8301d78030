import { describe, expect, test } from "bun:test";
import { beginAt, TailStart } from "../../src/web/tailstart.ts";

const LOOK_MS = 250;
const PART_S = 0.5;

/** A player that fills its buffer and plays it, looked at four times a second. */
class Filled {
  now = 1_000;
  timeS = 0;
  endS = 0;
  plays = false;
  steadyAt: number | null = null;
  begunAt: number | null = null;
  readonly start = new TailStart();

  constructor(readonly holdBackS = 1.5) {}

  /** A part comes each `everyS`. */
  run(ms: number, everyS = PART_S, firstS = everyS): this {
    let nextAt = this.now + firstS * 1_000;
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 50;
      if (this.now >= nextAt) {
        this.endS += PART_S;
        nextAt += everyS * 1_000;
      }
      if (this.plays) this.timeS = Math.min(this.endS, this.timeS + 0.05);
      if (this.now % LOOK_MS === 0) this.look();
    }
    return this;
  }

  look(): void {
    const { now: nowMs, timeS, endS, holdBackS } = this;
    const look = { nowMs, timeS, aheadS: endS - timeS, partS: PART_S, holdBackS };
    if (this.start.begins(look)) {
      this.plays = true;
      this.begunAt = nowMs;
    }
    if (this.start.isSteady(look)) this.steadyAt ??= nowMs;
  }
}

describe("a tail begins", () => {
  test("with two parts, once, and can be relied on when it has moved for 700 ms", () => {
    const show = new Filled();
    show.endS = 0.5;
    show.run(5_000);
    expect([show.begunAt, show.steadyAt]).toEqual([1_500, 2_500]);
    expect(
      show.start.begins({ nowMs: 9_000, timeS: 0, aheadS: 9, partS: 0.5, holdBackS: 1.5 }),
    ).toBe(false);
  });

  test("at once where there is enough, or no parts", () => {
    for (const [aheadS, partS] of [
      [1.2, 0.5],
      [0.1, 0],
    ] as const) {
      const look = { nowMs: 1_000, timeS: 3, aheadS, partS, holdBackS: 1.5 };
      expect(new TailStart().begins(look)).toBe(true);
    }
  });

  test("with nothing in hand never; with too little after 2 s all the same", () => {
    const show = new Filled().run(10_000, 100);
    expect(show.begunAt).toBe(null);
    show.endS = 0.5;
    show.run(5_000, 100);
    expect(show.begunAt).toBe(13_250);
  });
});

describe("a tail is relied on", () => {
  for (const endS of [0.5, 0.9, 1.4, 2.9, 9]) {
    test(`F22: never while it plays ${endS} s and stops: it is no start`, () => {
      const show = new Filled();
      show.endS = endS;
      show.plays = true;
      show.run(20_000, 100);
      expect(show.timeS).toBeCloseTo(endS);
      expect(show.steadyAt).toBe(null);
    });
  }

  test("once parts come again after such a stop", () => {
    const show = new Filled();
    show.endS = 0.5;
    show.plays = true;
    show.run(3_000, 100);
    show.endS += 1;
    show.run(3_000);
    expect(show.steadyAt).toBeWithin(4_700, 5_500);
  });

  test("after 3 s, though a server holds back so little that there is never much", () => {
    const show = new Filled(0.5);
    show.plays = true;
    show.endS = 0.6;
    show.run(6_000);
    expect(show.steadyAt).toBe(4_250);
  });

  test("not by a jump: it has to move", () => {
    const show = new Filled(10);
    show.run(3_000, 100);
    show.timeS = 100;
    show.endS = 103;
    show.run(1_500, 100);
    expect([show.plays, show.steadyAt]).toEqual([false, null]);
  });

  test("begun anew, what it was does not count", () => {
    const show = new Filled();
    show.endS = 1;
    show.run(5_000);
    show.start.reset();
    show.steadyAt = null;
    const before = show.now;
    show.run(2_000);
    expect(show.steadyAt! - before).toBeGreaterThanOrEqual(700);
  });
});

describe("a tail begins at", () => {
  /** 10 s in, with as much in hand. */
  const at = (aheadS: number, syncS: number | null, partS = PART_S) => {
    return beginAt({ nowMs: 0, timeS: 10, aheadS, partS, holdBackS: 1.5 }, syncS);
  };

  test("F17: the place that is aimed at, where parts came meanwhile that put it behind", () => {
    expect(at(2, 10.4)).toBe(10.4);
    expect(at(1.45, 10.4)).toBeCloseTo(10.4);
  });

  test("F17: where as much is in hand as it begins with", () => {
    expect(at(1.3, 10.4)).toBeCloseTo(10.3);
    expect(at(1, 10.4)).toBeNull();
    expect(at(0.4, 10.4)).toBeNull();
  });

  test("where it stands, when that is near, unknown, later, or of a stream without parts", () => {
    expect([at(2, 10.04), at(2, null), at(2, 9), at(2, 10.4, 0)]).toEqual([null, null, null, null]);
  });
});

test("what breaks off before it was steady is a part of the beginning", () => {
  const show = new Filled();
  show.endS = 0.5;
  show.run(1_000);
  expect(show.start.wasSteady).toBe(false);
  show.run(3_000);
  expect(show.start.wasSteady).toBe(true);
  // For good, whatever comes then.
  show.run(5_000, 60);
  expect(show.start.wasSteady).toBe(true);
  show.start.reset();
  expect(show.start.wasSteady).toBe(false);
});
