import { describe, expect, test } from "bun:test";
import { BitratePolice, type PoliceStage } from "../../src/media/bitrate-police.ts";
import { VirtualLink } from "../../src/media/virtual-link.ts";

const LIMIT = 20e6;
const TICK_US = 10_000;

/** Sends at `share(second)` x the limit; the stages with the seconds at which they began. */
function run(seconds: number, share: (second: number) => number): [PoliceStage, number][] {
  const police = new BitratePolice(LIMIT, 2);
  const stages: [PoliceStage, number][] = [];
  for (let at = 0; at < seconds * 1e6; at += TICK_US) {
    const now = 7e9 + at;
    const bytes = (LIMIT * share(at / 1e6) * TICK_US) / 8e6;
    police.note(now, bytes * 0.75, 0);
    police.note(now, bytes * 0.25, 1);
    police.update(now);
    if (stages.at(-1)?.[0] !== police.stage) stages.push([police.stage, at / 1e6]);
  }
  return stages;
}

const names = (stages: readonly [PoliceStage, number][]) => stages.map(([stage]) => stage).join();

describe("S10: a publisher", () => {
  test("S10: beyond its rate is asked for 5 s, loses its top layer, and 10 s later the session", () => {
    const stages = run(40, () => 2.65);
    expect(names(stages)).toBe("within,asked,dropped,ended");
    const [, asked, dropped, ended] = stages.map(([, at]) => at);
    // 5 s x 1.25 are full after 2.4 s of 53 Mb/s.
    expect(asked).toBeWithin(2, 3.1);
    expect(dropped! - asked!).toBeCloseTo(5, 1);
    expect(ended! - dropped!).toBeCloseTo(10, 1);
  });

  for (const [name, share] of [
    ["at its rate", () => 1],
    ["at 1.2 x for ever", () => 1.2],
    ["with a keyframe of 4 s of bits each 10 s", (s: number) => (s % 10 < 0.1 ? 40 : 0.2)],
    ["at twice the rate for 1 s of 5", (s: number) => (s % 5 < 1 ? 2 : 1)],
    [
      "that sends a second's worth late, after a stall",
      (s: number) => (s % 8 < 1 ? 0 : s % 8 < 2 ? 2 : 1),
    ],
  ] as const) {
    test(`S10: ${name} is never asked`, () => {
      expect(names(run(60, share))).toBe("within");
    });
  }

  test("S10: that obeys within the 5 s keeps all it has", () => {
    expect(names(run(60, (s) => (s < 5 ? 2 : 0.95)))).toBe("within,asked,within");
  });

  test("S10: has its layer back after 30 s within the rate, not before", () => {
    const stages = run(90, (s) => (s < 9 ? 2 : 0.9));
    expect(names(stages)).toBe("within,asked,dropped,within");
    const within = stages[3]![1];
    // The window empties until some 11 s.
    expect(within).toBeWithin(9 + 30, 9 + 34.5);
  });

  test("S10: that goes on for 10 s without the layer is ended, one that obeys then is not", () => {
    expect(names(run(60, (s) => (s < 12 ? 2 : 0.9)))).toBe("within,asked,dropped,within");
    expect(names(run(60, (s) => (s < 19 ? 2 : 0.9)))).toContain("ended");
  });

  test("S10: that alternates gets nowhere, whatever its rhythm", () => {
    for (const [on, off] of [
      [6, 4],
      [8, 2],
      [12, 3],
      [4.9, 5.1],
    ] as const) {
      const stages = run(240, (s) => (s % (on + off) < on ? 3 : 0.1));
      expect(stages.at(-1)![0], `${on} s of ${on + off}`).toBe("ended");
    }
  });

  test("S10: ended stays ended; a limit of 0 is none", () => {
    expect(names(run(120, (s) => (s < 30 ? 3 : 0)))).toEndWith("ended");
    const police = new BitratePolice(0, 1);
    for (let now = 0; now < 60e6; now += TICK_US) police.note(now, 1e6, 0);
    expect(police.stage).toBe("within");
  });

  test("S10: a pause of hours is a window of nothing, and does not take hours to see", () => {
    const police = new BitratePolice(LIMIT, 1);
    police.note(0, 1000, 0);
    police.note(36_000e6, 1000, 0);
    expect(police.update(36_001e6)).toBeFalse();
    expect(police.rate).toBeLessThan(10_000);
  });
});

describe("S10: reports of arrival behind a link of the limit", () => {
  test("S10: show its rate and a growing queue to whoever sends more, then losses", () => {
    const link = new VirtualLink(10e6);
    let previous = 0;
    let lost = 0;
    for (let i = 0; i < 4000; i += 1) {
      const arrival = i * 600;
      const told = link.pass(arrival, 1250, true);
      if (told < 0) lost += 1;
      else {
        // 1,250 bytes each millisecond, and never out of order.
        expect(told - previous).toBeGreaterThanOrEqual(999);
        previous = told;
      }
    }
    expect(lost / 4000).toBeWithin(0.15, 0.45);
  });

  test("S10: tell the truth to whoever sends less, and again once the queue is empty", () => {
    const link = new VirtualLink(10e6);
    for (let i = 0; i < 100; i += 1) expect(link.pass(i * 2000, 1250, false)).toBe(i * 2000);
    for (let i = 0; i < 300; i += 1) link.pass(200_000 + i * 500, 1250, true);
    expect(link.pass(350_000, 1250, false)).toBeGreaterThan(350_000);
    expect(link.pass(2e6, 1250, false)).toBe(2e6);
  });
});
