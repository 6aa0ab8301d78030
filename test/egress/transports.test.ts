/** Viewers by several sockets: what one of them takes is none of the others' business for long. */
import { describe, expect, test } from "bun:test";
import { Sockets } from "../../src/host/sockets.ts";
import { CATCH_UP_PACKETS } from "../../src/limits.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { FakeReceiver } from "../host/fake-sockets.ts";
import { seeded } from "../support/random.ts";
import { AUDIO_SSRC, KEY, originOf, Sim, sourceOf, Track, VIDEO_SSRC } from "./harness.ts";
import { FakeTransport, type Recorder, type Sent } from "./recorder.ts";

const TURN_US = 1_000;
/** Between two pictures, of two packets each, and with each a packet of audio. */
const PICTURE_TURNS = 10;
/** As long as the others wait for a full socket. */
const PATIENCE_US = 10_000;
const NEVER = Number.POSITIVE_INFINITY;

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);
const originsOf = (sent: readonly Sent[]) => sent.map(({ payload }) => originOf(payload));

type Viewer = Recorder & { session: number };

/** A worker with two sockets, in turns of a millisecond. */
class Worker {
  readonly sim = new Sim(3);
  readonly one = this.sim.output;
  readonly other = new FakeTransport();
  readonly audio = new Track("audio");
  readonly video = new Track("video");
  readonly source = sourceOf({ audio: this.audio, video: [this.video] });
  readonly sockets: Sockets;
  pictures = 0;
  turns = 0;
  /** When each picture was there. */
  readonly times: number[] = [];

  constructor(
    /** Pictures from one keyframe to the next. */
    readonly keyframes = 1_000,
  ) {
    const { sim, one, other } = this;
    sim.transports.push(other);
    this.sockets = new Sockets(
      [8, 9],
      new FakeReceiver(),
      [one, other],
      { wantWritable: () => {} },
      sim.counters,
    );
  }

  open(via: FakeTransport): Viewer {
    return this.sim.open(this.source, { via });
  }

  run(ms: number, each: () => void = () => {}): void {
    for (let i = 0; i < ms; i += 1) {
      each();
      if (this.turns % PICTURE_TURNS === 0) this.put();
      this.turn();
    }
  }

  /** `transport` takes nothing for so long, then everything again. */
  fill(transport: FakeTransport, ms: number): void {
    transport.room = 0;
    this.run(ms);
    transport.room = NEVER;
  }

  /** Who had to wait has its time, while nothing new comes. */
  settle(): void {
    for (let i = 0; i < 200; i += 1) this.turn();
  }

  turn(): void {
    const { sim, sockets } = this;
    for (const transport of sim.transports) transport.now = sim.now;
    if (!sockets.blocked) sim.egress.forward(sim.now, sim.now + 1e6, () => sim.now);
    sockets.flush(() => sim.now);
    if (this.turns % 100 === 0) sockets.copyCounters();
    sim.pass(TURN_US);
    this.turns += 1;
  }

  put(): void {
    const { sim, video, audio, pictures } = this;
    const key = pictures % this.keyframes === 0 ? KEY : 0;
    video.put(2 * pictures, pictures * 900, sim.now, { flags: key | SlotFlag.frameStart });
    video.put(2 * pictures + 1, pictures * 900, sim.now, { flags: SlotFlag.marker });
    audio.put(pictures, pictures * 480, sim.now);
    for (const { grant } of [video, audio]) sim.egress.mark(grant.index);
    this.times.push(sim.now);
    this.pictures += 1;
  }

  expectAll(...viewers: readonly Viewer[]): void {
    for (const viewer of viewers) {
      expect(originsOf(viewer.of(VIDEO_SSRC))).toEqual(range(2 * this.pictures));
      expect(originsOf(viewer.of(AUDIO_SSRC))).toEqual(range(this.pictures));
      this.expectNumbered(viewer);
    }
  }

  /** No number is missing, none is there twice. */
  expectNumbered(viewer: Viewer): void {
    for (const ssrc of [VIDEO_SSRC, AUDIO_SSRC]) {
      const indices = viewer.of(ssrc).map(({ index }) => index);
      expect(indices).toEqual(range(indices.length, indices[0]));
    }
  }

