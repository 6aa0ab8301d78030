import { describe, expect, test } from "bun:test";
import { SourceClock, TrackClock } from "../../src/feed/source-clock.ts";
import { Timeline } from "../../src/packager/timeline.ts";
import type { RingReader, RingTiming } from "../../src/ring/reader.ts";
import { NTP_EPOCH_US } from "../../src/wire/ntp.ts";
import { seeded } from "../support/random.ts";

const ZERO = 1_790_000_000_000_000;
const RATE = 90_000;

/** RTP time of `us` after zero, for a publisher who began with `start`. */
function rtp(us: number, start: number): number {
  return (start + Math.round((us * RATE) / 1e6)) >>> 0;
}

/** A map that knows of `us` after zero, and a look each 20 ms before. */
function mapped(us: number, start = 0xffff_0000, errorUs = 0): Timeline {
  const map = new Timeline(RATE, ZERO);
  for (let at = 20_000; at <= us; at += 20_000) map.note(rtp(at, start), ZERO + at + errorUs);
  return map;
}

describe("ticks", () => {
  test("are those since zero, from every start of RTP time", () => {
    for (const start of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xfff0_0000]) {
      const map = mapped(1_000_000, start);
      for (const us of [0, 500_000, 999_000]) {
        expect(map.next(rtp(us, start), ZERO + 1_000_000)).toBe((us * RATE) / 1e6);
      }
    }
  });

  test("go on over many wraps of RTP time", () => {
    const day = 86_400_000_000;
    const map = new Timeline(RATE, ZERO);
    for (let at = 0; at <= 3 * day; at += 10_000_000) map.note(rtp(at, 7), ZERO + at);
    expect(map.next(rtp(3 * day, 7), ZERO + 3 * day)).toBe((3 * day * RATE) / 1e6);
  });

  test("rise, also where frames come out of order or twice", () => {
    const map = mapped(1_000_000, 0);
    const at = [0, 120_000, 40_000, 40_000, 160_000].map((us) => map.next(rtp(us, 0), ZERO + 1e6)!);
    expect(at).toEqual([0, 10_800, 10_801, 10_802, 14_400]);
  });

  test("F09: are not of the future", () => {
    const map = mapped(1_000_000, 0);
    expect(map.next(rtp(1_500_000, 0), ZERO + 1_000_000)).toBe(90_000);
    expect(map.next(rtp(2_100_000, 0), ZERO + 1_000_000)).toBeNull();
  });

  test("are not of what is long over", () => {
    const map = mapped(5_000_000, 0);
    expect(map.next(rtp(4_000_000, 0), ZERO + 5_000_000)).toBe(360_000);
    expect(map.next(rtp(2_900_000, 0), ZERO + 5_000_000)).toBeNull();
  });
});

describe("the map", () => {
  test("follows by 1 ms a second at most, and then exactly", () => {
    const map = mapped(1_000_000, 0);
    const off = (us: number) => {
      for (let at = 1_020_000; at <= us; at += 20_000) map.note(rtp(at, 0), ZERO + at - 50_000);
      return us - (map.ticksOf(rtp(us, 0), ZERO + us) * 1e6) / RATE;
    };
    expect(off(2_000_000)).toBeCloseTo(1000, -2);
    expect(map.off).toBe(false);
  });

  test("follows drifting clocks without a step", () => {
    const map = new Timeline(RATE, ZERO);
    const random = seeded(5);
    let most = 0;
    for (let at = 0; at < 3_600_000_000; at += 20_000) {
      // 200 ppm, and pairs that are off by up to 2 ms.
      map.note(rtp(at * 1.0002, 0), ZERO + at + random() * 2000);
      expect(map.off).toBe(false);
      const us = (map.ticksOf(rtp(at * 1.0002, 0), ZERO + at) * 1e6) / RATE;
      most = Math.max(most, Math.abs(us - at));
    }
    expect(most).toBeLessThan(4000);
  });

  test("is off by more than 100 ms: it stands until it may step, and then is right", () => {
    for (const error of [-300_000, 150_000]) {
      const map = mapped(1_000_000, 0);
      for (let at = 1_020_000; at < 5e6; at += 20_000) map.note(rtp(at, 0), ZERO + at + error);
      expect(map.off).toBe(true);
      expect(map.ticksOf(rtp(4_500_000, 0), ZERO + 5e6)).toBe(405_000);
      expect(map.step()).toBe(error);
      expect(map.off).toBe(false);
      expect(map.ticksOf(rtp(4_500_000, 0), ZERO + 5e6)).toBe(405_000 + (error * RATE) / 1e6);
    }
  });

  test("goes over to another line of RTP times with the first frame of it, not before", () => {
    const map = mapped(1_000_000, 0);
    map.note(rtp(1_020_000, 0x4000_0000), ZERO + 1_020_000);
    expect(map.next(rtp(990_000, 0), ZERO + 1_020_000)).toBe(89_100);
    expect(map.next(rtp(1_020_000, 0x4000_0000), ZERO + 1_020_000)).toBe(91_800);
    expect(map.off).toBe(false);
  });
});

