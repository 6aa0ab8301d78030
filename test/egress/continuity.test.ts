import { describe, expect, test } from "bun:test";
import { SlotFlag } from "../../src/ring/layout.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16, WRAP_STARTS_32 } from "../support/wrap-starts.ts";
import {
  AUDIO_SSRC,
  audioSection,
  difference32,
  H264,
  KEY,
  OPUS,
  originOf,
  RTX_SSRC,
  Sim,
  sourceOf,
  Track,
  VIDEO_SSRC,
  VP8,
  videoSection,
} from "./harness.ts";
import type { Recorder } from "./recorder.ts";

const FRAME_US = 33_333;
const FRAME_TICKS = 3000;

/** Media packets of an SSRC in the order of their index; each once. */
function inOrder(viewer: Recorder, ssrc: number) {
  const sent = viewer.of(ssrc).filter((each) => !each.again);
  return sent.toSorted((a, b) => a.index - b.index);
}

/** A keyframe of `packets` packets, then the same of a delta frame, ... at 30 frames a second. */
class Encoder {
  frames = 0;
  constructor(
    readonly track: Track,
    public sequence: number,
    public timestamp: number,
    readonly packets = 4,
  ) {}

  /** One frame; `mix` chooses the order of its packets. */
  frame(now: number, key: boolean, mix: (order: number[]) => number[] = (order) => order): void {
    const order = Array.from({ length: this.packets }, (_, i) => i);
    for (const i of mix(order)) {
      const flags =
        (i === 0 ? (key ? KEY : SlotFlag.frameStart) : 0) |
        (i === this.packets - 1 ? SlotFlag.marker | SlotFlag.frameEnd : 0);
      this.track.put(this.sequence + i, this.timestamp, now, { flags });
    }
    this.sequence = (this.sequence + this.packets) | 0;
    this.timestamp = (this.timestamp + FRAME_TICKS) >>> 0;
    this.frames += 1;
  }
}

describe("numbers and timestamps of one source", () => {
  WRAP_STARTS_32.forEach((start, i) => {
    test(`origin ${start}, index ${WRAP_STARTS_16[i]}: reordered, late, with holes`, () => {
      const seed = 100 + i;
      const random = seeded(seed);
      const sim = new Sim(seed, WRAP_STARTS_16[i]!);
      const video = new Track("video");
      const viewer = sim.open(sourceOf({ video: [video] }));
      const first = start | 0;
      const timestamp = (start * 7919) >>> 0;
      const late: { sequence: number; at: number; timestamp: number; flags: number }[] = [];
      const holes = new Set<number>();
      for (let k = 0; k < 2000; k += 1) {
        const sequence = (first + k) | 0;
        const flags = k === 0 ? KEY : k % 5 === 0 ? SlotFlag.frameStart : 0;
        const stamp = (timestamp + Math.floor(k / 5) * FRAME_TICKS) >>> 0;
        const dice = k === 0 || k > 1900 ? 1 : random();
        if (dice < 0.05)
          late.push({ sequence, at: k + 1 + Math.floor(random() * 90), timestamp: stamp, flags });
        else if (dice < 0.06) holes.add(k);
        else video.put(sequence, stamp, sim.now, { flags });
        for (const packet of late.filter(({ at }) => at === k)) {
          video.put(packet.sequence, packet.timestamp, sim.now, { flags: packet.flags });
        }
        if (random() < 0.4) sim.forward(video);
        sim.pass(7000);
      }
      sim.forward(video);
      const sent = viewer.of(VIDEO_SSRC);
      expect(sent.some((packet) => packet.again)).toBeFalse();
      expect(sent.length, `seed ${seed}`).toBe(2000 - holes.size);
      const base = sent[0]!;
      for (const packet of sent) {
        const distance = difference32(originOf(packet.payload), first);
        expect(packet.index - base.index, `seed ${seed}`).toBe(distance);
        const ticks = Math.floor(distance / 5) * FRAME_TICKS;
        expect(difference32(packet.timestamp, base.timestamp)).toBe(ticks);
      }
      expect(base.index).toBe(WRAP_STARTS_16[i]!);
    });
  });
});

