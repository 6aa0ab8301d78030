/** Viewers by several transports: what one of them takes is none of the others' business. */
import { describe, expect, test } from "bun:test";
import { SlotFlag } from "../../src/ring/layout.ts";
import { seeded } from "../support/random.ts";
import { AUDIO_SSRC, KEY, originOf, Sim, sourceOf, Track, VIDEO_SSRC } from "./harness.ts";
import type { FakeTransport, Recorder } from "./recorder.ts";

const TURN_US = 10_000;
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const originsOf = (viewer: Recorder, ssrc = VIDEO_SSRC) =>
  viewer.of(ssrc).map(({ payload }) => originOf(payload));

/** A picture of two packets and a packet of audio a turn. */
class Show {
  readonly sim = new Sim(3);
  readonly other = this.sim.addTransport();
  readonly audio = new Track("audio");
  readonly video = new Track("video");
  readonly source = sourceOf({ audio: this.audio, video: [this.video] });
  turns = 0;

  open(via: FakeTransport = this.sim.output) {
    return this.sim.open(this.source, { via });
  }

  run(turns: number, each: () => void = () => {}): void {
    const { sim, audio, video } = this;
    for (const end = this.turns + turns; this.turns < end; this.turns += 1) {
      each();
      for (const part of [0, 1]) {
        const flags = this.turns % 100 === 0 && part === 0 ? KEY : 0;
        video.put(2 * this.turns + part, this.turns * 900, sim.now, {
          flags: part === 0 ? flags | SlotFlag.frameStart : flags,
        });
      }
      audio.put(this.turns, this.turns * 480, sim.now);
      sim.forward(video, audio);
      sim.pass(TURN_US);
    }
  }

  /** Who had to wait has its time. */
  settle(): void {
    for (let i = 0; i < 100; i += 1) {
      this.sim.forward();
      this.sim.pass(TURN_US);
    }
  }

  expectAll(viewer: Recorder): void {
    expect(originsOf(viewer)).toEqual(range(2 * this.turns));
    expect(originsOf(viewer, AUDIO_SSRC)).toEqual(range(this.turns));
    for (const ssrc of [VIDEO_SSRC, AUDIO_SSRC]) {
      const indices = viewer.of(ssrc).map(({ index }) => index);
      expect(indices).toEqual(indices.map((_, i) => indices[0]! + i));
    }
  }
}

describe("a full transport", () => {
  test("stops its own viewers, and they go on where they stopped; the others never wait", () => {
    const show = new Show();
    const stopped = [show.open(show.other), show.open(show.other)];
    const flowing = [show.open(), show.open()];
    show.run(20);
    // In the middle of a picture.
    show.other.room = 3;
    show.run(1);
    const before = stopped.map(({ rtp }) => rtp.length);
    show.run(40);
    for (const viewer of flowing) show.expectAll(viewer);
    expect(flowing[0]!.rtp.at(-1)!.at).toBe(show.sim.now - TURN_US);
    expect(stopped.map(({ rtp }) => rtp.length)).toEqual(before);
    show.other.room = Number.POSITIVE_INFINITY;
    show.run(20);
    show.settle();
    for (const viewer of [...stopped, ...flowing]) show.expectAll(viewer);
    expect(show.sim.count("viewersSwitched")).toBe(0);
  });

  test("holds back no newcomer of another, and its own begin at the keyframe when it drains", () => {
    const show = new Show();
    show.run(5);
    show.other.room = 0;
    const stopped = show.open(show.other);
    const flowing = show.open();
    show.run(5);
    expect([stopped.rtp.length, originsOf(flowing)[0]]).toEqual([0, 0]);
    show.other.room = Number.POSITIVE_INFINITY;
    show.settle();
    expect(originsOf(stopped)).toEqual(range(2 * show.turns));
  });

  test("is left by a viewer that moves: its media goes on by the other transport", () => {
    const show = new Show();
    const viewer = show.open(show.other);
    show.run(10);
    show.other.room = 0;
    show.run(10);
    const count = viewer.rtp.length;
    const path = { ...viewer.path, via: show.sim.output };
    show.sim.output.recorders.set(path, viewer);
    show.sim.peers.get(viewer.session)!.path = path;
    show.run(10);
    show.settle();
    show.expectAll(viewer);
    expect(viewer.rtp.length).toBeGreaterThan(count);
    // And back, to one that takes what it is given.
    show.other.room = Number.POSITIVE_INFINITY;
    show.sim.peers.get(viewer.session)!.path = viewer.path;
    show.run(5);
    show.settle();
    show.expectAll(viewer);
  });

  test("and all of them full: everybody's media waits, nobody's is lost", () => {
    const show = new Show();
    const viewers = [show.open(show.other), show.open()];
    show.run(10);
    show.other.room = 0;
    show.sim.output.room = 1;
    show.run(10);
    show.sim.output.room = Number.POSITIVE_INFINITY;
    show.run(10);
    show.expectAll(viewers[1]!);
    show.other.room = Number.POSITIVE_INFINITY;
    show.settle();
    for (const viewer of viewers) show.expectAll(viewer);
  });

  for (let seed = 1; seed <= 10; seed += 1) {
    test(`loses nothing, whenever it is full and however often (seed ${seed})`, () => {
      const show = new Show();
      const random = seeded(seed);
      const viewers = range(6).map((i) => show.open(i % 2 === 0 ? show.other : show.sim.output));
      show.run(100, () => {
        show.other.room = random() < 0.5 ? Math.floor(random() * 10) : Number.POSITIVE_INFINITY;
        if (random() < 0.3) show.sim.output.room = Math.floor(random() * 10);
        else show.sim.output.room = Number.POSITIVE_INFINITY;
      });
      for (const transport of show.sim.transports) transport.room = Number.POSITIVE_INFINITY;
      show.settle();
      for (const viewer of viewers) show.expectAll(viewer);
    });
  }
});
