import { describe, expect, test } from "bun:test";
import { CATCH_UP_INTERVAL_US, CATCH_UP_PACKETS, VIDEO_SLOTS_START } from "../../src/limits.ts";
import { Header, SlotFlag } from "../../src/ring/layout.ts";
import { seeded } from "../support/random.ts";
import { KEY, originOf, Sim, sourceOf, Track, VIDEO_SSRC, videoSection } from "./harness.ts";
import type { Recorder } from "./recorder.ts";

const VIDEO = { media: [videoSection()] };

/** `count` packets from `first` on; every `gop`-th begins a keyframe. */
function fill(sim: Sim, track: Track, first: number, count: number, gop = 1_000_000, length = 100) {
  for (let k = first; k < first + count; k += 1) {
    track.put(k, k * 3000, sim.now, { flags: k % gop === 0 ? KEY : SlotFlag.frameStart, length });
  }
}

const origins = (viewer: Recorder) => viewer.of(VIDEO_SSRC).map(({ payload }) => originOf(payload));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("a join", () => {
  test("with a fresh keyframe begins there at once, with the original timestamps", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    fill(sim, video, 100, 50, 100);
    sim.pass(1_900_000);
    const viewer = sim.open(source, VIDEO);
    sim.forward();
    expect(origins(viewer)).toEqual(range(100, 150));
    expect(viewer.rtp.map(({ timestamp }) => timestamp)).toEqual(
      range(100, 150).map((k) => k * 3000),
    );
    expect(video.joins).toBe(0);
    sim.pass(100_000);
    expect(sim.firstMedia).toEqual([{ session: viewer.session, afterUs: 0 }]);
  });

  test("waits for DTLS before anything is sent or asked for", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), { ...VIDEO, connect: false });
    fill(sim, video, 100, 50, 100);
    sim.forward(video);
    sim.pass(20_000);
    expect([viewer.rtp.length, viewer.rtcp.length, video.joins]).toEqual([0, 0, 0]);
    sim.connect(viewer);
    sim.forward();
    expect(origins(viewer)).toEqual(range(100, 150));
  });

  test.each([
    ["2 s old", 2_100_000, 300, 100],
    ["0.5 MB back", 0, 300, 1_800],
    ["seven eighths of the ring back", 0, 460, 100],
  ])("with a keyframe %s or more asks for a new one", (_name, ageUs, packets, length) => {
    const sim = new Sim();
    const video = new Track("video");
    fill(sim, video, 0, packets, packets, length);
    sim.pass(ageUs);
    const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
    sim.forward(video);
    expect([viewer.rtp.length, video.joins, video.failures]).toEqual([0, 1, 0]);
    fill(sim, video, packets, 5, packets);
    sim.forward(video);
    expect(origins(viewer)).toEqual(range(packets, packets + 5));
  });

  test("to a publisher that ignores PLI begins at the cached keyframe, however old", () => {
    const sim = new Sim();
    const video = new Track("video");
    fill(sim, video, 0, 400, 400, 1_500);
    video.writer.setWord(Header.pliIgnored, 1);
    sim.pass(9_000_000);
    const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
    sim.forward();
    expect(origins(viewer)).toEqual(range(0, 400));
    expect(video.joins).toBe(0);
  });

  test("without a keyframe in the ring, or after the publisher left, waits", () => {
    const sim = new Sim();
    const video = new Track("video");
    fill(sim, video, 1, 20);
    const source = sourceOf({ video: [video] });
    sim.open(source, VIDEO);
    expect(video.joins).toBe(1);
    fill(sim, video, 1_000_000, 1);
    video.writer.close();
    const late = sim.open(null, VIDEO);
    sim.forward();
    expect(late.rtp).toEqual([]);
  });

  test("does not run from one source of a ring into the next", () => {
    const sim = new Sim();
    const video = new Track("video");
    fill(sim, video, 0, 20, 20);
    video.put(20, 7, sim.now, { flags: SlotFlag.discontinuity });
    const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
    sim.forward(video);
    expect([viewer.rtp.length, video.joins]).toEqual([0, 1]);
  });

  test("whose keyframe was overtaken by its own frame loses none of it", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
    fill(sim, video, 1, 3);
    sim.forward(video);
    for (const k of [6, 5, 8]) video.put(k, 9000, sim.now);
    sim.forward(video);
    expect(viewer.rtp).toEqual([]);
    video.put(7, 9000, sim.now);
    video.put(4, 9000, sim.now, { flags: KEY });
    sim.forward(video);
    expect(origins(viewer)).toEqual([4, 5, 6, 7, 8]);
    expect(viewer.rtp.map(({ index }) => index - viewer.rtp[0]!.index)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("catching up", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    test(`never sends twice nor skips while packets arrive late and in disorder (seed ${seed})`, () => {
      const random = seeded(seed);
      const sim = new Sim(seed);
      const video = new Track("video");
      const source = sourceOf({ video: [video] });
      const early = sim.open(source, VIDEO);
      let next = 1_000;
      video.put(next, 0, sim.now, { flags: KEY });
      next += 1;
      const missing: number[] = [];
      const step = (): void => {
        for (let n = Math.floor(random() * 12); n > 0; n -= 1) {
          if (random() < 0.15) missing.push(next);
          else video.put(next, next * 3000, sim.now);
          next += 1;
        }
        while (missing.length > 0 && (random() < 0.3 || next - missing[0]! > 200)) {
          const [late] = missing.splice(Math.floor(random() * missing.length), 1);
          video.put(late!, late! * 3000, sim.now);
        }
      };
      while (next < 1_200) step();
      const viewer = sim.open(source, VIDEO);
      while (next < 1_450) {
        step();
        if (random() < 0.7) sim.egress.mark(video.grant.index);
        // One pass: at most one burst, so that live packets come in between.
        sim.egress.forward(sim.now, sim.now + (random() < 0.5 ? 0 : 1e6), () => sim.now);
        sim.pass(2_000);
      }
      for (const late of missing) video.put(late, late * 3000, sim.now);
      sim.forward(video);
      for (const each of [viewer, early]) {
        const sent = each.of(VIDEO_SSRC);
        expect(sent.map(({ payload }) => originOf(payload)).toSorted((a, b) => a - b)).toEqual(
          range(1_000, next),
        );
        for (const packet of sent) {
          expect(packet.index - sent[0]!.index).toBe(originOf(packet.payload) - 1_000);
        }
      }
    });
  }

  test("takes bursts of bounded size, in turn, also when live media uses up the time", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    const live = sim.open(source, VIDEO);
    fill(sim, video, 0, 200, 1_000);
    sim.forward(video);
    const joiners = [sim.open(source, VIDEO), sim.open(source, VIDEO), sim.open(source, VIDEO)];
    const sent = () => joiners.map(({ rtp }) => rtp.length);
    for (let turn = 0; turn < 6; turn += 1) {
      fill(sim, video, 200 + turn, 1);
      sim.egress.mark(video.grant.index);
      sim.egress.forward(sim.now, sim.now - 1, () => sim.now);
      // A keyframe of one packet for each of them, before anybody's backlog.
      if (turn === 2) {
        expect(sent()).toEqual([1, 1, 16]);
        sim.pass(CATCH_UP_INTERVAL_US);
      }
    }
    expect(live.rtp.length).toBe(206);
    expect(sent()).toEqual([17, 17, 32]);
    sim.egress.forward(sim.now, sim.now + 1e6, () => sim.now);
    expect(sent()).toEqual([17, 17, 32]);
    sim.pass(CATCH_UP_INTERVAL_US);
    sim.egress.forward(sim.now, sim.now + 1e6, () => sim.now);
    expect(sent()).toEqual([33, 33, 48]);
    expect(CATCH_UP_PACKETS).toBe(16);
    sim.forward();
    for (const joiner of joiners) expect(origins(joiner)).toEqual(range(0, 206));
  });

  test("that the writer outruns is given up: the viewer asks for a keyframe", () => {
    const sim = new Sim();
    const video = new Track("video");
    fill(sim, video, 0, 100, 100_000);
    const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
    fill(sim, video, 100, VIDEO_SLOTS_START, 100_000);
    sim.forward();
    expect([viewer.rtp.length, video.joins]).toEqual([0, 1]);
    expect(sim.egress.hasWork).toBeFalse();
  });
});

