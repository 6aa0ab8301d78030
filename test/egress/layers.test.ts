/** Changes of layer through a real Egress: simulcast rings and points of an SVC stream. */
import { describe, expect, test } from "bun:test";
import type { Feed } from "../../src/feed/feed.ts";
import { DependencyDescriptorReader } from "../../src/wire/dependency-descriptor.ts";
import type { WrittenPacket } from "../sim/layer-packets.ts";
import { type Encoding, FRAME_US, markOf, TICKS } from "./encoding.ts";
import { difference32, VIDEO_SSRC, videoSection } from "./harness.ts";
import type { Recorder, Sent } from "./recorder.ts";
import {
  DESCRIPTOR_ID,
  expectNoGaps,
  placesOf,
  SECTION,
  type Stage,
  simulcast,
  svc,
  WALL_US,
} from "./stage.ts";

describe("a viewer that did not negotiate dependency descriptors", () => {
  const spatialIds = (stage: Stage, viewer: Recorder) =>
    new Set(
      viewer
        .of(VIDEO_SSRC)
        .map(
          ({ payload }) => stage.encodings[0]!.written.get(markOf(payload).origin)!.frame.spatialId,
        ),
    );
  const plain = videoSection({ formats: SECTION.formats });

  test("gets the smallest picture of AV1, whatever it asks for", () => {
    const stage = svc("L3T3");
    const viewer = stage.open(plain);
    stage.run(20);
    stage.limit(viewer, { spatialMax: 2 });
    stage.run(10, () => true);
    expect(spatialIds(stage, viewer)).toEqual(new Set([0]));
    expectNoGaps(viewer);
    // Another that did is not held to that.
    const other = stage.open();
    stage.run(30, () => true);
    expect(spatialIds(stage, other)).toEqual(new Set([0, 1, 2]));
  });

  test("gets all of VP9, which tells its layers in the payload", () => {
    const stage = svc("L3T3", "vp9-flexible");
    const viewer = stage.open(plain);
    stage.run(20);
    stage.run(10, () => true);
    expect(spatialIds(stage, viewer)).toEqual(new Set([0, 1, 2]));
  });
});