describe("a publisher comes back", () => {
  WRAP_STARTS_32.forEach((start, i) => {
    test(`to origin ${start}: numbers go on, both tracks jump by the time that passed`, () => {
      const seed = 7 + i;
      const random = seeded(seed);
      const sim = new Sim(seed, WRAP_STARTS_16[i]!);
      const viewer = sim.open(null);
      let before = { audio: 0, video: 0 };
      let beforeAt = { audio: 0, video: 0 };
      for (let epoch = 0; epoch < 3; epoch += 1) {
        const audio = new Track("audio");
        const video = new Track("video");
        const pictures = new Encoder(
          video,
          (start + epoch * 77_777) | 0,
          Math.floor(random() * 2 ** 32),
        );
        let sample = Math.floor(random() * 2 ** 32);
        let audioSequence = (start - epoch * 5_555) | 0;
        sim.egress.setSource(1, sourceOf({ audio, video: [video] }), sim.now);
        const count = { audio: viewer.of(AUDIO_SSRC).length, video: viewer.of(VIDEO_SSRC).length };
        // The first frames cannot be shown: their keyframe is gone.
        for (let frame = 0; frame < 30; frame += 1) {
          pictures.frame(sim.now, frame === 3 || frame === 20);
          audio.put(audioSequence, sample, sim.now);
          audioSequence = (audioSequence + 1) | 0;
          sample = (sample + 1600) >>> 0;
          sim.forward(audio, video);
          sim.pass(FRAME_US);
        }
        const videoSent = viewer.of(VIDEO_SSRC).slice(count.video);
        const audioSent = viewer.of(AUDIO_SSRC).slice(count.audio);
        expect(videoSent.length, `seed ${seed}`).toBe(27 * 4);
        expect(audioSent.length, `seed ${seed}`).toBe(30);
        if (epoch > 0) {
          for (const [sent, key, rate] of [
            [videoSent[0]!, "video", 90_000],
            [audioSent[0]!, "audio", 48_000],
          ] as const) {
            const ticks = difference32(sent.timestamp, before[key]);
            const passed = ((sent.at - beforeAt[key]) * rate) / 1e6;
            expect(Math.abs(ticks - passed), `seed ${seed} ${key}`).toBeLessThan(rate / 1000);
            expect(ticks).toBeGreaterThan(0);
          }
        }
        const last = { audio: audioSent.at(-1)!, video: videoSent.at(-1)! };
        before = { audio: last.audio.timestamp, video: last.video.timestamp };
        beforeAt = { audio: last.audio.at, video: last.video.at };
        sim.egress.setSource(1, null, sim.now);
        sim.pass(500_000 + Math.floor(random() * 5e6));
      }
      for (const ssrc of [AUDIO_SSRC, VIDEO_SSRC]) {
        const indices = inOrder(viewer, ssrc).map(({ index }) => index);
        expect(indices).toEqual(indices.map((_, k) => indices[0]! + k));
        const stamps = inOrder(viewer, ssrc).map(({ timestamp }) => timestamp);
        for (let k = 1; k < stamps.length; k += 1) {
          expect(difference32(stamps[k]!, stamps[k - 1]!)).toBeGreaterThanOrEqual(0);
        }
      }
      expect(sim.count("viewersSwitched")).toBe(4);
    });
  });

  test("with another codec: the payload type changes on the same SSRC, at a keyframe", () => {
    const sim = new Sim();
    const first = new Track("video");
    const viewer = sim.open(sourceOf({ video: [first] }));
    new Encoder(first, 10, 0).frame(sim.now, true);
    sim.forward(first);
    const second = new Track("video", Codec.h264);
    sim.egress.setSource(1, sourceOf({ video: [second] }), sim.now);
    const encoder = new Encoder(second, 1000, 55);
    encoder.frame(sim.now, false);
    sim.forward(second);
    sim.pass(50_000);
    encoder.frame(sim.now, true);
    sim.forward(second);
    const sent = viewer.of(VIDEO_SSRC);
    expect(sent.map(({ payloadType }) => payloadType)).toEqual([
      ...new Array(4).fill(VP8.payloadType),
      ...new Array(4).fill(H264.payloadType),
    ]);
    expect(sent.map(({ index }) => index - sent[0]!.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(sim.ended).toEqual([]);
  });

  test("with a codec that the viewer did not accept: the session ends", () => {
    const sim = new Sim();
    const video = new Track("video", Codec.av1);
    const viewer = sim.open(sourceOf({ video: [video] }));
    new Encoder(video, 10, 0).frame(sim.now, true);
    sim.forward(video);
    sim.pass(20_000);
    expect(sim.ended).toEqual([{ session: viewer.session, reason: "codec-changed" }]);
    expect(viewer.rtp).toEqual([]);
  });

  test("a segment on ring memory that goes back to the pool is not read any more", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }));
    new Encoder(video, 10, 0).frame(sim.now, true);
    sim.forward(video);
    const track = sim.egress.viewers.get(viewer.session)!.tracks[1]!;
    expect(track.segments.segmentOf(track.segments.nextIndex - 1)?.feed).toBe(track.feed!);
    sim.egress.setSource(1, null, sim.now);
    expect(track.segments.segmentOf(track.segments.nextIndex - 1)?.feed).toBeNull();
  });
});

