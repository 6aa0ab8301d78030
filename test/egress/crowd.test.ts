import { describe, expect, test } from "bun:test";
import { type CatchingUp, CatchUp, CatchUpQueue } from "../../src/egress/catch-up-queue.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { seeded } from "../support/random.ts";
import { KEY, originOf, Sim, sourceOf, Track, VIDEO_SSRC, videoSection } from "./harness.ts";
import type { Recorder } from "./recorder.ts";

const VIDEO = { media: [videoSection()] };
/** Packets of a keyframe, and of the frames behind it: 1.5 Mb/s at 30 a second. */
const KEY_PACKETS = 23;
const FRAME_PACKETS = 5;

/** A keyframe and so many frames; returns the next origin sequence. */
function group(sim: Sim, video: Track, first: number, frames: number, length = 1_100): number {
  let k = first;
  for (let frame = 0; frame <= frames; frame += 1) {
    const timestamp = (first + frame) * 3_000;
    for (let i = frame === 0 ? KEY_PACKETS : FRAME_PACKETS; i > 0; i -= 1, k += 1) {
      const begins = k === first ? KEY : 0;
      const flags = begins | (i === 1 ? SlotFlag.marker | SlotFlag.frameEnd : 0);
      video.put(k, timestamp, sim.now, { flags, length });
    }
  }
  return k;
}

const origins = (viewer: Recorder) => viewer.of(VIDEO_SSRC).map(({ payload }) => originOf(payload));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("a flash crowd", () => {
  test("C10: joins from the cached keyframe, in order, and asks for no other one", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    const end = group(sim, video, 0, 30);
    const crowd = Array.from({ length: 100 }, () => sim.open(source, VIDEO));
    expect(video.joins + video.failures).toBe(0);
    const done: number[] = [];
    // A worker that live media keeps busy: one stretch a turn.
    for (let turn = 0; done.length < crowd.length && turn < 5_000; turn += 1) {
      sim.egress.forward(sim.now, sim.now - 1, () => sim.now);
      sim.pass(100);
      crowd.forEach((viewer, i) => {
        if (viewer.rtp.length < KEY_PACKETS || done.includes(i)) return;
        done.push(i);
        // Nobody has had more than a keyframe while others have none.
        const most = Math.max(...crowd.map(({ rtp }) => rtp.length));
        if (done.length < crowd.length) expect(most).toBe(KEY_PACKETS);
      });
    }
    expect(done).toEqual(crowd.map((_, i) => i));
    sim.forward();
    for (const viewer of crowd) expect(origins(viewer)).toEqual(range(0, end));
    expect(video.joins + video.failures).toBe(0);
  });

  test("C10: a newcomer's keyframe goes before the backlog of those who came earlier", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    group(sim, video, 0, 60);
    const early = Array.from({ length: 20 }, () => sim.open(source, VIDEO));
    for (let turn = 0; turn < 60; turn += 1) {
      sim.egress.forward(sim.now, sim.now - 1, () => sim.now);
      sim.pass(1_000);
    }
    expect(early.every(({ rtp }) => rtp.length >= KEY_PACKETS)).toBeTrue();
    const before = early.map(({ rtp }) => rtp.length);
    const late = sim.open(source, VIDEO);
    sim.egress.forward(sim.now, sim.now - 1, () => sim.now);
    expect([late.rtp.length, early.map(({ rtp }) => rtp.length)]).toEqual([16, before]);
  });

  test("C10: a backlog that waited while a newer keyframe came begins there, not before", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    const newer = group(sim, video, 0, 60);
    const crowd = Array.from({ length: 40 }, () => sim.open(source, VIDEO));
    // All have their first picture; what stands behind it has had no turn.
    for (let turn = 0; crowd.some(({ rtp }) => rtp.length < KEY_PACKETS); turn += 1) {
      expect(turn).toBeLessThan(1_000);
      sim.egress.forward(sim.now, sim.now - 1, () => sim.now);
      sim.pass(100);
    }
    sim.pass(500_000);
    const end = group(sim, video, newer, 10);
    sim.forward(video);
    for (let turn = 0; turn < 100; turn += 1) {
      sim.pass(5_000);
      sim.forward();
    }
    // Who had begun the backlog in time goes on from where it stood: to the newer keyframe.
    const shown = origins(crowd.at(-1)!);
    expect(shown).toEqual([...range(0, shown.indexOf(newer)), ...range(newer, end)]);
    expect(shown.indexOf(newer)).toBeLessThan(KEY_PACKETS + 2 * 16);
    expect(video.joins + video.failures).toBe(0);
  });

  test("C10: one whose path takes no more holds up nobody behind", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    // A keyframe of more than a join sends before it has heard of its path.
    for (let k = 0; k < 100; k += 1) {
      const flags = k === 0 ? KEY : k === 99 ? SlotFlag.marker : 0;
      video.put(k, 0, sim.now, { flags, length: 1_100 });
    }
    const crowd = Array.from({ length: 10 }, () => sim.open(source, VIDEO));
    for (let turn = 0; turn < 100; turn += 1) {
      sim.egress.forward(sim.now, sim.now - 1, () => sim.now);
      sim.pass(1_000);
    }
    const sent = crowd.map(({ rtp }) => rtp.length);
    expect(Math.min(...sent)).toBeGreaterThan(60);
    expect(Math.max(...sent)).toBeLessThan(100);
  });

  test("C10: those who were there already lose nothing", () => {
    const random = seeded(11);
    const sim = new Sim(11);
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    const watching = Array.from({ length: 20 }, () => sim.open(source, VIDEO));
    let next = group(sim, video, 0, 20);
    sim.forward(video);
    const crowd: Recorder[] = [];
    for (let frame = 0; frame < 30; frame += 1) {
      for (let k = 0; k < FRAME_PACKETS; k += 1) {
        video.put(next, 900_000 + frame * 3_000, sim.now, { length: 1_100 });
        next += 1;
      }
      while (crowd.length < frame * 2) crowd.push(sim.open(source, VIDEO));
      sim.egress.mark(video.grant.index);
      for (let turn = 0; turn < 12; turn += 1) {
        sim.egress.forward(sim.now, sim.now + (random() < 0.5 ? -1 : 2_500), () => sim.now);
        sim.pass(2_700);
      }
      for (const viewer of watching) expect(viewer.rtp.length).toBe(next);
    }
    sim.forward(video);
    for (const viewer of [...watching, ...crowd]) expect(origins(viewer)).toEqual(range(0, next));
  });
});