test("a lapped worker goes on at the newest keyframe, without a hole in the numbers", () => {
  const sim = new Sim();
  const video = new Track("video");
  const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
  fill(sim, video, 0, 10, 5_000);
  sim.forward(video);
  // The log is as long as the ring's largest size.
  fill(sim, video, 10, 9_000, 5_000, 20);
  sim.forward(video);
  expect(sim.count("ringLaps")).toBe(1);
  expect([viewer.rtp.length, video.joins]).toEqual([10, 2]);
  fill(sim, video, 9_010, 20, 9_020);
  sim.forward(video);
  expect(origins(viewer)).toEqual([...range(0, 10), ...range(9_020, 9_030)]);
  expect(viewer.rtp.map(({ index }) => index - viewer.rtp[0]!.index)).toEqual(range(0, 20));
});

test("C10: live media that the time did not suffice for is late until it is with all", () => {
  const sim = new Sim();
  const video = new Track("video");
  fill(sim, video, 0, 1, 1_000);
  const source = sourceOf({ video: [video] });
  const viewers = range(0, 8).map(() => sim.open(source, VIDEO));
  sim.forward(video);
  expect(sim.egress.late).toBe(false);
  fill(sim, video, 1, 100, 1_000);
  sim.egress.mark(video.grant.index);
  expect(sim.egress.late).toBe(false);
  sim.egress.forward(sim.now, sim.now, () => sim.now);
  expect(sim.egress.late).toBe(true);
  sim.forward();
  expect(sim.egress.late).toBe(false);
  for (const viewer of viewers) expect(viewer.rtp.length).toBe(101);
  // One batch.
  fill(sim, video, 101, 20, 1_000);
  sim.egress.mark(video.grant.index);
  sim.egress.forward(sim.now, sim.now, () => sim.now);
  expect(sim.egress.late).toBe(true);
  for (const { session } of viewers) sim.close(session);
  expect(sim.egress.late).toBe(false);
});

