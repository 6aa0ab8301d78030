import { expect, test } from "bun:test";
import { VIDEO_SLOTS_MAX } from "../../src/limits.ts";
import { Header, LAYER_SIZES, SlotFlag } from "../../src/ring/layout.ts";
import type { RingTiming } from "../../src/ring/reader.ts";
import { ToldLayers } from "../../src/ring/told-layers.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { RingGround, ROUND_TRIP_US } from "./ring-ground.ts";
import { KEYFRAME } from "./slots.ts";

const AUDIO: NamedTrack = { kind: "audio", rid: null, codec: "opus", fmtp: "", channels: 2 };
const FAR = 1_000_000;
/** So long nothing has come. */
const GAP_US = 200_000;

test("cascade-copies: a packet is new once, from whichever parent it comes first", () => {
  const ground = new RingGround();
  expect(ground.ring.have).toBeNull();
  expect([5, 6, 6, 5, 7, 7].map((each) => ground.put(each))).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
  expect(ground.ring.have).toBe(8);
  expect([ground.ring.takeTouched(), ground.ring.takeTouched()]).toEqual([true, false]);
  expect(ground.asked()).toEqual([]);
});

test("cascade-holes: who is to give it now begins at the oldest hole, not where another said it is", () => {
  const ground = new RingGround();
  for (const sequence of [5, 6, 8, 9]) ground.put(sequence);
  ground.head(30);
  expect(ground.ring.have).toBe(7);
  ground.put(7);
  expect(ground.ring.have).toBe(10);
  // However long ago it was told: none of them has come.
  ground.now += 5_000_000;
  expect([ground.asked(), ground.ring.missing.size, ground.ring.have]).toEqual([[], 0, 10]);
  for (let sequence = 10; sequence < 30; sequence += 1) ground.put(sequence);
  expect(ground.ring.have).toBe(30);
  ground.put(33);
  // What lies before a pause is missed by nobody.
  ground.ring.setFlowing(false, ground.now);
  ground.ring.setFlowing(true, ground.now);
  ground.put(40);
  expect([ground.ring.have, ground.asked()]).toEqual([41, []]);
});

test("it counts as come when it came to the root, and as late by the way from there", () => {
  const ground = new RingGround();
  ground.put(5);
  expect(ground.reader.lastArrivalUs).toBe(ground.now - 30_000);
  expect(ground.reader.lastReceiptUs).toBe(ground.now);
});

test("cascade-holes: holes are asked for, and not once they are filled", () => {
  const ground = new RingGround();
  for (const sequence of [5, 6, 10, 12]) ground.put(sequence);
  ground.put(8);
  expect(ground.asked()).toEqual([7, 9, 11]);
  expect([7, 9, 11].map((each) => ground.put(each))).toEqual([true, true, true]);
  expect(ground.ring.missing.size).toBe(0);
});

test("cascade-holes: what a parent near by misses itself is asked for until it has had time to get it", () => {
  const ground = new RingGround();
  for (const sequence of [5, 7]) ground.put(sequence);
  let asks = 0;
  for (const until = ground.now + 600_000; ground.now < until; ground.now += 5_000) {
    if (ground.asked().length > 0) asks += 1;
  }
  expect(asks).toBeGreaterThan(12);
  // The answer to one of them was lost.
  ground.now += 50_000;
  expect(ground.asked()).toEqual([6]);
});

test("cascade-holes: what was lost at the end of a burst is asked for when the parent says how far it is", () => {
  const ground = new RingGround();
  ground.put(5);
  ground.head(9);
  expect(ground.asked()).toEqual([6, 7, 8]);
  ground.head(9);
  expect(ground.ring.missing.size).toBe(3);
  // They are not here, whatever the word was.
  expect([ground.ring.isUpTo(6), ground.ring.isUpTo(9), ground.ring.isUpTo(null)]).toEqual([
    true,
    false,
    true,
  ]);
  for (const sequence of [6, 7, 8]) ground.put(sequence);
  expect([ground.ring.isUpTo(9), ground.ring.isUpTo(10)]).toEqual([true, true]);
});