describe("simulcast", () => {
  test.each(["reports", "arrival"])("up and down at a keyframe of the target, by %s", (clock) => {
    const stage = simulcast();
    const { encodings, sim } = stage;
    const viewer = stage.open();
    stage.run(10);
    if (clock === "reports") {
      for (const encoding of encodings) encoding.report(WALL_US + sim.now, sim.now);
    }
    stage.limit(viewer, { rid: "r0" });
    stage.run(10);
    for (const target of [2, 1, 0]) {
      const sent = viewer.of(VIDEO_SSRC).length;
      const from = placesOf(viewer.of(VIDEO_SSRC)).at(-1)!;
      const to = encodings[target]!;
      const asked = to.asked;
      stage.limit(viewer, { rid: `r${target}` });
      expect(to.asked).toBe(asked + 1);
      expect(stage.track(viewer).layer.pending).toBeTrue();
      stage.run(6);
      // The old one flows on until the keyframe comes.
      expect(new Set(placesOf(viewer.of(VIDEO_SSRC).slice(sent)))).toEqual(new Set([from]));
      const flowed = viewer.of(VIDEO_SSRC).length;
      // Down: as little of it as can be.
      expect(flowed - sent).toBe(target > from ? 12 : 6);
      stage.run(6, (encoding) => encoding === to);
      const rest = viewer.of(VIDEO_SSRC).slice(flowed);
      // The old one's packets of the same moment may come first.
      const begins = placesOf(rest).indexOf(target);
      expect(begins).toBeLessThanOrEqual(2);
      const after = rest.slice(begins);
      expect(after.length).toBe(12);
      expect(new Set(placesOf(after))).toEqual(new Set([target]));
      expect(to.written.get(markOf(after[0]!.payload).origin)!.frame.keyframe).toBeTrue();
      expect(encodings[from]!.wanted).toBeFalse();
      expect(to.wanted).toBeTrue();
    }
    expectNoGaps(viewer);
    expectTimeline(viewer, encodings);
  });

  /** Each picture has the time at which it was captured, whatever encoding it came from. */
  function expectTimeline(viewer: Recorder, encodings: readonly Encoding[]): void {
    const sent = viewer.of(VIDEO_SSRC);
    const pictureOf = ({ payload }: Sent) => {
      const { place, origin } = markOf(payload);
      return encodings[place]!.written.get(origin)!.frame.picture;
    };
    for (const packet of sent) {
      const ticks = difference32(packet.timestamp, sent[0]!.timestamp);
      const pictures = pictureOf(packet) - pictureOf(sent[0]!);
      // Within a millisecond.
      expect(Math.abs(ticks - pictures * TICKS)).toBeLessThan(90);
    }
  }

  test("by reports the time is right though one encoding comes a quarter of a second later", () => {
    const stage = simulcast({}, 2);
    const { sim, encodings } = stage;
    const [low, high] = encodings as [Encoding, Encoding];
    const viewer = stage.open();
    const held: (() => void)[] = [];
    const run = (frames: number, key = false): void => {
      for (let i = 0; i < frames; i += 1) {
        for (const packet of low.capture(low.picture === 0)) low.arrive(packet, sim.now);
        const packets = high.capture(high.picture === 0 || (key && i === 0));
        held.push(() => {
          for (const packet of packets) high.arrive(packet, sim.now);
        });
        if (held.length > 8) held.shift()!();
        sim.forward(...encodings);
        sim.pass(FRAME_US);
      }
    };
    run(20);
    for (const each of encodings) each.report(WALL_US + sim.now, sim.now);
    stage.limit(viewer, { rid: "r0" });
    run(20);
    const before = viewer.of(VIDEO_SSRC).at(-1)!;
    expect(markOf(before.payload).place).toBe(0);
    stage.limit(viewer, { rid: "r1" });
    run(20, true);
    // It was captured before the old one's last picture: a tick behind that is all it can be.
    const starts = viewer.of(VIDEO_SSRC).filter(({ marker }) => marker);
    const at = starts.findLastIndex(({ payload }) => markOf(payload).place === 0);
    const steps = starts
      .slice(at)
      .map(({ timestamp }, i, all) =>
        i === 0 ? 0 : difference32(timestamp, all[i - 1]!.timestamp),
      );
    expect(steps.slice(0, 6)).toEqual([0, 1, TICKS, TICKS, TICKS, TICKS]);
    expectNoGaps(viewer);
  });

  test("capture times join two layers exactly, however late one of them comes", () => {
    const stage = simulcast({}, 2);
    const { sim, encodings } = stage;
    const [low, high] = encodings as [Encoding, Encoding];
    for (const each of encodings) each.captureNtpUs = WALL_US;
    // Sender reports that are 40 ms apart: they are not asked.
    low.report(WALL_US, sim.now);
    high.report(WALL_US + 40_000, sim.now);
    const viewer = stage.open();
    const late: WrittenPacket[][] = [];
    const run = (pictures: number, key = false): void => {
      for (let i = 0; i < pictures; i += 1) {
        late.push(low.capture(low.picture === 0));
        for (const packet of late.at(-3) ?? []) low.arrive(packet, sim.now);
        for (const packet of high.capture(key && i === 0)) high.arrive(packet, sim.now);
        sim.forward(...encodings);
        sim.pass(FRAME_US);
      }
    };
    stage.limit(viewer, { rid: "r0" });
    run(20);
    stage.limit(viewer, { rid: "r1" });
    run(8, true);
    const sent = viewer.of(VIDEO_SSRC);
    expect(new Set(placesOf(sent))).toEqual(new Set([0, 1]));
    const lines = sent.map(({ payload, timestamp }) => {
      const { place, origin } = markOf(payload);
      const { written, timestampStart } = encodings[place]!;
      return (timestamp - (written.get(origin)!.timestamp - timestampStart)) >>> 0;
    });
    expect(new Set(lines)).toEqual(new Set([lines[0]!]));
  });

  test("a clock on a line that the viewer has seen nothing of is not gone by", () => {
    const stage = simulcast({}, 2);
    const { sim, encodings } = stage;
    const [low, high] = encodings as [Encoding, Encoding];
    const viewer = stage.open();
    stage.run(20);
    stage.limit(viewer, { rid: "r0" });
    stage.run(3, (encoding) => encoding === low);
    const last = viewer.of(VIDEO_SSRC).at(-1)!;
    expect(markOf(last.payload).place).toBe(0);
    stage.limit(viewer, { rid: "r1" });
    // The encoder of the low one starts anew, with other timestamps, before the switch.
    const track = stage.track(viewer);
    (track.feed as Feed).clock.restart(sim.now);
    low.writer.setTiming(12_345, WALL_US + sim.now, sim.now);
    high.report(WALL_US + sim.now, sim.now);
    sim.pass(FRAME_US);
    stage.silent.add(low);
    stage.run(2, (encoding) => encoding === high);
    const first = viewer.of(VIDEO_SSRC).find(({ index }) => index > last.index)!;
    expect(markOf(first.payload).place).toBe(1);
    const ticks = difference32(first.timestamp, last.timestamp);
    expect(Math.abs(ticks - 2 * TICKS)).toBeLessThan(TICKS);
  });

  test("an encoding that dies is left within 1 s, and taken again when it holds", () => {
    const stage = simulcast();
    const viewer = stage.open();
    const [, , top] = stage.encodings as [Encoding, Encoding, Encoding];
    stage.run(30);
    stage.run(30, (encoding) => encoding === top);
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(2);
    stage.silent.add(top);
    const died = stage.sim.now;
    const next = stage.encodings[1]!;
    const asked = next.asked;
    while (next.asked === asked) stage.run(1);
    expect(stage.sim.now - died).toBeLessThan(1_000_000);
    stage.run(1, (encoding) => encoding === next);
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(1);
    stage.silent.delete(top);
    const back = stage.sim.now;
    stage.run(1, (encoding) => encoding === top);
    // It comes and goes: nobody follows it.
    for (let i = 0; i < 4; i += 1) {
      stage.run(10, (encoding) => encoding === top);
      stage.silent.add(top);
      stage.run(30);
      stage.silent.delete(top);
    }
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(1);
    while (placesOf(viewer.of(VIDEO_SSRC)).at(-1) !== 2) {
      stage.run(10, (encoding) => encoding === top);
      expect(stage.sim.now - back).toBeLessThan(20_000_000);
    }
    expectNoGaps(viewer);
  });

  test("the only encoding that lives is given, whichever ring it is on", () => {
    for (const alive of [0, 1, 2]) {
      const stage = simulcast({ mode: "L1T1" });
      for (const encoding of stage.encodings) {
        if (encoding.place !== alive) stage.silent.add(encoding);
      }
      const viewer = stage.open();
      stage.run(40, (encoding) => encoding.picture === 0);
      stage.run(10, (encoding) => encoding.place === alive);
      expect(viewer.of(VIDEO_SSRC).length, `ring ${alive}`).toBeGreaterThan(10);
      expect(new Set(placesOf(viewer.of(VIDEO_SSRC)))).toEqual(new Set([alive]));
      // And is not taken away by limits that it does not keep.
      stage.limit(viewer, { rid: "none", bitrateMax: 1, widthMax: 1 });
      const before = viewer.of(VIDEO_SSRC).length;
      stage.run(10);
      expect(viewer.of(VIDEO_SSRC).length).toBe(before + 20);
    }
  });

  test("H.264: what is left of a keyframe when the wish comes is no place to begin", () => {
    const stage = simulcast({ style: "h264", mode: "L1T1" }, 2);
    const [low, high] = stage.encodings as [Encoding, Encoding];
    const viewer = stage.open();
    stage.run(20);
    stage.limit(viewer, { rid: "r0" });
    stage.run(3, (encoding) => encoding === low);
    // Parameter sets first, then a slice: both say that a keyframe begins.
    const sets = Uint8Array.of(0x67, 66, 0, 31);
    const [sps, slice] = high.capture(true) as [WrittenPacket, WrittenPacket];
    high.arrive({ ...sps, payload: sets }, stage.sim.now);
    stage.limit(viewer, { rid: "r1" });
    high.arrive({ ...slice, payload: Uint8Array.of(0x65, 0x88, 9) }, stage.sim.now);
    stage.sim.forward(high);
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(0);
    stage.run(1, (encoding) => encoding === high);
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(1);
    expectNoGaps(viewer);
  });
});

