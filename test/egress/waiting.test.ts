/** Whoever waits is looked at again when anything that it waits for changes: reasons against events. */
import { describe, expect, test } from "bun:test";
import { JOIN_ANSWER_US, JOIN_KEYFRAME_AGE_MAX_US } from "../../src/limits.ts";
import { Header } from "../../src/ring/layout.ts";
import { Encoding, FRAME_US } from "./encoding.ts";
import { sourceOf } from "./harness.ts";
import { type Session, type Stage, simulcast } from "./stage.ts";

/** What is possible is to be shown within this time. */
const SOON_US = 100_000;

/**
 * Two layers whose groups began long ago and whose publisher has stalled since: nothing of them can
 * be shown. Unless told otherwise the viewer is to get the larger one.
 */
class Scene {
  readonly stage: Stage = simulcast({ mode: "L1T1" }, 2);
  viewer!: Session;
  private shown = 0;

  get sim() {
    return this.stage.sim;
  }

  get low(): Encoding {
    return this.stage.encodings[0]!;
  }

  get high(): Encoding {
    return this.stage.encodings[1]!;
  }

  /** Both layers flow for a while. */
  flow(frames = 15): void {
    this.stage.run(frames);
  }

  /** Long enough that keyframes are too old and nothing flows. */
  stall(us = JOIN_KEYFRAME_AGE_MAX_US + 1_000_000): void {
    for (let passed = 0; passed < us; passed += 20_000) {
      this.sim.forward();
      this.sim.pass(20_000);
    }
  }

  /** So much of the time that is allowed; the rings marked as their writers would. */
  soon(): void {
    for (let passed = 0; passed < SOON_US; passed += 20_000) {
      this.sim.forward(...this.stage.encodings.filter(({ wanted }) => wanted));
      this.sim.pass(20_000);
    }
    this.sim.forward();
  }

  note(): void {
    this.shown = this.viewer.rtp.length;
  }

  get shows(): boolean {
    return this.viewer.rtp.length > this.shown;
  }
}

/** How a viewer comes to wait; at the end nothing can be shown to it. */
const REASONS: Record<string, (scene: Scene) => void> = {
  "a newcomer": (scene) => {
    scene.flow();
    scene.stall();
    scene.viewer = scene.stage.open();
    scene.stall(500_000);
  },
  "one whose worker was lapped": (scene) => {
    scene.viewer = scene.stage.open();
    scene.flow();
    // Nobody reads while the log runs over its reader.
    for (const encoding of scene.stage.encodings) {
      for (let i = 0; i < 4_500; i += 1) encoding.frame(scene.sim.now, i === 4_300);
    }
    scene.sim.now += JOIN_KEYFRAME_AGE_MAX_US + 1_000_000;
    scene.stall(500_000);
    scene.sim.forward(...scene.stage.encodings);
    expect(scene.sim.count("ringLaps")).toBeGreaterThan(0);
    scene.stall(500_000);
  },
  "one whose consent has come back": (scene) => {
    scene.viewer = scene.stage.open();
    scene.flow();
    const peer = scene.sim.peers.get(scene.viewer.session)!;
    peer.mediaAllowed = false;
    scene.flow();
    scene.stall();
    peer.mediaAllowed = true;
    scene.stall(500_000);
  },
  "one that may have a layer that has not begun": (scene) => {
    scene.stage.silent.add(scene.high);
    scene.flow();
    scene.stall();
    scene.viewer = scene.stage.open();
    scene.stage.limit(scene.viewer, { rid: "r1" });
    scene.stall(500_000);
    scene.stage.silent.delete(scene.high);
  },
};

/** What may happen then; returns what flows must come of. */
const EVENTS: Record<string, (scene: Scene) => void> = {
  "a keyframe comes": ({ stage, sim }) => {
    for (const encoding of stage.encodings) encoding.frame(sim.now, true);
  },
  "a keyframe comes in the other layer alone": ({ low, sim }) => low.frame(sim.now, true),
  "the publisher turns out to be deaf": ({ stage }) => {
    for (const { writer } of stage.encodings) writer.setWord(Header.pliIgnored, 1);
  },
  "the stall ends in the middle of a group": ({ stage, sim }) => {
    for (const encoding of stage.encodings) encoding.frame(sim.now);
  },
  "limits change, and it is time": (scene) => {
    scene.stage.limit(scene.viewer, { rid: "r0" });
    scene.low.frame(scene.sim.now, true);
  },
  "the source changes": (scene) => {
    const next = new Encoding({ mode: "L1T1", style: "vp8", start: 40_000 });
    next.frame(scene.sim.now, true);
    scene.sim.egress.setSource(1, sourceOf({ video: [next] }), scene.sim.now);
  },
};

