/** What may come between a wish for another layer and its keyframe. */
import { describe, expect, test } from "bun:test";
import type { Feed } from "../../src/feed/feed.ts";
import type { Feeds } from "../../src/feed/feeds.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { ToldLayers } from "../../src/ring/told-layers.ts";
import { FRAME_US } from "./encoding.ts";
import { AUDIO_SSRC, KEY, Sim, sourceOf, Track, VIDEO_SSRC } from "./harness.ts";
import type { Recorder } from "./recorder.ts";
import { expectNoGaps, placesOf, simulcast } from "./stage.ts";

describe("the output is full", () => {
  test("in the middle of a batch: nothing is lost, nothing leaves twice", () => {
    for (let room = 1; room < 9; room += 1) {
      const full = simulcast();
      const free = simulcast();
      const [viewer, other] = [full.open(), free.open()];
      for (const [stage, session, limited] of [
        [full, viewer, true],
        [free, other, false],
      ] as const) {
        stage.run(20);
        stage.limit(session, { rid: "r2" });
        stage.run(3);
        stage.limit(session, { rid: "r0", temporalMax: 0 });
        const { sim } = stage;
        for (let i = 0; i < 3; i += 1) {
          for (const encoding of stage.encodings) {
            for (const packet of encoding.capture(i === 1)) encoding.arrive(packet, sim.now);
          }
        }
        if (limited) sim.output.room = room;
        sim.forward(...stage.encodings);
        sim.output.room = Number.POSITIVE_INFINITY;
        sim.forward();
        stage.run(5);
      }
      const bytesOf = (recorder: Recorder) =>
        recorder.of(VIDEO_SSRC).map(({ index, payload }) => [index, ...payload]);
      expect(bytesOf(viewer), `room ${room}`).toEqual(bytesOf(other));
    }
  });

  test("and the source is gone before it drains: the next one's batch begins at its start", () => {
    const sim = new Sim();
    const [first, second] = [new Track("video"), new Track("video")];
    const viewer = sim.open(sourceOf({ video: [first] }));
    for (let k = 0; k < 8; k += 1) first.put(k, 0, sim.now, { flags: k === 0 ? 6 : 0 });
    sim.output.room = 5;
    sim.forward(first);
    sim.output.room = Number.POSITIVE_INFINITY;
    sim.egress.setSource(1, sourceOf({ video: [second] }), sim.now);
    for (let k = 0; k < 8; k += 1) second.put(k, 0, sim.now, { flags: k === 0 ? 6 : 0 });
    sim.forward(second);
    expect(viewer.of(VIDEO_SSRC).length).toBe(5 + 8);
  });

  test("and consent ends before it drains", () => {
    const sim = new Sim();
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio }));
    for (let k = 0; k < 8; k += 1) audio.put(k, k * 960, sim.now);
    sim.output.room = 5;
    sim.forward(audio);
    sim.output.room = Number.POSITIVE_INFINITY;
    const peer = sim.peers.get(viewer.session)!;
    peer.mediaAllowed = false;
    sim.forward();
    peer.mediaAllowed = true;
    for (let k = 8; k < 16; k += 1) audio.put(k, k * 960, sim.now);
    sim.forward(audio);
    expect(viewer.of(AUDIO_SSRC).length).toBe(5 + 8);
  });
});