describe("consent", () => {
  test("without it nothing leaves and the loop rests; with it media begins at a keyframe", () => {
    const sim = new Sim();
    const video = new Track("video");
    fill(sim, video, 0, 100, 1_000);
    const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
    // In the middle of its catch-up.
    sim.egress.forward(sim.now, sim.now + 1e6, () => sim.now);
    const before = viewer.rtp.length;
    expect(before).toBe(CATCH_UP_PACKETS);
    const peer = sim.peers.get(viewer.session)!;
    peer.mediaAllowed = false;
    sim.forward(video);
    fill(sim, video, 100, 50, 1_000);
    sim.forward(video);
    sim.pass(2_000_000);
    expect([viewer.rtp.length, viewer.rtcp.length]).toEqual([before, 0]);
    expect(sim.egress.hasWork).toBeFalse();
    peer.mediaAllowed = true;
    sim.pass(100_000);
    fill(sim, video, 150, 1, 1_000);
    sim.forward(video);
    expect([viewer.rtp.length, video.joins]).toEqual([before, 1]);
    fill(sim, video, 1_000, 3, 1_000);
    sim.forward(video);
    const after = viewer.rtp.slice(before);
    expect(after.map(({ payload }) => originOf(payload))).toEqual([1_000, 1_001, 1_002]);
    expect(after[0]!.index).toBe(viewer.rtp[before - 1]!.index + 1);
  });

  test("a viewer whose address another session took over gets nothing", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), VIDEO);
    fill(sim, video, 0, 3, 1_000);
    sim.forward(video);
    sim.peers.get(viewer.session)!.path = null;
    fill(sim, video, 3, 3, 1_000);
    sim.forward(video);
    sim.pass(2_000_000);
    expect(viewer.rtp.length).toBe(3);
    expect(viewer.rtcp.length).toBe(0);
  });
});