describe("the publisher switches in the middle of a stream", () => {
  test("another codec counts from its keyframe on; stragglers of the old one are dropped", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }));
    const encoder = new Encoder(video, 10, 0);
    encoder.frame(sim.now, true);
    sim.forward(video);
    video.describe(Codec.h264);
    encoder.frame(sim.now, false);
    encoder.frame(sim.now, true);
    encoder.frame(sim.now, false);
    sim.forward(video);
    const sent = viewer.of(VIDEO_SSRC);
    expect(sent.map(({ payloadType }) => payloadType)).toEqual([
      ...new Array(4).fill(VP8.payloadType),
      ...new Array(8).fill(H264.payloadType),
    ]);
    // What was left out has no numbers: no hole that a viewer would ask for.
    expect(sent.map(({ index }) => index - sent[0]!.index)).toEqual(sent.map((_, k) => k));
    // A late keyframe packet of the old codec, from before the switch.
    video.put(9, 0, sim.now, { flags: KEY, codec: Codec.vp8 });
    sim.forward(video);
    expect(viewer.of(VIDEO_SSRC).length).toBe(12);
  });

  test("an encoder that restarts (other SSRC, other timestamps) stays on the time line", () => {
    const sim = new Sim();
    const video = new Track("video");
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio, video: [video] }));
    const encoder = new Encoder(video, 10, 5_000);
    encoder.frame(sim.now, true);
    audio.put(1, 1_000_000, sim.now);
    sim.forward(video, audio);
    sim.pass(400_000);
    const joins = video.joins;
    encoder.timestamp = 3_000_000_000;
    const restart = (key: boolean): void => {
      const flags = SlotFlag.discontinuity | (key ? KEY : SlotFlag.frameStart);
      video.put(encoder.sequence, encoder.timestamp, sim.now, { flags });
      encoder.sequence += 1;
    };
    restart(false);
    encoder.frame(sim.now, false);
    audio.put(2, 77, sim.now, { flags: SlotFlag.discontinuity });
    sim.forward(video, audio);
    expect(video.joins).toBe(joins + 1);
    expect(viewer.of(VIDEO_SSRC).length).toBe(4);
    sim.pass(100_000);
    encoder.frame(sim.now, true);
    sim.forward(video);
    const sent = viewer.of(VIDEO_SSRC);
    expect(sent.length).toBe(8);
    expect(sent[4]!.index).toBe(sent[3]!.index + 1);
    expect(difference32(sent[4]!.timestamp, sent[0]!.timestamp)).toBe(45_000);
    const sound = viewer.of(AUDIO_SSRC);
    expect(difference32(sound[1]!.timestamp, sound[0]!.timestamp)).toBe(19_200);
  });

  test("a jump in numbers alone leaves the timestamps as they are", () => {
    const sim = new Sim();
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio }));
    audio.put(1, 1_000, sim.now);
    sim.forward(audio);
    sim.pass(20_500);
    audio.put(2, 1_960, sim.now, { flags: SlotFlag.discontinuity });
    sim.forward(audio);
    expect(viewer.of(AUDIO_SSRC).map(({ timestamp }) => timestamp)).toEqual([1_000, 1_960]);
  });

  test("an audio packet of an unknown payload type keeps its number and harms nobody", () => {
    const sim = new Sim();
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio }));
    audio.put(1, 1_000, sim.now);
    audio.put(2, 1_960, sim.now, { flags: SlotFlag.skip, codec: Codec.none });
    audio.put(3, 2_920, sim.now);
    sim.forward(audio);
    sim.pass(20_000);
    expect(sim.ended).toEqual([]);
    const sent = viewer.of(AUDIO_SSRC);
    expect(sent.map(({ payload, padding }) => [payload.length, padding])).toEqual([
      [100, 0],
      [0, 1],
      [100, 0],
    ]);
    expect(sent.every(({ payloadType }) => payloadType === OPUS.payloadType)).toBeTrue();
  });
});

