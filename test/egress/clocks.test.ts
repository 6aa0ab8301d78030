import { describe, expect, test } from "bun:test";
import { RepairBudget } from "../../src/egress/repair-budget.ts";
import { SentHistory } from "../../src/egress/sent-history.ts";
import { TimeLine } from "../../src/egress/time-line.ts";
import { SourceClock, TrackClock } from "../../src/feed/source-clock.ts";
import { RTX_BURST_BYTES, RTX_BURST_BYTES_MAX, RTX_SHARE_MAX } from "../../src/limits.ts";
import { seeded } from "../support/random.ts";

describe("the source's clock", () => {
  test("is that of the report with the least delay, whatever the others say", () => {
    const clock = new SourceClock();
    clock.note(1e15 + 1e6, 1e6 + 5_000);
    clock.note(1e15 + 2e6, 2e6 + 90_000);
    expect(Math.abs(clock.ntpAt(3e6) - (1e15 + 3e6 - 5_000))).toBeLessThan(500);
  });

  test("follows a drift of 100 ppm through jittered reports", () => {
    const random = seeded(4);
    const clock = new SourceClock();
    const ntp = (local: number) => 1e15 + local * 0.9999;
    for (let t = 1e6; t < 600e6; t += 1e6) {
      const delay = 3_000 + random() * 30_000;
      clock.note(ntp(t), t + delay);
      if (t > 60e6) expect(Math.abs(clock.ntpAt(t) - (ntp(t) - 3_000))).toBeLessThan(6_000);
    }
  });

  test("goes with a clock that is set, forth or back", () => {
    const clock = new SourceClock();
    clock.note(1e15, 1e6);
    clock.note(1e15 + 3_601e6, 2e6);
    expect(clock.ntpAt(2e6)).toBe(1e15 + 3_601e6);
    clock.note(1e15 + 2e6, 3e6);
    expect(clock.ntpAt(3e6)).toBe(1e15 + 2e6);
  });
});

describe("a track's clock", () => {
  test("by arrival takes the least-delayed packet, and begins anew after a pause of its source", () => {
    const clock = new TrackClock();
    const source = new SourceClock();
    expect(clock.timestampAt(0, 90_000, source, false)).toBeNull();
    clock.notePacket(0xffffff00, 1_000_000, 90_000);
    clock.notePacket((0xffffff00 + 9_000) % 2 ** 32, 1_140_000, 90_000);
    clock.notePacket(1_000, 1_130_000, 90_000);
    const now = 1_200_000;
    const expected = (0xffffff00 + 18_000) % 2 ** 32;
    expect(Math.abs(clock.timestampAt(now, 90_000, source, false)! - expected)).toBeLessThan(10);
    clock.restart(5_000_000);
    expect(clock.line).toBe(1);
    expect(clock.timestampAt(5e6, 90_000, source, false)).toBeNull();
    clock.notePacket(77, 5_000_000, 90_000);
    expect(clock.timestampAt(5_100_000, 90_000, source, false)).toBe(9_077);
  });
});

describe("two layers' clocks", () => {
  const source = new SourceClock();
  /** The second's timestamps are 50,000 ahead, and its packets come 60 ms later. */
  const pair = (): [TrackClock, TrackClock] => {
    const clocks: [TrackClock, TrackClock] = [new TrackClock(), new TrackClock()];
    for (let i = 0; i < 10; i += 1) {
      clocks[0].notePacket(9_000 * i, 100_000 * i, 90_000);
      clocks[1].notePacket(50_000 + 9_000 * i, 100_000 * i + 60_000, 90_000);
    }
    return clocks;
  };

  test("are apart by their capture times, whichever frames told them", () => {
    const [low, high] = pair();
    expect(low.ticksTo(high, 1e6, 90_000, source)).toBeNull();
    low.noteCapture(9_000, 3.9e15 + 100_000);
    expect(low.ticksTo(high, 1e6, 90_000, source)).toBeNull();
    high.noteCapture(50_000 + 81_000, 3.9e15 + 900_000);
    expect(low.ticksTo(high, 1e6, 90_000, source)).toBe(50_000);
    expect(high.ticksTo(low, 1e6, 90_000, source)).toBe(-50_000);
    low.restart(2e6);
    expect(low.ticksTo(high, 2e6, 90_000, source)).toBeNull();
  });

  test("are not believed when they put what came together more than a second apart", () => {
    const [low, high] = pair();
    low.noteCapture(81_000, 3.9e15);
    high.noteCapture(50_000 + 81_000, 3.9e15 + 2e6);
    expect(low.ticksTo(high, 1e6, 90_000, source)).toBeNull();
  });
});

describe("a time line", () => {
  test("keeps a source's own steps, unless they cannot be explained", () => {
    const line = new TimeLine();
    expect(line.begin(5_000, 0, 90_000, false)).toBe(0);
    line.note(5_000, 0);
    expect(line.begin(5_000 + 9_000, 130_000, 90_000, true)).toBe(0);
    const offset = line.begin(4_000_000_000, 100_000, 90_000, true);
    expect((4_000_000_000 + offset) >>> 0).toBe(5_000 + 9_000);
  });

  test("rises by one tick at least, also when the newcomer's packet is older", () => {
    const line = new TimeLine();
    line.note(100, 1_000_000);
    expect((7 + line.begin(7, 400_000, 48_000, false)) >>> 0).toBe(101);
    line.note(90, 2_000_000);
    expect((7 + line.begin(7, 1_000_000, 48_000, false)) >>> 0).toBe(101);
  });
});

