/** A layer that is entered at an old keyframe, by viewers who have seen later pictures of another. */
import { describe, expect, test } from "bun:test";
import { timestampIn } from "../../src/egress/segments.ts";
import { TimeLine } from "../../src/egress/time-line.ts";
import { Header } from "../../src/ring/layout.ts";
import { seeded } from "../support/random.ts";
import { type Encoding, markOf, TICKS } from "./encoding.ts";
import { difference32, VIDEO_SSRC } from "./harness.ts";
import { expectNoGaps, placesOf, type Session, type Stage, simulcast, WALL_US } from "./stage.ts";

/** Two layers of a deaf publisher whose groups are 10 s long; the viewer is live on the larger one. */
function deaf(reports: boolean): { stage: Stage; viewer: Session; low: Encoding; high: Encoding } {
  const stage = simulcast({ mode: "L1T1" }, 2);
  const [low, high] = stage.encodings as [Encoding, Encoding];
  if (reports) for (const each of [low, high]) each.report(WALL_US, stage.sim.now);
  const viewer = stage.open();
  stage.run(20);
  stage.limit(viewer, { rid: "r1" });
  stage.run(2, () => true);
  for (const { writer } of stage.encodings) writer.setWord(Header.pliIgnored, 1);
  stage.run(50);
  expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(1);
  return { stage, viewer, low, high };
}

describe("a layer that dies under its viewer", () => {
  for (const reports of [true, false]) {
    const by = reports ? "sender reports" : "arrival";
    test(`C2: is left for the cached group of another (lines joined by ${by})`, () => {
      const { stage, viewer, low, high } = deaf(reports);
      const { sim } = stage;
      stage.silent.add(high);
      const silentAt = sim.now;
      const before = viewer.of(VIDEO_SSRC).length;
      const pictures = low.picture;
      while (viewer.of(VIDEO_SSRC).length === before && sim.now - silentAt < 9e6) stage.run(1);
      // Dead after 0.8 s without a packet; asked for 0.3 s; looked at each 0.1 s.
      expect(sim.now - silentAt).toBeLessThan(1_400_000);
      stage.run(30);
      const sent = viewer.of(VIDEO_SSRC);
      expectNoGaps(viewer);
      const fresh = sent.slice(before);
      expect(new Set(placesOf(fresh))).toEqual(new Set([0]));
      // All of the group, up to what has come last.
      const origins = fresh.map(({ payload }) => markOf(payload).origin);
      expect(origins.at(-1)! - origins[0]! + 1).toBe(origins.length);
      expect(origins.at(-1)).toBe(low.writer.views.words[Header.head]! - 1);
      // Each picture later than the one before, whatever was seen of the other layer.
      const times = sent.map(({ timestamp }) => timestamp);
      for (let i = 1; i < times.length; i += 1) {
        expect(difference32(times[i]!, times[i - 1]!)).toBeGreaterThanOrEqual(0);
      }
      const frames = [...new Set(fresh.map(({ timestamp }) => timestamp))];
      expect(frames.length).toBe(
        new Set(fresh.map((p) => low.written.get(markOf(p.payload).origin)!.timestamp)).size,
      );
      // What comes live is on the line again: by the time that has passed since.
      const last = fresh.at(-1)!;
      const passed = (low.picture - pictures) * TICKS;
      const went = difference32(last.timestamp, sent[before - 1]!.timestamp);
      expect(Math.abs(went - passed)).toBeLessThan(3 * TICKS);
      const steps = frames
        .slice(-10)
        .map((t, i, all) => (i === 0 ? TICKS : difference32(t, all[i - 1]!)));
      expect(steps).toEqual(steps.map(() => TICKS));
    });
  }

  test("C2: and what left so is repaired byte for byte", () => {
    const { stage, viewer, high } = deaf(true);
    stage.silent.add(high);
    const before = viewer.of(VIDEO_SSRC).length;
    stage.run(45);
    const sent = viewer.of(VIDEO_SSRC).slice(before);
    expect(sent.length).toBeGreaterThan(60);
    for (const lost of [sent[0]!, sent[7]!, sent[40]!]) {
      stage.sim.pass(100_000);
      const again = stage.nack(viewer, lost.index)!;
      expect(again.timestamp).toBe(lost.timestamp);
      expect([...again.payload.subarray(2)]).toEqual([...lost.payload]);
    }
  });

  test("C2: not where it may come back any moment, nor where the other has nothing to show", () => {
    const { stage, viewer, low, high } = deaf(true);
    stage.silent.add(high);
    stage.run(6);
    stage.silent.delete(high);
    stage.run(20);
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(1);
    low.writer.views.words[Header.keyframeValid] = 0;
    stage.silent.add(high);
    stage.run(60);
    const before = viewer.of(VIDEO_SSRC).length;
    stage.silent.delete(high);
    // The publisher takes the layer up again in the middle of the group: it goes on.
    stage.run(3);
    expect(viewer.of(VIDEO_SSRC).length).toBeGreaterThan(before);
  });
});

test("C2: timestamps of a rewound segment rise with the publisher's, and come back to the line", () => {
  const random = seeded(5);
  for (let round = 0; round < 200; round += 1) {
    const line = new TimeLine();
    const last = Math.floor(random() * 2 ** 32);
    const first = Math.floor(random() * 2 ** 32);
    const behindUs = random() * 10e6;
    line.note(last, 50e6);
    const rewound = line.rewind(first, 50e6 - behindUs, 90_000, null);
    expect(rewound).toEqual({ first, last });
    const segment = { timestampOffset: line.offset, rewound };
    let before = last;
    for (let ticks = 0; ticks < 20 * 90_000; ticks += 1_000 + Math.floor(random() * 5_000)) {
      const out = timestampIn(segment, (first + ticks) >>> 0);
      expect(difference32(out, before)).toBeGreaterThan(0);
      before = out;
      // Live again after the group's length and as much as its pictures were squeezed into.
      if (ticks < (behindUs * 90_000) / 1e6 + 2_000) continue;
      expect(out).toBe((first + ticks + line.offset) >>> 0);
    }
  }
});
