import { describe, expect, test } from "bun:test";
import { TailKeeper } from "../../src/web/tailkeeper.ts";

/** A tail that holds back 1.5 s, looked at four times a second. */
class Kept {
  now = 0;
  latencyS = 1.5;
  targetS = 1.5;
  aheadS = 1;
  /** Plays as fast as it may. */
  hurries = false;
  moves = 0;
  resets = 0;
  readonly keeper = new TailKeeper();

  run(ms: number, isWatched = true): this {
    for (const end = this.now + ms; this.now < end; this.now += 250) {
      const { now: nowMs, latencyS, targetS, aheadS } = this;
      const look = { nowMs, latencyS, targetS, aheadS, holdBackS: 1.5, isWatched };
      const { toEdge, resetAim, rateMax } = this.keeper.look(look);
      if (this.hurries) this.latencyS -= Math.min(latencyS - targetS, (rateMax - 1) * 0.25);
      if (toEdge) this.moves += 1;
      if (resetAim) this.resets += 1;
      if (resetAim) this.targetS = 1.5;
    }
    return this;
  }
}

describe("a tail's keeper", () => {
  test("leaves alone what is near its edge, or comes nearer by itself", () => {
    const kept = new Kept().run(60_000);
    kept.latencyS = 5;
    expect(kept.run(60_000).moves).toBe(0);
  });

  test("F17: who is some seconds behind is back within a minute, without a jump", () => {
    for (const latencyS of [2, 3.5, 5.4]) {
      const kept = new Kept().run(10_000);
      kept.latencyS = latencyS;
      kept.hurries = true;
      expect(kept.run(55_000).moves).toBe(0);
      expect(kept.latencyS).toBeCloseTo(1.5);
    }
  });

  test("F17: nobody hears it come nearer: 5 % faster, 10 % where it is more than a second behind", () => {
    const rateAt = (latencyS: number): number => {
      const look = { nowMs: 0, latencyS, targetS: 1.5, aheadS: 1, holdBackS: 1.5, isWatched: true };
      return new TailKeeper().look(look).rateMax;
    };
    expect([1.5, 2.4, 2.6, 5].map(rateAt)).toEqual([1.05, 1.05, 1.1, 1.1]);
  });

  test("F17: where the picture stood still, it goes on at the edge as soon as that is buffered, once", () => {
    const kept = new Kept().run(10_000);
    kept.keeper.stalled(kept.now, true);
    kept.latencyS = 4.5;
    kept.aheadS = 0.2;
    expect(kept.run(1_000).moves).toBe(0);
    kept.aheadS = 3.5;
    expect(kept.run(2_000).moves).toBe(1);
    expect(kept.run(20_000).moves).toBe(1);
    kept.keeper.stalled(kept.now, true);
    expect(kept.run(1_000).moves).toBe(2);
  });

  test("F17: what comes to be buffered long after a stall is no reason for another break", () => {
    const kept = new Kept().run(10_000);
    kept.keeper.stalled(kept.now, true);
    kept.latencyS = 4.5;
    kept.aheadS = 0.2;
    kept.run(5_000).aheadS = 3.5;
    expect(kept.run(20_000).moves).toBe(0);
  });

  for (const latencyS of [5, 15]) {
    test(`a starved start that stays ${latencyS} s behind goes to the edge, once`, () => {
      const kept = new Kept();
      kept.latencyS = latencyS;
      expect(kept.run(4_000).moves).toBe(0);
      expect(kept.run(1_000).moves).toBe(1);
      kept.latencyS = 5;
      expect(kept.run(60_000).moves).toBe(1);
    });
  }

  test("who falls more than 4 s behind its aim goes to the edge, again and again", () => {
    const kept = new Kept().run(10_000);
    kept.latencyS = 5.6;
    expect(kept.run(60_000).moves).toBeGreaterThan(10);
  });

  test("F18: who slept or was out of sight goes to the edge, also from not so far behind", () => {
    const kept = new Kept().run(5_000);
    kept.now += 30_000;
    kept.latencyS = 5;
    expect(kept.run(1_000).moves).toBe(1);
    kept.latencyS = 1.5;
    kept.run(5_000);
    kept.latencyS = 5;
    expect(kept.run(30_000, false).moves).toBe(1);
    expect(kept.run(1_000).moves).toBe(2);
  });

  test("a short look away is none", () => {
    const kept = new Kept().run(5_000);
    kept.latencyS = 5;
    expect(kept.run(4_000, false).run(10_000).moves).toBe(0);
  });

  test("F17: 30 s without a stall take back what stalls have added", () => {
    const kept = new Kept().run(10_000);
    kept.keeper.stalled(kept.now, true);
    kept.targetS = 2;
    expect(kept.run(29_000).resets).toBe(0);
    kept.keeper.stalled(kept.now, true);
    expect(kept.run(29_000).resets).toBe(0);
    expect(kept.run(60_000).resets).toBe(1);
  });

  test("F17: a start that breaks off aims no lower for it, and goes on at the edge all the same", () => {
    const kept = new Kept();
    kept.run(500).keeper.stalled(kept.now, false);
    kept.targetS = 1.75;
    expect([kept.run(250).resets, kept.targetS]).toEqual([1, 1.5]);
    kept.latencyS = 4.5;
    kept.aheadS = 3.5;
    expect(kept.run(2_000).moves).toBe(1);
    // One that breaks off later does.
    kept.latencyS = 1.5;
    kept.keeper.stalled(kept.now, true);
    kept.targetS = 1.75;
    expect([kept.run(29_000).resets, kept.run(2_000).resets]).toEqual([1, 2]);
  });
});