describe("the sent history", () => {
  test("knows the last packets alone, each with what made its bytes", () => {
    const history = new SentHistory(16);
    for (let index = 70_000; index < 70_100; index += 1) {
      const capture = index % 10 === 0 ? index * 1e3 : 0;
      const marks = (index & 4) << 3;
      history.note(index, index % 3, index & 0xffff, index & 3, index % 2 === 0, capture, marks, 0);
    }
    expect(history.has(70_083)).toBeFalse();
    for (let index = 70_084; index < 70_100; index += 1) {
      expect(history.has(index)).toBeTrue();
      expect([history.payloadType(index), history.padding(index)]).toEqual([index % 3, index & 3]);
      expect(history.transportSequence(index)).toBe(index & 0xffff);
      expect(history.hint(index)).toBe(index % 2 === 0);
      expect(history.captureNtpUs(index)).toBe(index % 10 === 0 ? index * 1e3 : 0);
    }
  });

  test("says so when a capture time is forgotten", () => {
    const history = new SentHistory(16);
    for (let index = 0; index < 9; index += 1) history.note(index, 96, 0, 0, false, 5, 0, 0);
    expect(history.captureNtpUs(0)).toBe(-1);
    expect(history.captureNtpUs(1)).toBe(5);
  });

  test("allows one repair an interval", () => {
    const history = new SentHistory(16);
    history.note(3, 96, 0, 0, false, 0, 0, 0);
    expect(history.mayResend(3, 0, 1_000)).toBeTrue();
    history.noteResent(3, 0);
    expect(history.mayResend(3, 999, 1_000)).toBeFalse();
    expect(history.mayResend(3, 1_000, 1_000)).toBeTrue();
    history.noteResent(3, 1_000);
    history.note(3 + 16, 96, 0, 0, false, 0, 0, 0);
    expect(history.mayResend(3 + 16, 1_001, 1_000)).toBeTrue();
  });

  test("knows nothing before the first packet", () => {
    const history = new SentHistory(16);
    for (let index = 0; index < 64; index += 1) expect(history.has(index)).toBeFalse();
  });

  test("grows until it holds two seconds, and forgets nothing by it", () => {
    for (const [rate, kept] of [
      [60, 256],
      [200, 512],
      [1_000, 1024],
    ] as const) {
      const history = new SentHistory(256, 1024);
      for (let i = 0; i < 5_000; i += 1) {
        const index = 21_000 + i;
        history.note(index, 96, index & 0xffff, 0, false, 0, 0, (i * 1e6) / rate);
        const least = i < 1_500 ? Math.min(i, 255) : kept - 1;
        expect(history.has(index - least)).toBeTrue();
        expect(history.transportSequence(index - least)).toBe((index - least) & 0xffff);
      }
      expect(history.has(21_000 + 4_999 - kept)).toBeFalse();
    }
  });

  test("goes on where 32 bits of indices and of microseconds end", () => {
    const history = new SentHistory(16);
    for (const index of [2 ** 31 - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1]) {
      history.note(index, 96, 0, 0, false, 0, 0, 0);
      expect(history.has(index)).toBeTrue();
      expect(history.has(index - 16)).toBeFalse();
      const now = 5 * 2 ** 32 - 400.25;
      history.noteResent(index, now);
      expect(history.mayResend(index, now + 999, 1_000)).toBeFalse();
      expect(history.mayResend(index, now + 1_001, 1_000)).toBeTrue();
    }
  });
});

test("the repair budget is a burst, refilled by a share of the media and never above it", () => {
  const budget = new RepairBudget();
  expect(budget.spend(RTX_BURST_BYTES + 1)).toBeFalse();
  expect(budget.spend(RTX_BURST_BYTES)).toBeTrue();
  expect(budget.spend(1)).toBeFalse();
  budget.earn(10_000, 0);
  expect(budget.spend(10_000 * RTX_SHARE_MAX)).toBeTrue();
  expect(budget.spend(1)).toBeFalse();
  // 80 kB a second fill the burst in the end and no more ...
  for (let second = 1; second < 20; second += 1) budget.earn(80_000, second * 1e6);
  expect(budget.spend(RTX_BURST_BYTES + 1)).toBeFalse();
  // ... and much more than that has its share of a second, up to the most.
  budget.earn(600_000, 20e6);
  expect(budget.spend(90_001)).toBeFalse();
  expect(budget.spend(90_000)).toBeTrue();
  budget.earn(1e9, 21e6);
  expect(budget.spend(RTX_BURST_BYTES_MAX + 1)).toBeFalse();
  expect(budget.spend(RTX_BURST_BYTES_MAX)).toBeTrue();
  // What was sent long ago makes no room.
  for (let packets = 0; packets < 200; packets += 1) budget.earn(8_000, 30e6 + packets * 1e6);
  expect(budget.spend(RTX_BURST_BYTES + 1)).toBeFalse();
});