  /** How long each packet of video was on its way to a viewer, us. */
  delaysOf(viewer: Viewer): number[] {
    return viewer
      .of(VIDEO_SSRC)
      .map(({ at, payload }) => at - this.times[Math.floor(originOf(payload) / 2)]!);
  }
}

describe("a full socket", () => {
  test("is waited for by all for a moment, and all go on from the same batches", () => {
    const worker = new Worker();
    const viewers = [worker.open(worker.other), worker.open(worker.one)];
    worker.run(105);
    worker.fill(worker.other, 9);
    expect(worker.other.stalled).toBe(false);
    worker.run(50);
    worker.expectAll(...viewers);
    for (const viewer of viewers) expect(Math.max(...worker.delaysOf(viewer))).toBeLessThan(9_000);
  });

  test("then stops its own viewers alone, in the middle of a picture, who lose nothing of it", () => {
    const worker = new Worker();
    const stopped = [worker.open(worker.other), worker.open(worker.other)];
    const flowing = [worker.open(worker.one), worker.open(worker.one)];
    worker.run(105);
    worker.other.room = 3;
    worker.run(20);
    expect(worker.other.stalled).toBe(true);
    const before = stopped.map(({ rtp }) => rtp.length);
    const since = flowing[0]!.of(VIDEO_SSRC).length;
    worker.run(35);
    worker.expectAll(...flowing);
    // Nobody else waits a turn from then on.
    expect(worker.delaysOf(flowing[0]!).slice(since)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Math.max(...worker.delaysOf(flowing[1]!))).toBeLessThanOrEqual(PATIENCE_US + TURN_US);
    expect(stopped.map(({ rtp }) => rtp.length)).toEqual(before);
    worker.other.room = NEVER;
    worker.run(20);
    worker.settle();
    worker.expectAll(...stopped, ...flowing);
    expect(worker.sim.count("viewersSwitched")).toBe(0);
  });

  test("is not waited for by those for whom there is no other one", () => {
    const worker = new Worker();
    const viewers = [worker.open(worker.other), worker.open(worker.other)];
    worker.run(105);
    worker.fill(worker.other, 200);
    expect(worker.other.stalled).toBe(false);
    worker.run(5);
    worker.expectAll(...viewers);
  });

  test("with all others full, too, has all wait, and nobody loses anything", () => {
    const worker = new Worker();
    const viewers = [worker.open(worker.other), worker.open(worker.one)];
    worker.run(105);
    worker.other.room = 0;
    worker.one.room = 0;
    worker.run(100);
    expect([worker.one.stalled, worker.other.stalled]).toEqual([false, false]);
    worker.one.room = NEVER;
    worker.run(50);
    worker.expectAll(viewers[1]!);
    worker.other.room = NEVER;
    worker.settle();
    worker.expectAll(...viewers);
  });

  test("and another one behind it: the first one's viewers go on once it drains", () => {
    const worker = new Worker();
    const viewers = [worker.open(worker.other), worker.open(worker.one)];
    worker.run(105);
    worker.other.room = 0;
    worker.run(150);
    worker.one.room = 0;
    worker.run(150);
    worker.other.room = NEVER;
    worker.run(150);
    expect([worker.one.stalled, worker.other.stalled]).toEqual([true, false]);
    worker.expectNumbered(viewers[0]!);
    expect(originsOf(viewers[0]!.of(VIDEO_SSRC)).at(-1)).toBe(2 * worker.pictures - 1);
    worker.one.room = NEVER;
    worker.settle();
    worker.expectAll(viewers[1]!);
  });

  test("that fills again and again holds the others up once", () => {
    const worker = new Worker();
    const viewers = [worker.open(worker.other), worker.open(worker.one)];
    worker.run(105);
    for (let i = 0; i < 20; i += 1) {
      worker.fill(worker.other, 25);
      worker.run(5);
    }
    worker.settle();
    worker.expectAll(...viewers);
    const late = worker.delaysOf(viewers[1]!).filter((us) => us > 0);
    expect(late.length).toBeLessThanOrEqual(4);
    expect(Math.max(...late)).toBeLessThanOrEqual(PATIENCE_US + TURN_US);
  });

  test("holds up no newcomer of another one, and its own begin when it drains", () => {
    const worker = new Worker();
    worker.open(worker.one);
    worker.open(worker.other);
    worker.run(105);
    worker.other.room = 0;
    worker.run(20);
    const stopped = worker.open(worker.other);
    const flowing = worker.open(worker.one);
    worker.run(5);
    expect([stopped.rtp.length, originsOf(flowing.of(VIDEO_SSRC))[0]]).toEqual([0, 0]);
    worker.other.room = NEVER;
    worker.settle();
    expect(originsOf(stopped.of(VIDEO_SSRC))).toEqual(range(2 * worker.pictures));
  });

  test("is left by a viewer that moves: its media goes on by the other one", () => {
    const worker = new Worker();
    const { sim, one, other } = worker;
    const viewer = worker.open(other);
    worker.open(one);
    worker.run(105);
    other.room = 0;
    worker.run(50);
    const count = viewer.rtp.length;
    const path = { ...viewer.path, via: one };
    one.recorders.set(path, viewer);
    sim.peers.get(viewer.session)!.path = path;
    worker.run(50);
    worker.expectAll(viewer);
    expect(viewer.rtp.length).toBeGreaterThan(count);
    // And back, to one that takes what it is given.
    other.room = NEVER;
    worker.run(1);
    sim.peers.get(viewer.session)!.path = viewer.path;
    worker.run(50);
    worker.expectAll(viewer);
  });

  for (const when of ["before it was left", "before it was left, and after"]) {
    test(`does not lose what came late ${when}`, () => {
      const worker = new Worker();
      const { sim, video, other } = worker;
      const stopped = worker.open(other);
      worker.open(worker.one);
      worker.run(105);
      const first = 2 * worker.pictures;
      const put = (sequence: number) => {
        video.put(sequence, Math.floor(sequence / 2) * 900, sim.now);
        sim.egress.mark(video.grant.index);
        worker.turn();
      };
      put(first + 2);
      other.room = 0;
      put(first + 1);
      for (let i = 0; i < 20; i += 1) worker.turn();
      expect(other.stalled).toBe(true);
      const late = when.endsWith("after") ? [first, first + 1] : [first + 1];
      if (late.length > 1) put(first);
      other.room = NEVER;
      worker.settle();
      const sent = originsOf(stopped.of(VIDEO_SSRC));
      expect(sent.slice(-1 - late.length)).toEqual([first + 2, ...late]);
    });
  }

  for (let seed = 1; seed <= 10; seed += 1) {
    test(`costs nobody a packet, whenever it fills and however often (seed ${seed})`, () => {
      const worker = new Worker();
      const random = seeded(seed);
      const viewers = range(6).map((i) => worker.open(i % 2 === 0 ? worker.other : worker.one));
      worker.run(1_500, () => {
        if (random() > 0.05) return;
        worker.other.room = random() < 0.5 ? Math.floor(random() * 10) : NEVER;
        worker.one.room = random() < 0.3 ? Math.floor(random() * 10) : NEVER;
      });
      for (const transport of worker.sim.transports) transport.room = NEVER;
      worker.settle();
      worker.expectAll(...viewers);
    });
  }
});