describe("parameter sets", () => {
  const sets = Uint8Array.of(0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2);
  const naked = KEY | SlotFlag.needsParameterSets;

  test("a naked IDR gets the cached sets in front, under a number of their own", () => {
    const sim = new Sim();
    const video = new Track("video", Codec.h264);
    video.writer.setParameterSets(sets);
    const viewer = sim.open(sourceOf({ video: [video] }));
    video.put(500, 90_000, sim.now, { flags: naked });
    video.put(501, 90_000, sim.now, { flags: SlotFlag.marker });
    sim.forward(video);
    const sent = viewer.of(VIDEO_SSRC);
    expect(sent[0]!.payload).toEqual(sets);
    expect(sent.map(({ timestamp }) => timestamp)).toEqual([90_000, 90_000, 90_000]);
    expect(sent.map(({ index }) => index - sent[0]!.index)).toEqual([0, 1, 2]);
    expect(sent.map(({ marker }) => marker)).toEqual([false, false, true]);
    expect(sent.every(({ payloadType }) => payloadType === H264.payloadType)).toBeTrue();
  });

  test("by catch-up as well, and an IDR that brings its own gets none", () => {
    const sim = new Sim();
    const video = new Track("video", Codec.h264);
    video.writer.setParameterSets(sets);
    video.put(500, 90_000, sim.now, { flags: naked });
    const source = sourceOf({ video: [video] });
    const early = sim.open(source);
    sim.forward(video);
    expect(early.of(VIDEO_SSRC)[0]!.payload).toEqual(sets);
    video.put(501, 93_000, sim.now, { flags: KEY });
    const late = sim.open(source);
    sim.forward(video);
    expect(late.of(VIDEO_SSRC).length).toBe(1);
    expect(late.of(RTX_SSRC)).toEqual([]);
  });
});

test("a viewer with audio alone, and one with video alone, get their part", () => {
  const sim = new Sim();
  const audio = new Track("audio");
  const video = new Track("video");
  const source = sourceOf({ audio, video: [video] });
  const listener = sim.open(source, { media: [audioSection()] });
  expect(video.wanted).toBeFalse();
  const watcher = sim.open(source, { media: [videoSection()] });
  expect(video.wanted).toBeTrue();
  new Encoder(video, 1, 1).frame(sim.now, true);
  audio.put(1, 1, sim.now);
  sim.forward(audio, video);
  expect([listener.of(AUDIO_SSRC).length, listener.rtp.length]).toEqual([1, 1]);
  expect([watcher.of(VIDEO_SSRC).length, watcher.rtp.length]).toEqual([4, 4]);
});
