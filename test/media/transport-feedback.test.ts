import { describe, expect, test } from "bun:test";
import { TransportFeedbackRecorder } from "../../src/media/transport-feedback.ts";
import {
  PacketStatus,
  readTransportFeedback,
  TransportFeedback,
} from "../../src/wire/rtcp/transport-cc.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16 } from "../support/wrap-starts.ts";

const out = new Uint8Array(1200);
const feedback = new TransportFeedback(4096);

/** Takes all feedback that is due; notes the newest verdict on each packet (index from `start`). */
function drain(
  source: TransportFeedbackRecorder,
  now: number,
  room: number,
  verdicts: Map<number, number>,
) {
  let packets = 0;
  for (
    let n = source.write(now, out, 0, room, 1, 2);
    n > 0;
    n = source.write(now, out, 0, room, 1, 2)
  ) {
    expect(readTransportFeedback(out, 0, n, feedback)).toBe(true);
    let ticks = feedback.referenceTime * 256;
    for (let i = 0; i < feedback.statusCount; i += 1) {
      ticks += feedback.delta[i]!;
      const lost = feedback.status[i] === PacketStatus.notReceived;
      verdicts.set((feedback.baseSequence + i) & 0xffff, lost ? -1 : ticks * 250);
    }
    packets += 1;
    expect(packets).toBeLessThan(100);
  }
  return packets;
}

describe("TransportFeedbackRecorder", () => {
  for (const start of WRAP_STARTS_16) {
    test(`reports each arrival at its time, with loss and reordering, from ${start}`, () => {
      const random = seeded(start + 3);
      const source = new TransportFeedbackRecorder();
      const verdicts = new Map<number, number>();
      const arrivals = new Map<number, number>();
      const late: [number, number][] = [];
      const arrive = (index: number, at: number) => {
        arrivals.set((start + index) & 0xffff, at);
        source.note((start + index) & 0xffff, at);
      };
      for (let i = 0; i < 20_000; i += 1) {
        const now = i * 700;
        while (late.length > 0 && late[0]![0] <= now) arrive(late.shift()![1], now);
        const dice = random();
        if (i === 0 || dice > 0.1) arrive(i, now);
        else if (dice > 0.05) late.push([now + 60_000, i]);
        if (now >= source.nextTimeout())
          expect(drain(source, now, 300, verdicts)).toBeGreaterThan(0);
      }
      drain(source, 20_000 * 700 + 100_000, 1200, verdicts);
      for (const [sequence, at] of arrivals) {
        const told = verdicts.get(sequence);
        if (told === undefined || Math.abs(told - at) > 125) {
          throw new Error(`packet ${sequence}: ${told}, not ${at}`);
        }
      }
      const lost = [...verdicts.entries()].filter(([, told]) => told === -1);
      for (const [sequence] of lost) expect(arrivals.has(sequence)).toBe(false);
      expect(lost.length).toBeGreaterThan(500);
    });
  }

  test("is due every 50 ms while busy, every 100 ms while quiet, and never without packets", () => {
    const source = new TransportFeedbackRecorder();
    expect(source.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
    const times: number[] = [];
    const run = (from: number, to: number, step: number) => {
      times.length = 0;
      for (let now = from; now < to; now += step) {
        source.note((now / 1000) & 0xffff, now);
        if (source.write(now, out, 0, 1200, 1, 2) > 0) times.push(now);
      }
    };
    run(0, 1_000_000, 1000);
    expect(times.length).toBe(20);
    run(1_000_000, 2_000_000, 20_000);
    expect(times.length).toBe(10);
    expect(source.write(9_000_000, out, 0, 1200, 1, 2)).toBeGreaterThanOrEqual(0);
    expect(source.write(9_000_000, out, 0, 1200, 1, 2)).toBe(0);
  });

  test("survives jumps either way and long silence", () => {
    const random = seeded(12);
    const source = new TransportFeedbackRecorder();
    const verdicts = new Map<number, number>();
    let now = 0;
    for (let i = 0; i < 2000; i += 1) {
      now += random() < 0.01 ? 30_000_000 : 2000;
      source.note(Math.floor(random() * 65_536), now);
      if (now >= source.nextTimeout()) drain(source, now, 1200, verdicts);
    }
    const last = 4711;
    source.note(last, now + 1000);
    drain(source, now + 200_000, 1200, verdicts);
    expect(verdicts.size).toBeGreaterThan(100);
    expect(source.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  });
});