describe("after a long stop", () => {
  test("video begins anew at the keyframe that came meanwhile, audio with what comes", () => {
    const worker = new Worker(50);
    const stopped = worker.open(worker.other);
    const flowing = worker.open(worker.one);
    worker.run(155);
    worker.fill(worker.other, 900);
    const before = stopped.of(VIDEO_SSRC).length;
    const audio = stopped.of(AUDIO_SSRC).length;
    const at = worker.pictures;
    worker.run(100);
    worker.expectAll(flowing);
    worker.expectNumbered(stopped);
    const keyframe = 2 * Math.floor((at - 1) / 50) * 50;
    const origins = originsOf(stopped.of(VIDEO_SSRC));
    expect(origins.slice(before)).toEqual(range(2 * worker.pictures - keyframe, keyframe));
    expect(originsOf(stopped.of(AUDIO_SSRC)).slice(audio)[0]).toBeGreaterThanOrEqual(at - 1);
  });

  test("of three seconds, too, though the ring has nothing of its beginning any more", () => {
    const worker = new Worker(100);
    const stopped = worker.open(worker.other);
    const flowing = worker.open(worker.one);
    worker.run(155);
    worker.fill(worker.other, 3_000);
    const before = stopped.of(VIDEO_SSRC).length;
    worker.run(100);
    worker.expectAll(flowing);
    worker.expectNumbered(stopped);
    expect(originsOf(stopped.of(VIDEO_SSRC)).slice(before)).toEqual(
      range(2 * worker.pictures - 600, 600),
    );
    expect(originsOf(stopped.of(AUDIO_SSRC)).at(-1)).toBe(worker.pictures - 1);
  });

  test("without a keyframe video goes on where it stopped, as fast as a newcomer's backlog", () => {
    const worker = new Worker();
    const stopped = worker.open(worker.other);
    const flowing = worker.open(worker.one);
    worker.run(155);
    worker.fill(worker.other, 1_500);
    const before = stopped.of(VIDEO_SSRC).length;
    worker.run(200);
    expect(originsOf(stopped.of(VIDEO_SSRC))).toEqual(range(2 * worker.pictures));
    worker.expectAll(flowing);
    const times = stopped
      .of(VIDEO_SSRC)
      .slice(before)
      .map(({ at }) => at);
    const turns = [...new Set(times)];
    for (const [i, turn] of turns.slice(0, 10).entries()) {
      expect(times.filter((at) => at === turn).length).toBeLessThanOrEqual(CATCH_UP_PACKETS);
      if (i > 0) expect(turn - turns[i - 1]!).toBeGreaterThanOrEqual(4_000);
    }
  });

  test("more than a newcomer would be given is left out: a keyframe is asked for", () => {
    const worker = new Worker();
    const stopped = worker.open(worker.other);
    worker.open(worker.one);
    worker.run(155);
    const asked = worker.video.joins;
    worker.fill(worker.other, 2_300);
    const before = stopped.of(VIDEO_SSRC).length;
    worker.run(50);
    expect(stopped.of(VIDEO_SSRC).length).toBe(before);
    expect(worker.video.joins).toBe(asked + 1);
    const { pictures } = worker;
    worker.video.put(2 * pictures, pictures * 900, worker.sim.now, { flags: KEY });
    worker.sim.egress.mark(worker.video.grant.index);
    worker.turn();
    expect(originsOf(stopped.of(VIDEO_SSRC)).at(-1)).toBe(2 * pictures);
    worker.expectNumbered(stopped);
  });
});