test("cascade-holes: what came first was not what was sent first: between them nothing is lost", () => {
  const ground = new RingGround();
  for (const sequence of [12, 13, 9, 15]) ground.put(sequence);
  expect(ground.asked()).toEqual([10, 11, 14]);
  for (const sequence of [5, 11]) ground.put(sequence);
  expect([ground.asked(), ground.ring.have]).toEqual([[6, 7, 8], 6]);
  // Long before the beginning is another matter.
  ground.put(13 - 2_000);
  expect(ground.ring.missing.oldest).toBe(6);
});

test("sequences wrap", () => {
  const ground = new RingGround();
  ground.put(2 ** 31 - 2);
  ground.put(-(2 ** 31) + 1);
  expect(ground.asked()).toEqual([2 ** 31 - 1, -(2 ** 31)]);
  expect(ground.put(-(2 ** 31))).toBeTrue();
  expect(ground.ring.have).toBe(2 ** 31 - 1);
  expect(ground.put(2 ** 31 - 1)).toBeTrue();
  expect(ground.ring.have).toBe(-(2 ** 31) + 2);
});

test("cascade-heads: an absurd number is no packet, and what follows on is one as before", () => {
  for (const absurd of [5 + FAR, 5 + 2 ** 30, 5 - FAR, -(2 ** 31), 6 + VIDEO_SLOTS_MAX + 1]) {
    const ground = new RingGround();
    ground.put(5);
    for (let i = 0; i < 10; i += 1) expect(ground.put(absurd | 0)).toBeFalse();
    expect(ground.put(6)).toBeTrue();
    expect([ground.ring.have, ground.asked()]).toEqual([7, []]);
  }
});

test("cascade-heads: one word of a parent that it is so far is not believed; a second near it is", () => {
  const ground = new RingGround();
  ground.put(5);
  ground.now += GAP_US;
  ground.head(FAR);
  expect(ground.put(FAR)).toBeFalse();
  ground.head(7);
  ground.head(FAR);
  expect(ground.put(FAR)).toBeFalse();
  ground.head(FAR + 10);
  expect(ground.put(FAR + 5 * VIDEO_SLOTS_MAX)).toBeFalse();
  expect(ground.put(FAR + 8)).toBeTrue();
  expect(ground.flags(FAR + 8)! & SlotFlag.discontinuity).toBe(SlotFlag.discontinuity);
  expect(ground.ring.have).toBe(FAR + 9);
  expect(ground.put(FAR + 9)).toBeTrue();
  expect(ground.flags(FAR + 9)! & SlotFlag.discontinuity).toBe(0);
  expect(ground.asked()).toEqual([]);
});

test("cascade-heads: the answer to a subscription is believed at once", () => {
  const ground = new RingGround();
  ground.put(5, KEYFRAME);
  expect(ground.keyframe).toBe(5);
  ground.now += GAP_US;
  ground.ring.believeHead(FAR);
  expect(ground.put(FAR)).toBeTrue();
  // What was cached lies behind a gap: nobody joins there.
  expect(ground.keyframe).toBeNull();
  ground.put(FAR + 1, KEYFRAME);
  expect(ground.keyframe).toBe(FAR + 1);
});

test("cascade-heads: nobody leads a ring astray while packets come that follow on", () => {
  for (const lie of [FAR, 2 ** 30, -FAR]) {
    const ground = new RingGround();
    for (let sequence = 5; sequence < 500; sequence += 1) {
      expect(ground.put(sequence)).toBeTrue();
      if (sequence % 2 === 0) ground.ring.believeHead(lie);
      else for (let i = 0; i < 3; i += 1) ground.head(lie + i);
      expect(ground.put(lie)).toBeFalse();
    }
    expect([ground.ring.have, ground.asked()]).toEqual([500, []]);
  }
});

