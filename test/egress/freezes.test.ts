import { expect, test } from "bun:test";
import { SlotFlag } from "../../src/ring/layout.ts";
import { KEY, Sim, sourceOf, Track, videoSection } from "./harness.ts";

const FRAME_US = 40_000;
const VIDEO = { media: [videoSection()] };

/** Frames of one packet from a ring, one each 40 ms, to one viewer. */
class Stream {
  readonly video = new Track("video");
  readonly sim = new Sim();
  readonly viewer = this.sim.open(sourceOf({ video: [this.video] }), VIDEO);
  private sequence = 0;

  /** So many frames, the first with `flags`. */
  frames(count: number, flags: number = SlotFlag.frameStart): this {
    for (let i = 0; i < count; i += 1) this.frame(i === 0 ? flags : SlotFlag.frameStart);
    return this;
  }

  silence(us: number): this {
    for (let left = us; left > 0; left -= 20_000) this.sim.pass(20_000);
    return this;
  }

  get freezes(): Record<string, number> {
    const { sim } = this;
    return {
      source: sim.count("freezesSource"),
      switch: sim.count("freezesSwitch"),
      pacing: sim.count("freezesPacing"),
    };
  }

  private frame(flags: number): void {
    const { sim, video } = this;
    video.put(this.sequence, Math.round(sim.now * 0.09), sim.now, { flags });
    this.sequence += 1;
    sim.forward(video);
    sim.pass(FRAME_US);
  }
}

const NONE = { source: 0, switch: 0, pacing: 0 };

test("a steady stream has no freeze, and the join is none", () => {
  const stream = new Stream().silence(2_000_000).frames(100, KEY);
  expect(stream.viewer.rtp.length).toBe(100);
  expect(stream.freezes).toEqual(NONE);
});

test("source: nothing came for more than 250 ms", () => {
  // The pass after the last frame belongs to the gap.
  const stream = new Stream().frames(10, KEY).silence(200_000).frames(10);
  expect(stream.freezes).toEqual(NONE);
  stream.silence(240_000).frames(10).silence(1_000_000).frames(10);
  expect(stream.freezes).toEqual({ ...NONE, source: 2 });
});

test("switch: packets came, but no keyframe to begin at", () => {
  const stream = new Stream().frames(10, KEY).frames(10, SlotFlag.discontinuity);
  expect(stream.viewer.rtp.length).toBe(10);
  stream.frames(5, KEY);
  expect(stream.freezes).toEqual({ ...NONE, switch: 1 });
  // Four frames without a keyframe are 200 ms.
  stream.frames(4, SlotFlag.discontinuity).frames(5, KEY);
  expect(stream.freezes).toEqual({ ...NONE, switch: 1 });
});

test("a silence that ends without a keyframe counts as what it mostly was", () => {
  const stream = new Stream().frames(5, KEY).silence(1_000_000);
  stream.frames(3, SlotFlag.discontinuity).frames(5, KEY);
  expect(stream.freezes).toEqual({ ...NONE, source: 1 });
});

test("pacing: packets were there and were held back", () => {
  const stream = new Stream().frames(10, KEY);
  const track = stream.sim.egress.viewers.get(stream.viewer.session)!.tracks[0]!;
  const { adaptation } = track.link;
  const mayLeave = adaptation.mayLeave.bind(adaptation);
  let held = true;
  adaptation.mayLeave = (now) => !held && mayLeave(now);
  Object.defineProperty(adaptation, "unpaced", { value: false });
  track.lane.close();
  for (let i = 0; i < 10; i += 1) {
    stream.video.put(10 + i, Math.round(stream.sim.now * 0.09), stream.sim.now, {
      flags: SlotFlag.frameStart,
    });
    stream.sim.egress.mark(stream.video.grant.index);
    stream.sim.egress.forward(stream.sim.now, stream.sim.now, () => stream.sim.now);
    stream.sim.pass(FRAME_US);
  }
  expect(stream.viewer.rtp.length).toBe(10);
  held = false;
  stream.sim.forward();
  expect(stream.viewer.rtp.length).toBe(20);
  expect(stream.freezes).toEqual({ ...NONE, pacing: 1 });
});

test("another publisher and consent that comes back are beginnings", () => {
  const stream = new Stream().frames(10, KEY);
  const peer = stream.sim.peers.get(stream.viewer.session)!;
  peer.mediaAllowed = false;
  stream.frames(20);
  peer.mediaAllowed = true;
  stream.frames(5, KEY);
  expect(stream.viewer.rtp.length).toBeGreaterThan(10);
  const next = new Track("video");
  stream.silence(1_000_000);
  stream.sim.egress.setSource(1, sourceOf({ video: [next] }), stream.sim.now);
  next.put(0, 0, stream.sim.now, { flags: KEY });
  const before = stream.viewer.rtp.length;
  stream.sim.forward(next);
  expect(stream.viewer.rtp.length).toBe(before + 1);
  expect(stream.freezes).toEqual(NONE);
});