describe("a transport that is stalled whenever it is full", () => {
  test("is not waited for at all", () => {
    const worker = new Worker();
    const stopped = worker.open(impatient(worker.other));
    const flowing = worker.open(worker.one);
    worker.run(105);
    worker.other.room = 1;
    worker.run(35);
    worker.expectAll(flowing);
    expect(Math.max(...worker.delaysOf(flowing))).toBe(0);
    worker.other.room = NEVER;
    worker.run(10);
    worker.expectAll(stopped);
  });

  test("keeps nobody from catching up when it fills while its own viewer does", () => {
    const worker = new Worker();
    const { one, other } = worker;
    const stopped = worker.open(impatient(other));
    worker.run(105);
    worker.fill(other, 200);
    other.room = 5;
    const newcomer = worker.open(one);
    const count = stopped.rtp.length;
    worker.turn();
    expect(stopped.rtp.length).toBe(count + 5);
    expect(newcomer.of(VIDEO_SSRC).length).toBeGreaterThan(0);
    other.room = NEVER;
    worker.settle();
    worker.expectAll(stopped);
  });

  /** As one that carries one viewer only, and no socket of the worker's. */
  function impatient(transport: FakeTransport): FakeTransport {
    Object.defineProperty(transport, "stalled", {
      get: () => transport.room <= 0,
      set: () => {},
    });
    return transport;
  }
});