test("cascade-heads: many words, each a little further, keep no true packet out", () => {
  const ground = new RingGround();
  ground.put(5);
  for (let i = 1; i < 1_000; i += 1) ground.head((i * VIDEO_SLOTS_MAX) | 0);
  for (let sequence = 6; sequence < 100; sequence += 1) {
    expect(ground.put(sequence)).toBeTrue();
  }
  for (let i = 1; i < 300_000; i += 1) ground.head((i * VIDEO_SLOTS_MAX) | 0);
  expect(ground.put(100)).toBeTrue();
});

test("a ring that flows again after a pause goes on with what comes, and misses nothing between", () => {
  const ground = new RingGround();
  ground.put(5, KEYFRAME);
  ground.put(6);
  ground.ring.setFlowing(false, ground.now);
  expect(ground.ring.have).toBeNull();
  ground.head(400);
  expect(ground.asked()).toEqual([]);
  ground.ring.setFlowing(true, ground.now);
  expect(ground.ring.have).toBeNull();
  expect(ground.put(500)).toBeTrue();
  expect(ground.flags(500)! & SlotFlag.discontinuity).toBe(SlotFlag.discontinuity);
  expect(ground.keyframe).toBeNull();
  ground.put(502);
  expect([ground.asked(), ground.ring.have]).toEqual([[501], 501]);
});

test("it is wanted until 2 s after the last reader", () => {
  const ground = new RingGround();
  const { ring, reader, now } = ground;
  expect(ring.isWanted(now)).toBeTrue();
  reader.want(false);
  expect([ring.isWanted(now + 2_000_000), ring.isWanted(now + 2_000_001)]).toEqual([true, false]);
  reader.want(true);
  expect(ring.isWanted(now + 3_000_000)).toBeTrue();
});

test("a reader's wish for a keyframe goes up, and not again when one has come", () => {
  const ground = new RingGround();
  ground.put(5);
  expect(ground.ring.takeKeyframeWish(ground.now)).toBeNull();
  ground.reader.requestKeyframe("join");
  expect(ground.ring.takeKeyframeWish(ground.now)).toBe("join");
  expect(ground.ring.takeKeyframeWish(ground.now)).toBeNull();
  ground.put(6, KEYFRAME);
  ground.now += 10_000_000;
  expect(ground.ring.takeKeyframeWish(ground.now)).toBeNull();
  const sound = new RingGround(AUDIO);
  sound.reader.requestKeyframe("failure");
  expect(sound.ring.takeKeyframeWish(sound.now)).toBeNull();
});

test("figures of layers whose packets are not here are there to choose by", () => {
  const ground = new RingGround();
  const figures = {
    alias: 1,
    ring: 0,
    points: [{ point: 9, bitrate: 700_000, ageUs: 40_000 }],
    sizes: [0, 0x0280_0168, 0, 0],
    size: 0x0500_02d0,
    hasKeyframe: true,
    ignoresPli: true,
  };
  ground.ring.setFigures(figures, ground.now);
  const told = new ToldLayers();
  told.load(ground.reader.views);
  expect([told.keyframes, told.bitrates[9], told.seenUs[9], told.bitrates[0]]).toEqual([
    true,
    700_000,
    ground.now - 40_000,
    0,
  ]);
  const { words } = ground.reader.views;
  expect([words[LAYER_SIZES + 1], words[Header.size]]).toEqual([0x0280_0168, 0x0500_02d0]);
  ground.ring.takeKeyframeWish(ground.now);
  expect(ground.reader.publisherIgnoresPli).toBeTrue();
  const old = { ...figures, points: [{ point: 9, bitrate: 0, ageUs: Number.MAX_SAFE_INTEGER }] };
  ground.ring.setFigures({ ...old, ignoresPli: false }, ground.now);
  told.load(ground.reader.views);
  expect(told.seenUs[9]).toBe(1);
  ground.ring.takeKeyframeWish(ground.now);
  expect(ground.reader.publisherIgnoresPli).toBeFalse();
});