test("F09: a publisher whose clock is an hour off, or is set by one, does not show", () => {
  for (const [offset, set] of [
    [3600e6, 0],
    [-3600e6, 0],
    [0, 3600e6],
    [0, -3600e6],
  ] as const) {
    const [source, clock] = [new SourceClock(), new TrackClock()];
    const map = new Timeline(RATE, ZERO);
    let timing: RingTiming | null = null;
    const reader = {
      clockRate: RATE,
      timing: (out: RingTiming) => timing !== null && Object.assign(out, timing) === out,
    } as unknown as RingReader;
    for (let at = 0; at <= 60e6; at += 20_000) {
      const ntpUs = NTP_EPOCH_US + ZERO + at + offset + (at >= 30e6 ? set : 0);
      if (at % 1e6 === 0) timing = { rtpTimestamp: rtp(at, 9), ntpUs, localUs: at + 15_000 };
      clock.update(reader, source);
      clock.notePacket(rtp(at, 9), at + 25_000, RATE);
      const nowUs = at + 25_000;
      map.note(clock.timestampAt(nowUs, RATE, source, clock.hasReport)!, ZERO + nowUs);
      const us = (map.next(rtp(at, 9), ZERO + nowUs)! * 1e6) / RATE;
      // Least delays of 15 and 25 ms are not known; all else is.
      expect(us - at).toBeWithin(10_000, 25_001);
      expect(map.off).toBe(false);
    }
  }
});

describe("by arrival alone", () => {
  const LATE_US = 190_000;

  /** What the map is off by in the end (us), and how often it had to step, where frames are so late. */
  function follow(lateUs: (at: number, random: () => number) => number) {
    const [source, clock] = [new SourceClock(), new TrackClock()];
    const map = new Timeline(RATE, ZERO);
    const random = seeded(3);
    let [steps, arrival, us] = [0, 0, 0];
    const waiting: { readonly at: number; readonly arrival: number }[] = [];
    for (let now = 0; now <= 20e6; now += 20_000) {
      arrival = Math.max(arrival, now + lateUs(now, random));
      waiting.push({ at: now, arrival });
      while (waiting.length > 0 && waiting[0]!.arrival <= now) {
        const frame = waiting.shift()!;
        clock.notePacket(rtp(frame.at, 9), frame.arrival, RATE);
      }
      const timestamp = clock.timestampAt(now, RATE, source, false);
      if (timestamp === null) continue;
      map.note(timestamp, ZERO + now);
      if (map.off) {
        steps += 1;
        map.step();
      }
      us = (map.ticksOf(rtp(now, 9), ZERO + now) * 1e6) / RATE - now;
    }
    return { steps, offUs: us };
  }

  for (const [name, lateUs] of Object.entries<Parameters<typeof follow>[0]>({
    "from a moment on": (at) => (at > 5e6 ? LATE_US : 0),
    "for a while": (at) => (at > 3e6 && at < 6e6 ? LATE_US : 0),
    "more and more": (at) => Math.min(LATE_US, at / 50),
    "now and then": (at, random) => (at > 0 && random() < 0.5 ? LATE_US : 0),
  })) {
    test(`frames that come late, ${name}, never make it step`, () => {
      const { steps, offUs } = follow(lateUs);
      expect(steps).toBe(0);
      // It may drift as clocks do: what is late for good cannot be told from a clock that is slow.
      expect(offUs).toBeWithin(-1_000, 5_000);
    });
  }

  test("it steps, once, where the first were late: sound would be off by as much", () => {
    const { steps, offUs } = follow((at) => (at < 1e6 ? LATE_US : 0));
    expect(steps).toBe(1);
    expect(offUs).toBeWithin(-1_000, 1_000);
  });
});