describe("C2: a viewer that waits", () => {
  for (const [reason, wait] of Object.entries(REASONS)) {
    for (const [event, happen] of Object.entries(EVENTS)) {
      test(`C2: ${reason} sees a picture soon after ${event}`, () => {
        const scene = new Scene();
        wait(scene);
        expect(scene.stage.track(scene.viewer).state).toBe("waiting");
        scene.note();
        scene.soon();
        expect(scene.shows).toBeFalse();
        happen(scene);
        scene.soon();
        expect(scene.shows).toBeTrue();
      });
    }
  }

  test("C2: and the ring grows to hold the group that did not fit", () => {
    const stage = simulcast({ mode: "L1T1" }, 1);
    const [video] = stage.encodings as [Encoding];
    stage.run(5);
    // A group that leaves no room before the writer: seven eighths of the ring.
    for (let i = 0; i < 225; i += 1) video.frame(stage.sim.now);
    const viewer = stage.open();
    stage.sim.forward(video);
    expect(viewer.rtp.length).toBe(0);
    video.writer.views.words[Header.slots] = 1024;
    stage.sim.pass(20_000);
    stage.sim.forward();
    expect(viewer.rtp.length).toBeGreaterThan(400);
  });

  test("C2: asks again when no keyframe has come, as often as joins may", () => {
    const stage = simulcast({ mode: "L1T1" }, 1);
    const [video] = stage.encodings as [Encoding];
    stage.open();
    const before = video.joins;
    for (let passed = 0; passed < 6_000_000; passed += 20_000) stage.sim.pass(20_000);
    expect(video.joins - before).toBeWithin(2, 4);
  });

  test("C2: a publisher that answers is asked first, one that does not is not waited for", () => {
    const stage = simulcast({ mode: "L1T1" }, 1);
    const [video] = stage.encodings as [Encoding];
    stage.run(90);
    const viewer = stage.open();
    const opened = stage.sim.now;
    while (viewer.rtp.length === 0 && stage.sim.now - opened < 5e6) stage.run(1);
    const waited = stage.sim.now - opened;
    expect(video.joins).toBe(1);
    expect(waited).toBeGreaterThanOrEqual(JOIN_ANSWER_US);
    expect(waited).toBeLessThan(JOIN_ANSWER_US + SOON_US + FRAME_US);
    // From the keyframe to the live edge, all of it.
    stage.run(10);
    expect(viewer.rtp.length).toBe(stage.encodings[0]!.picture * 2);
    expect(FRAME_US * 90).toBeGreaterThan(JOIN_KEYFRAME_AGE_MAX_US);
  });

  test("C2: a thousand who wait see a picture as soon as one does", () => {
    const stage = simulcast({ mode: "L1T1" }, 2);
    const { sim, encodings } = stage;
    const viewers = Array.from({ length: 1_000 }, () => stage.open());
    for (let i = 0; i < 10; i += 1) sim.pass(20_000);
    // Of a layer that nobody reads, since nobody was to get it.
    const unread = encodings.find(({ wanted }) => !wanted)!;
    unread.frame(sim.now, true);
    for (let passed = 0; passed < SOON_US; passed += 20_000) sim.pass(20_000);
    sim.forward();
    expect(viewers.filter(({ rtp }) => rtp.length === 0).length).toBe(0);
  });

  test("C2: nobody who waits is looked at for ever", () => {
    const scene = new Scene();
    REASONS["a newcomer"]!(scene);
    const { waiting } = (scene.sim.egress as unknown as { queues: { waiting: Set<unknown> } })
      .queues;
    expect(waiting.size).toBe(1);
    scene.sim.close(scene.viewer.session);
    expect(waiting.size).toBe(0);
  });
});