test("what the ring carries, its parameter sets and the publisher's clock are the parent's", () => {
  const { ring, reader, now } = new RingGround();
  expect(reader.describe()).toMatchObject({ fmtp: "f", rid: "h" });
  const told = { alias: 1, ring: 0, clockRate: 90_000, fmtp: "g", rid: "q", targetsVersion: 3 };
  ring.describe({ ...told, codec: Codec.av1, targets: Uint8Array.of(0, 8) });
  expect([reader.codec, reader.describe().fmtp, reader.describe().rid]).toEqual([
    Codec.av1,
    "g",
    "q",
  ]);
  ring.setParameterSets(new Uint8Array(1024).fill(4));
  expect(reader.parameterSets()).toEqual(new Uint8Array(1024).fill(4));
  ring.setTiming({ alias: 1, ring: 0, rtp: 77, ntpUs: 5_000_000, ageUs: 3_000 }, now, 2_000);
  const timing: RingTiming = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
  expect(reader.timing(timing)).toBeTrue();
  expect(timing).toEqual({ rtpTimestamp: 77, ntpUs: 5_000_000, localUs: now - 5_000 });
});

test("cascade-due: what is on its way is missed when it has not come in time, not before", () => {
  const ground = new RingGround();
  ground.put(5);
  ground.head(9, 40_000);
  // Those that follow do not put it off.
  ground.look(20_000);
  ground.head(12, 40_000);
  expect(ground.asked()).toEqual([]);
  ground.put(6);
  ground.put(7);
  expect(ground.ring.have).toBe(8);
  ground.look(18_000);
  expect(ground.asked()).toEqual([8]);
  ground.put(8);
  ground.head(13, 40_000);
  ground.look(30_000);
  expect(ground.asked()).toEqual([]);
  ground.look(10_000);
  expect(ground.asked()).toEqual([9, 10, 11, 12]);
});

test("cascade-due: whoever gives it and is so far is believed at once", () => {
  const ground = new RingGround();
  ground.put(5);
  ground.head(9, 300_000);
  ground.head(8);
  expect(ground.asked()).toEqual([6, 7]);
  ground.put(8);
  ground.put(10);
  expect(ground.asked()).toEqual([9]);
});

test("cascade-due: a parent has more to give while that is still to come", () => {
  const ground = new RingGround();
  ground.put(5);
  expect(ground.ring.isUpTo(6)).toBeTrue();
  ground.head(8, 100_000);
  expect(ground.ring.isUpTo(8)).toBeFalse();
  ground.put(6);
  ground.put(7);
  expect(ground.ring.isUpTo(8)).toBeTrue();
});

test("cascade-due: what was awaited before a break is not missed behind it", () => {
  const ground = new RingGround();
  ground.put(5);
  ground.head(900, 40_000);
  ground.ring.breakOff();
  ground.put(500);
  ground.look(60_000);
  expect(ground.asked()).toEqual([]);
});

test("cascade-cursor: what is here already when it is taken for missing is asked for once", () => {
  const ground = new RingGround();
  for (const sequence of [5, 6, 7]) ground.put(sequence);
  ground.ring.setFlowing(false, ground.now);
  ground.ring.setFlowing(true, ground.now);
  ground.put(9);
  // What a parent sends first was here before the ring was wanted no more.
  ground.ring.noteBegin(6, ground.now, ROUND_TRIP_US);
  expect(ground.asked()).toEqual([6, 7, 8]);
  for (const sequence of [6, 7]) expect(ground.put(sequence)).toBeFalse();
  expect(ground.put(8)).toBeTrue();
  expect(ground.asked()).toEqual([]);
});

test("cascade-cursor: the sooner of two times is when what is on its way is missed", () => {
  const ground = new RingGround();
  // Before the first packet nothing is.
  ground.head(9, 10_000);
  ground.put(5);
  ground.look(20_000);
  expect(ground.asked()).toEqual([]);
  ground.head(9, 1_000_000);
  ground.head(8, 20_000);
  ground.look(30_000);
  expect(ground.asked()).toEqual([6, 7]);
});