describe("time and room run out", () => {
  test("serving stops between chunks of viewers, and nobody loses when some leave meanwhile", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    const viewers = Array.from({ length: 200 }, () => sim.open(source, VIDEO));
    fill(sim, video, 0, 4, 1_000);
    sim.egress.mark(video.grant.index);
    sim.output.now = sim.now;
    expect(sim.egress.forward(sim.now, sim.now - 1, () => sim.now)).toBeTrue();
    const served = viewers.filter(({ rtp }) => rtp.length > 0).length;
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(64);
    // Some before the place where it stopped, some behind, one just there.
    const leaving = [0, 5, served, served + 1, 150];
    for (const i of leaving) sim.close(viewers[i]!.session);
    sim.forward();
    viewers.forEach((viewer, i) => {
      if (!leaving.includes(i)) expect(origins(viewer), `viewer ${i}`).toEqual([0, 1, 2, 3]);
    });
  });

  test("many small rings do not make a turn longer", () => {
    const sim = new Sim();
    const tracks = Array.from({ length: 300 }, () => new Track("video"));
    const viewers = tracks.map((video, i) =>
      sim.open(sourceOf({ video: [video] }), { ...VIDEO, stream: i + 1 }),
    );
    for (const video of tracks) {
      fill(sim, video, 0, 1, 1_000);
      sim.egress.mark(video.grant.index);
    }
    expect(sim.egress.forward(sim.now, sim.now - 1, () => sim.now)).toBeTrue();
    expect(viewers.filter(({ rtp }) => rtp.length > 0).length).toBeLessThan(100);
    sim.forward();
    expect(viewers.every(({ rtp }) => rtp.length === 1)).toBeTrue();
  });

  for (let seed = 1; seed <= 10; seed += 1) {
    test(`a full output loses nothing: what is left waits (seed ${seed})`, () => {
      const random = seeded(seed);
      const sim = new Sim(seed);
      const video = new Track("video");
      video.writer.setParameterSets(Uint8Array.of(0x78, 0, 1, 0x67));
      const source = sourceOf({ video: [video] });
      const viewers = Array.from({ length: 5 }, () => sim.open(source, VIDEO));
      let next = 0;
      const late: Recorder[] = [];
      for (let turn = 0; turn < 150; turn += 1) {
        for (let n = Math.floor(random() * 4); n > 0; n -= 1) {
          const flags = next === 0 ? KEY | SlotFlag.needsParameterSets : 0;
          video.put(next, next * 3000, sim.now, { flags });
          next += 1;
        }
        if (turn === 40) late.push(sim.open(source, VIDEO), sim.open(source, VIDEO));
        sim.output.room = Math.floor(random() * 20);
        sim.egress.mark(video.grant.index);
        sim.egress.forward(sim.now, sim.now + 1e6, () => sim.now);
        sim.now += 5_000;
      }
      sim.output.room = Number.POSITIVE_INFINITY;
      sim.forward(video);
      for (const viewer of [...viewers, ...late]) {
        const media = viewer.of(VIDEO_SSRC);
        expect(media[0]!.payload.length).toBe(4);
        expect(media.slice(1).map(({ payload }) => originOf(payload))).toEqual(range(0, next));
        expect(media.map(({ index }) => index - media[0]!.index)).toEqual(range(0, next + 1));
      }
    });
  }
});
