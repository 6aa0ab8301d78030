import { describe, expect, test } from "bun:test";
import { SourceClock, TrackClock } from "../../src/feed/source-clock.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { seeded } from "../support/random.ts";

const NTP_US = 3.9e15;
const REPORT_US = 5_000_000;
/** Reports are at most so long on their way, and least so long. */
const DELAY_MAX_US = 40_000;
const DELAY_MIN_US = 3_000;

interface Behaviour {
  /** What the publisher's clock shows beyond the true time at `now`, us. */
  readonly offset: (now: number) => number;
  /** The report's RTP time is of a picture so old, us. */
  readonly stale?: (now: number) => number;
  /** Replaces a report's NTP time. */
  readonly garbage?: (now: number, ntpUs: number) => number;
  readonly seed?: number;
}

class Line {
  readonly clock = new TrackClock();
  readonly reader: RingReader;
  private readonly writer: RingWriter;
  private sentAt: number;
  private arrivesAt = Number.POSITIVE_INFINITY;
  private pending: readonly [rtp: number, ntp: number] = [0, 0];

  constructor(
    kind: "audio" | "video",
    private readonly rate: number,
    first: number,
    private readonly start: number,
  ) {
    const buffer = createRing(kind);
    this.writer = new RingWriter(buffer);
    this.writer.describe(kind === "audio" ? Codec.opus : Codec.vp8, rate, "", "");
    this.reader = new RingReader(buffer, 0);
    this.sentAt = first;
  }

  rtp(at: number): number {
    return (this.start + Math.round((at * this.rate) / 1e6)) >>> 0;
  }

  tick(now: number, behaviour: Behaviour, random: () => number): void {
    if (now >= this.sentAt) {
      const ntp = NTP_US + now + behaviour.offset(now);
      const stale = behaviour.stale?.(now) ?? 0;
      this.pending = [this.rtp(now - stale), behaviour.garbage?.(now, ntp) ?? ntp];
      this.arrivesAt = now + DELAY_MIN_US + random() * (DELAY_MAX_US - DELAY_MIN_US);
      this.sentAt += REPORT_US;
    }
    if (now < this.arrivesAt) return;
    this.writer.setTiming(...this.pending, this.arrivesAt);
    this.arrivesAt = Number.POSITIVE_INFINITY;
  }

  /** By how much the mapping is off, us: behind by what the reports were on their way, rightly. */
  error(now: number, source: SourceClock): number {
    const is = this.clock.timestampAt(now, this.rate, source, true)!;
    return (((is - this.rtp(now)) | 0) * 1e6) / this.rate;
  }
}

/** The worst error of one track's mapping against the other's, us, once both have a report. */
function run(behaviour: Behaviour, seconds = 120): { apart: number; off: number } {
  const random = seeded(behaviour.seed ?? 1);
  const source = new SourceClock();
  const audio = new Line("audio", 48_000, 400_000, 0xffff0000);
  const video = new Line("video", 90_000, 2_100_000, 0xfff00000);
  let apart = 0;
  let off = 0;
  for (let now = 20_000; now < seconds * 1e6; now += 20_000) {
    for (const line of [audio, video]) {
      line.tick(now, behaviour, random);
      line.clock.update(line.reader, source);
    }
    if (!audio.clock.hasReport || !video.clock.hasReport) continue;
    const errors = [audio.error(now, source), video.error(now, source)] as const;
    apart = Math.max(apart, Math.abs(errors[0] - errors[1]));
    off = Math.max(off, Math.abs(errors[0]), Math.abs(errors[1]));
  }
  return { apart, off };
}

const stepAt = (at: number, by: number) => (now: number) => (now < at ? 0 : by);

describe("a publisher's clock that is set", () => {
  for (const by of [3_600e6, -3_600e6, 0.8e6, -0.8e6, 0.3e6, -0.3e6, 86_400e6 * 365, -5e6]) {
    for (const at of [30e6, 31.5e6]) {
      test(`C5: by ${by / 1e6} s at ${at / 1e6} s moves neither track against the other`, () => {
        for (let seed = 1; seed <= 5; seed += 1) {
          const { apart, off } = run({ offset: stepAt(at, by), seed });
          expect([seed, apart < DELAY_MAX_US, off < DELAY_MAX_US]).toEqual([seed, true, true]);
        }
      });
    }
  }

  test("C5: forth and back, again and again, leaves no error behind", () => {
    const offset = (now: number) => (Math.floor(now / 17e6) % 2) * 0.8e6;
    expect(run({ offset }, 600).apart).toBeLessThan(DELAY_MAX_US);
  });

  test("C5: NTP seconds that wrap around in 2036 are no step", () => {
    const era = 2 ** 32 * 1e6;
    const before = era - NTP_US - 60e6;
    const { apart, off } = run({ offset: () => before, garbage: (_, ntp) => ntp % era });
    expect(apart).toBeLessThan(DELAY_MAX_US);
    expect(off).toBeLessThan(DELAY_MAX_US);
  });

  test("C5: a drift of 100 ppm either way is none", () => {
    for (const drift of [1e-4, -1e-4]) {
      expect(run({ offset: (now) => now * drift }, 900).apart).toBeLessThan(DELAY_MAX_US);
    }
  });
});

describe("reports that are wrong", () => {
  test("C5: garbage in one of them is off by no more than that one was on its way", () => {
    const random = seeded(9);
    for (let seed = 1; seed <= 20; seed += 1) {
      const at = 40e6 + random() * 5e6;
      const wrong = random() * 2 ** 32 * 1e6;
      const garbage = (now: number, ntp: number) =>
        now >= at && now < at + REPORT_US / 2 ? wrong : ntp;
      expect(run({ offset: () => 0, garbage, seed }).apart).toBeLessThan(DELAY_MAX_US + 5_000);
    }
  });

  test("C5: RTP times of a picture long past, as a sender that stalls writes, are no step", () => {
    // The report at 42.1 s is of a picture of 1.5 s before: that track is off by it until the next.
    const stale = (now: number) => (now > 42e6 && now < 43e6 ? 1.5e6 : 0);
    const source = run({ offset: () => 0, stale }, 42);
    expect(source.apart).toBeLessThan(DELAY_MAX_US);
    const whole = run({ offset: () => 0, stale });
    expect(whole.apart).toBeLessThan(1.5e6 + DELAY_MAX_US);
    const after = run({ offset: () => 0, stale: (now) => (now < 3e6 ? 1.5e6 : 0) }, 7);
    expect(after.apart).toBeGreaterThan(1e6);
  });

  test("C5: one that was held up for 0.4 s is late, not of another clock", () => {
    const clock = new SourceClock();
    const first = clock.note(NTP_US + 1e6, 1e6 + 400_000);
    const second = clock.note(NTP_US + 2e6, 2e6 + 5_000, null, 0);
    expect(second).toBe(first);
    expect(clock.ntpAt(3e6)).toBe(NTP_US + 3e6 - 5_000);
    expect(clock.note(NTP_US + 6e6, 6e6 + 700_000, second, 0)).toBe(second);
    expect(Math.abs(clock.ntpAt(7e6) - (NTP_US + 7e6 - 5_000))).toBeLessThan(1_000);
  });
});
