import { describe, expect, test } from "bun:test";
import { COUNTER_NAMES, Counter } from "../../../src/contract/counters.ts";
import { logOverload, Overload } from "../../../src/control/plane/overload.ts";
import { LagMeter } from "../../../src/egress/lag-meter.ts";
import {
  OVERLOAD_BUSY,
  OVERLOAD_HOLD_US,
  OVERLOAD_LAG_US,
  OVERLOAD_LEAVE_BUSY,
} from "../../../src/limits.ts";
import type { Logger } from "../../../src/log.ts";
import { seeded } from "../../support/random.ts";

const LOOK_US = 250_000;
const LATE_US = OVERLOAD_LAG_US * 2;

/** A worker in virtual time: how busy it is and how late, by the time that has passed (us). */
class Worker {
  readonly overload = new Overload();
  readonly changes: (readonly [seconds: number, active: boolean])[] = [];
  private at = 5e6;
  private busyUs = 1e9;

  run(seconds: number, busy: (us: number) => number, lag: (us: number) => number): void {
    const start = this.at;
    while (this.at < start + seconds * 1e6) {
      this.at += LOOK_US;
      this.busyUs += LOOK_US * busy(this.at - start);
      if (!this.overload.look(this.at, this.busyUs, lag(this.at - start))) continue;
      this.changes.push([(this.at - 5e6) / 1e6, this.overload.active]);
    }
  }
}

describe("C10: overload", () => {
  test("C10: is a worker that is busy and late for three seconds, and ends when it has room", () => {
    const worker = new Worker();
    worker.run(
      10,
      () => 0.5,
      () => 5_000,
    );
    worker.run(
      6,
      () => 0.97,
      () => LATE_US,
    );
    expect(worker.changes.length).toBe(1);
    const [[entered, active]] = worker.changes as [[number, boolean]];
    expect(active).toBeTrue();
    expect(entered).toBeGreaterThanOrEqual(10 + OVERLOAD_HOLD_US / 1e6);
    expect(entered).toBeLessThan(10 + OVERLOAD_HOLD_US / 1e6 + 1.3);
    // Between the two shares nothing changes, however soon frames leave.
    worker.run(
      20,
      () => (OVERLOAD_BUSY + OVERLOAD_LEAVE_BUSY) / 2,
      () => 0,
    );
    expect(worker.overload.active).toBeTrue();
    worker.run(
      3,
      () => OVERLOAD_LEAVE_BUSY - 0.02,
      () => 0,
    );
    expect(worker.changes.map(([, on]) => on)).toEqual([true, false]);
  });

  const HARMLESS: [string, (us: number) => number, (us: number) => number][] = [
    [
      "one late keyframe",
      (us) => (us < 500_000 ? 1 : 0.65),
      (us) => (us < 500_000 ? 900_000 : 10_000),
    ],
    [
      "late keyframes each two seconds",
      (us) => (us % 2e6 < 250_001 ? 1 : 0.8),
      (us) => (us % 2e6 < 500_001 ? 800_000 : 20_000),
    ],
    ["cold code", (us) => (us < 2.5e6 ? 1 : 0.5), (us) => (us < 2.5e6 ? 400_000 : 10_000)],
    ["a burst of joins", (us) => (us < 5e6 ? 1 : 0.4), (us) => (us < 5e6 ? 90_000 : 5_000)],
    ["a busy worker that is in time", () => 0.98, () => OVERLOAD_LAG_US - 1],
    ["a worker that is late for others' sake", () => OVERLOAD_BUSY - 0.01, () => 1_000_000],
  ];
  for (const [name, busy, lag] of HARMLESS) {
    test(`C10: is not ${name}`, () => {
      const worker = new Worker();
      worker.run(
        5,
        () => 0.4,
        () => 3_000,
      );
      worker.run(30, busy, lag);
      expect(worker.changes).toEqual([]);
    });
  }

  test("C10: is one also where laps put the worker at the live edge again and again", () => {
    const worker = new Worker();
    worker.run(
      15,
      () => 1,
      (us) => (us % 2.5e6 < 250_001 ? 20_000 : us % 2.5e6),
    );
    expect(worker.changes.map(([, on]) => on)).toEqual([true]);
  });

  test("C10: is over with the thread that it was of", () => {
    const { overload } = new Worker();
    for (let at = 0, busy = 0; at < 10e6; at += LOOK_US, busy += LOOK_US)
      overload.look(at, busy, LATE_US);
    expect(overload.active).toBeTrue();
    // Which is told, too.
    expect(overload.look(10e6, 0, 0)).toBeTrue();
    expect(overload.active).toBeFalse();
    expect(overload.look(10e6 + LOOK_US, 0, 0)).toBeFalse();
  });

  test("C10: is told with its figures when it begins and when it ends", () => {
    const lines: unknown[] = [];
    const say = (level: string) => (message: string, fields: unknown) => {
      lines.push([level, message, fields]);
    };
    const log = { warn: say("warn"), info: say("info") } as unknown as Logger;
    const overload = new Overload();
    Object.assign(overload, { active: true, busy: 0.934, lagUs: 412_345 });
    logOverload(log, "egress-0", overload);
    Object.assign(overload, { active: false, busy: 0.61, lagUs: 2_000 });
    logOverload(log, "egress-0", overload);
    expect(lines).toEqual([
      [
        "warn",
        "Overload: newcomers are refused",
        { worker: "egress-0", busyPercent: 93, lagMs: 412 },
      ],
      [
        "info",
        "Overload is over: newcomers are taken again",
        { worker: "egress-0", busyPercent: 61, lagMs: 2 },
      ],
    ]);
  });
});

describe("the lag of frames", () => {
  const told = (meter: LagMeter, counters: Float64Array, now: number) => {
    meter.tell(now);
    return [counters[Counter.lagMaxUs!]!, counters[Counter.lagMedianUs!]!];
  };

  test("C10: one late keyframe moves the longest, not the median", () => {
    const counters = new Float64Array(COUNTER_NAMES.length);
    const meter = new LagMeter(counters);
    for (let i = 0; i < 30; i += 1) meter.note(i === 7 ? 800_000 : 4_000);
    const [longest, median] = told(meter, counters, 1e6);
    expect(longest).toBe(800_000);
    expect(median).toBeLessThan(5_001);
    expect(told(meter, counters, 1.2e6)[0]).toBe(800_000);
    expect(told(meter, counters, 1.6e6)).toEqual([0, 0]);
  });

  test("C10: the median is right within a quarter, whatever the lags are", () => {
    const random = seeded(3);
    for (let round = 1; round < 50; round += 1) {
      const counters = new Float64Array(COUNTER_NAMES.length);
      const meter = new LagMeter(counters);
      const lags = Array.from({ length: 201 }, () => Math.exp(random() * 16));
      for (const lag of lags) meter.note(lag);
      const exact = lags.toSorted((a, b) => a - b)[100]!;
      const [, median] = told(meter, counters, round * 1e6) as [number, number];
      expect(median).toBeGreaterThanOrEqual(Math.min(exact, 1_000) - 1);
      expect(median).toBeLessThanOrEqual(Math.max(1_000, exact * 1.2501));
    }
  });
});