describe("a switch is pending", () => {
  test("and the viewer leaves: neither ring is wanted, nothing is kept", () => {
    const stage = simulcast();
    const { sim, encodings } = stage;
    const viewer = stage.open();
    stage.run(20);
    stage.limit(viewer, { rid: "r0" });
    stage.run(2, (encoding) => encoding.place === 0);
    stage.limit(viewer, { rid: "r2" });
    expect(encodings.map(({ wanted }) => wanted)).toEqual([true, false, true]);
    const [old, next] = [0, 2].map((place) => feedOf(sim, encodings[place]!));
    expect([old!.subscribers.length, next!.subscribers.length]).toEqual([1, 1]);
    sim.close(viewer.session);
    expect([old!.subscribers.length, next!.subscribers.length]).toEqual([0, 0]);
    expect(encodings.map(({ wanted }) => wanted)).toEqual([false, false, false]);
    const { queues } = sim.egress as unknown as { queues: Record<string, unknown[]> };
    for (const list of ["catchingUp", "probing", "reportsDue"])
      expect(queues[list]!.length).toBe(0);
  });

  test("and a viewer that leaves at once owes nobody a report", () => {
    const stage = simulcast();
    const { sim } = stage;
    const viewer = stage.open();
    for (const encoding of stage.encodings) encoding.frame(sim.now, true);
    sim.forward(...stage.encodings);
    const { queues } = sim.egress as unknown as { queues: { reportsDue: unknown[] } };
    expect(queues.reportsDue.length).toBe(1);
    sim.close(viewer.session);
    expect(queues.reportsDue.length).toBe(0);
  });

  test("and the publisher is replaced: the new one's rings alone are read", () => {
    const stage = simulcast();
    const { sim, encodings } = stage;
    const viewer = stage.open();
    stage.run(20);
    stage.limit(viewer, { rid: "r0" });
    stage.run(2, (encoding) => encoding.place === 0);
    stage.limit(viewer, { rid: "r2" });
    const before = viewer.of(VIDEO_SSRC).length;
    const next = simulcast();
    sim.egress.setSource(1, next.source, sim.now);
    expect(encodings.map(({ wanted }) => wanted)).toEqual([false, false, false]);
    stage.run(2, () => true);
    expect(viewer.of(VIDEO_SSRC).length).toBe(before);
    const run = (frames: number): void => {
      for (let i = 0; i < frames; i += 1) {
        for (const encoding of next.encodings) encoding.frame(sim.now, encoding.picture % 10 === 0);
        sim.forward(...next.encodings);
        sim.pass(FRAME_US);
      }
    };
    run(30);
    expect(viewer.of(VIDEO_SSRC).length).toBeGreaterThan(before + 20);
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(2);
    expectNoGaps(viewer);
    expect(next.encodings.map(({ wanted }) => wanted)).toEqual([false, false, true]);
  });
});

function feedOf(sim: Sim, track: Track): Feed {
  return (sim.egress as unknown as { feeds: Feeds }).feeds.all.get(track.grant.index)!;
}

test("told-layers: of layers that are elsewhere the first viewer wants the one that its path carries", () => {
  const sim = new Sim();
  const [high, low] = [new Track("video"), new Track("video")];
  const told = new ToldLayers();
  const tell = (): void => {
    [high, low].forEach(({ writer }, i) => {
      told.keyframes = true;
      told.bitrates[0] = [4e6, 200_000][i]!;
      told.seenUs[0] = sim.now;
      told.store(writer.views);
      writer.setSize([1280, 320][i]!, [720, 180][i]!);
    });
  };
  tell();
  const viewer = sim.open(sourceOf({ video: [high, low] }));
  const pass = (us: number): void => {
    for (let passed = 0; passed < us; passed += 20_000) {
      tell();
      sim.pass(20_000);
    }
  };
  pass(100_000);
  expect([high.wanted, low.wanted, high.joins, low.joins]).toEqual([false, true, 0, 1]);
  // It is pulled, and begins with a keyframe.
  low.put(1, 0, sim.now, { flags: KEY | SlotFlag.marker });
  sim.forward(low);
  for (let i = 1; i < 50; i += 1) {
    pass(40_000);
    low.put(1 + i, i * 3_600, sim.now, { flags: SlotFlag.frameStart | SlotFlag.marker });
    sim.forward(low);
  }
  expect(viewer.of(VIDEO_SSRC).length).toBe(50);
  expect([high.wanted, low.wanted]).toEqual([false, true]);
});