describe("the queue of those that catch up", () => {
  class Member implements CatchingUp {
    paced = false;
    keyframePending = true;
    steps = 0;
    constructor(private readonly step: (member: Member) => number) {}
    catchUp(): number {
      this.steps += 1;
      return this.step(this);
    }
  }

  test("C10: bears that members leave while another's turn is on", () => {
    const random = seeded(7);
    const queue = new CatchUpQueue();
    const members: Member[] = [];
    const gone = new Set<Member>();
    const step = (member: Member): number => {
      expect(gone.has(member)).toBeFalse();
      member.keyframePending = random() < 0.5;
      member.paced = random() < 0.1;
      if (random() < 0.2) {
        const other = members[Math.floor(random() * members.length)]!;
        gone.add(other);
        queue.remove(other);
      }
      const result = [CatchUp.done, CatchUp.more, CatchUp.waits, CatchUp.more][
        Math.floor(random() * 4)
      ]!;
      if (result === CatchUp.done) gone.add(member);
      return result;
    };
    for (let i = 0; i < 500; i += 1) members.push(new Member(step));
    for (const member of members) queue.add(member);
    for (let turn = 0; queue.length > 0 && turn < 1_000; turn += 1)
      queue.serve(0, 0, () => turn % 2);
    expect([queue.length, queue.keyframes]).toEqual([0, 0]);
    expect(queue.serve(0, 1, () => 0)).toBeFalse();
  });

  test("C10: media that a pacer held back is served beside keyframes when time is up", () => {
    const queue = new CatchUpQueue();
    const paced = new Member(() => CatchUp.more);
    paced.paced = true;
    const newcomer = new Member(({ steps }) => (steps === 1 ? CatchUp.outputFull : CatchUp.more));
    const backlog = new Member(() => CatchUp.more);
    backlog.keyframePending = false;
    for (const member of [backlog, newcomer, paced]) queue.add(member);
    expect(queue.serve(0, -1, () => 0)).toBeTrue();
    expect([paced.steps, newcomer.steps, backlog.steps]).toEqual([1, 1, 0]);
    newcomer.keyframePending = false;
    queue.add(newcomer);
    queue.serve(0, 1, () => 0);
    expect([paced.steps, newcomer.steps, backlog.steps]).toEqual([2, 2, 1]);
  });

  test("C10: whose path was full for a moment is the first again, not the last", () => {
    const queue = new CatchUpQueue();
    const first = new Member(({ steps }) => (steps === 1 ? CatchUp.waits : CatchUp.more));
    const second = new Member(() => CatchUp.more);
    for (const member of [first, second]) queue.add(member);
    for (let turn = 0; turn < 2; turn += 1) queue.serve(0, -1, () => 0);
    expect([first.steps, second.steps]).toEqual([2, 1]);
  });

  test("C10: backlogs have the time that keyframes leave, in the same turn", () => {
    const queue = new CatchUpQueue();
    const newcomer = new Member((member) => {
      member.keyframePending = false;
      return CatchUp.more;
    });
    const backlog = new Member(() => CatchUp.more);
    backlog.keyframePending = false;
    for (const member of [backlog, newcomer]) queue.add(member);
    queue.serve(0, 1, () => 0);
    expect([newcomer.steps > 0, backlog.steps]).toEqual([true, 1]);
  });
});