describe("SVC", () => {
  test("the target is reached at the next frame that allows it", () => {
    const stage = svc("L3T3");
    const viewer = stage.open();
    stage.run(20);
    const track = stage.track(viewer);
    const pointOf = () => [track.layer.stretch!.spatialId, track.layer.stretch!.temporalId];
    // The smallest picture, until the layers are measured and a keyframe allows more.
    expect(pointOf()).toEqual([0, 2]);
    stage.run(1, () => true);
    expect(pointOf()).toEqual([2, 2]);
    stage.run(4);
    stage.limit(viewer, { spatialMax: 0 });
    stage.run(1);
    // L3T3: the lower layers were sent all along.
    expect(pointOf()[0]).toBe(0);
    stage.limit(viewer, { temporalMax: 0, spatialMax: 0 });
    stage.run(1);
    expect(pointOf()).toEqual([0, 0]);
    stage.limit(viewer, { spatialMax: 0 });
    stage.run(4);
    expect(pointOf()).toEqual([0, 2]);
    const asked = stage.encodings[0]!.asked;
    stage.limit(viewer, {});
    stage.run(4);
    // Up in space only with a keyframe, which is asked for.
    expect(pointOf()).toEqual([0, 2]);
    expect(stage.encodings[0]!.asked).toBeGreaterThan(asked);
    stage.run(1, () => true);
    expect(pointOf()).toEqual([2, 2]);
    expectNoGaps(viewer);
  });

  test("descriptors tell which targets are still sent, to whoever reads them in order", () => {
    const stage = svc("L2T2");
    const viewer = stage.open();
    stage.run(20);
    stage.run(1, () => true);
    stage.run(9);
    stage.limit(viewer, { spatialMax: 0 });
    stage.run(10);
    const reader = new DependencyDescriptorReader();
    const masks = viewer.of(VIDEO_SSRC).map(({ extensions }) => {
      const element = extensions.get(DESCRIPTOR_ID)!;
      expect(reader.read(element, 0, element.length)).toBeTrue();
      return reader.activeTargets;
    });
    // The smallest picture at first, then all.
    expect(masks[0]).toBe(0b0011);
    expect(masks.at(-1)).toBe(0b0011);
    const change = masks.indexOf(0b0011, masks.indexOf(0b1111));
    expect(change).toBeGreaterThan(masks.indexOf(0b1111));
    expect(new Set(masks.slice(change))).toEqual(new Set([0b0011]));
  });
});
