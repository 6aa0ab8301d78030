import { describe, expect, test } from "bun:test";
import { LayerFollow, type LayerRing } from "../../src/egress/layer-follow.ts";
import { KEY, originOf, Sim, sourceOf, Track, VIDEO_SSRC, videoSection } from "./harness.ts";

const SECOND = 1_000_000;

/** A layer's ring as plain numbers. */
class FakeRing implements LayerRing {
  lastArrivalUs = 0;
  keyframeArrivalUs = 0;
  asked = 0;
  constructor(readonly pictureSize: number) {}
  keyframe(): number | null {
    return this.keyframeArrivalUs === 0 ? null : 1;
  }
  requestKeyframe(): void {
    this.asked += 1;
  }
  arrive(now: number, key = false): void {
    this.lastArrivalUs = now;
    if (key) this.keyframeArrivalUs = now;
  }
}

describe("the layer of a simulcast stream", () => {
  test("is the largest steady one, taken at a fresh keyframe that it is asked for", () => {
    const [low, high] = [new FakeRing(100), new FakeRing(400)];
    const follow = new LayerFollow(2);
    const changes: number[] = [];
    for (let now = SECOND; now < 8 * SECOND; now += 20_000) {
      low.arrive(now, now === SECOND);
      // The large one answers the request after 60 ms.
      high.arrive(now, now === SECOND || (high.asked === 1 && now === changes[0]));
      if (follow.choose([low, high], now)) changes.push(now);
      if (high.asked === 1 && changes.length === 0) high.keyframeArrivalUs = now;
    }
    expect(follow.current).toBe(1);
    expect(high.asked).toBe(1);
    expect(changes.length).toBe(1);
    expect(changes[0]).toBeGreaterThanOrEqual(4 * SECOND);
  });

  test("is left within a second and a bit when it dies, and taken again when it is steady", () => {
    const [high, low] = [new FakeRing(400), new FakeRing(100)];
    const follow = new LayerFollow(2);
    let dead = 0;
    for (let now = SECOND; now < 12 * SECOND; now += 20_000) {
      const paused = now > 4 * SECOND && now < 6 * SECOND;
      low.arrive(now, now === SECOND);
      if (!paused) high.arrive(now, now % (SECOND / 2) === 0);
      if (follow.choose([high, low], now) && follow.current === 1) dead = now;
      if (now > 4 * SECOND + 1_100_000 && now < 9 * SECOND) expect(follow.current).toBe(1);
    }
    expect(dead).toBeLessThan(5 * SECOND + 100_000);
    expect(follow.current).toBe(0);
  });

  test("starts with whatever layer lives, if the first one never does", () => {
    const [first, second] = [new FakeRing(0), new FakeRing(100)];
    const follow = new LayerFollow(2);
    second.arrive(SECOND, true);
    expect(follow.choose([first, second], SECOND)).toBeTrue();
    expect(follow.current).toBe(1);
  });
});

test("a viewer goes on in the other layer: numbers continue, time goes forward, no old pictures", () => {
  const sim = new Sim();
  const [high, low] = [new Track("video"), new Track("video")];
  high.writer.setSize(1280, 720);
  low.writer.setSize(320, 180);
  const viewer = sim.open(sourceOf({ video: [high, low] }), { media: [videoSection()] });
  for (let frame = 0; frame < 150; frame += 1) {
    const key = frame % 30 === 0 ? KEY : 4;
    // The large layer's encoder dies after two seconds.
    if (frame < 60) high.put(1000 + frame, 90_000 + frame * 3000, sim.now, { flags: key });
    low.put(5000 + frame, 2_000_000_000 + frame * 3000, sim.now, { flags: key });
    sim.forward(high, low);
    sim.pass(33_333);
  }
  const sent = viewer.of(VIDEO_SSRC);
  const numbers = sent.map(({ index }) => index);
  expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i));
  const steps = sent.slice(1).map(({ timestamp }, i) => (timestamp - sent[i]!.timestamp) | 0);
  expect(Math.min(...steps)).toBeGreaterThan(0);
  const first = sent.findIndex(({ payload }) => originOf(payload) >= 5000);
  expect(first).toBe(60);
  // The gap on the line is the gap that really was.
  const gap = (sent[first]!.at - sent[first - 1]!.at) * 0.09;
  expect(Math.abs(steps[first - 1]! - gap)).toBeLessThan(90 * 110);
});
