/** Viewers by TCP connections beside others: what is late is left out by whole frames, at nobody's cost. */
import { describe, expect, test } from "bun:test";
import { Adaptation } from "../../src/egress/adaptation.ts";
import { Connection } from "../../src/host/connection.ts";
import { TCP_LAG_MAX_US, TCP_SLOW_US } from "../../src/limits.ts";
import type { UsableLayer } from "../../src/media/usable-layer.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import type { Path } from "../../src/wire/path.ts";
import { FakeStream } from "../host/fake-streams.ts";
import { AUDIO_SSRC, KEY, originOf, Sim, sourceOf, Track, VIDEO_SSRC } from "./harness.ts";
import type { Recorder, Sent } from "./recorder.ts";

const TURN_US = 2_000;
/** 40 pictures a second of four packets: 1.4 Mb/s, 180 B in a millisecond. */
const PICTURE_TURNS = 12;
const PACKETS = 4;
const PACKET_BYTES = 1_080;
const FULL = Number.POSITIVE_INFINITY;

type Viewer = Recorder & { session: number };

/** A client's connection, which takes so many bytes a millisecond. */
class Line extends Connection {
  readonly recorders = new Map<Path, Recorder>();
  now = 0;
  #given = -1;

  constructor(
    sim: Sim,
    readonly kernel = new FakeStream(),
    public rate = FULL,
  ) {
    super(3, new Uint8Array(16), 0, sim.memory.allocate, kernel, () => {});
  }

  override reserve(bytes: number): number {
    this.#given = super.reserve(bytes);
    return this.#given;
  }

  override commit(path: Path, length: number): void {
    super.commit(path, length);
    const bytes = this.region.bytes.subarray(this.#given, this.#given + length);
    this.recorders.get(path)!.take(this.now, bytes);
  }

  turn(now: number): void {
    this.kernel.room = this.rate === FULL ? FULL : this.rate * (TURN_US / 1000);
    this.flush(now);
  }
}

class Worker {
  readonly sim = new Sim(3);
  readonly audio = new Track("audio");
  readonly video = new Track("video");
  readonly source = sourceOf({ audio: this.audio, video: [this.video] });
  readonly lines: Line[] = [];
  pictures = 0;
  turns = 0;
  /** When each picture was there. */
  readonly times: number[] = [];
  /** The next one is a keyframe. */
  key = true;
  /** ... of so many packets. */
  size = PACKETS;
  /** Of each packet of video: its picture. */
  readonly pictureOfPacket: number[] = [];

  open(): Viewer {
    return this.sim.open(this.source);
  }

  openBy(rate: number): Viewer & { line: Line } {
    const line = new Line(this.sim);
    line.rate = rate;
    line.now = this.sim.now;
    this.lines.push(line);
    return Object.assign(this.sim.open(this.source, { via: line }), { line });
  }

  run(seconds: number, each: () => void = () => {}): void {
    for (let i = 0; i < (seconds * 1e6) / TURN_US; i += 1) {
      each();
      if (this.turns % PICTURE_TURNS === 0) this.put();
      this.turn();
    }
  }

  turn(): void {
    const { sim } = this;
    for (const transport of [sim.output, ...this.lines]) transport.now = sim.now;
    sim.egress.forward(sim.now, sim.now + 1e6, () => sim.now);
    for (const line of this.lines) line.turn(sim.now);
    sim.pass(TURN_US);
    this.turns += 1;
  }

  put(): void {
    const { sim, video, audio, pictures, size, pictureOfPacket } = this;
    for (let i = 0; i < size; i += 1) {
      const first = i === 0 ? SlotFlag.frameStart | (this.key ? KEY : 0) : 0;
      const flags = first | (i === size - 1 ? SlotFlag.marker : 0);
      const options = { flags, length: PACKET_BYTES };
      video.put(pictureOfPacket.length, pictures * 2_250, sim.now, options);
      pictureOfPacket.push(pictures);
    }
    this.size = PACKETS;
    audio.put(pictures, pictures * 1_200, sim.now);
    for (const { grant } of [video, audio]) sim.egress.mark(grant.index);
    this.key = false;
    this.times.push(sim.now);
    this.pictures += 1;
  }

  pictureOf({ payload }: Sent): number {
    return this.pictureOfPacket[originOf(payload)]!;
  }

  /** How old each packet of video was when it was sealed, us. */
  agesOf(viewer: Viewer): number[] {
    return viewer.of(VIDEO_SSRC).map((sent) => sent.at - this.times[this.pictureOf(sent)]!);
  }

  expectUntouched(viewer: Viewer): void {
    expect(viewer.of(VIDEO_SSRC).map(({ payload }) => originOf(payload))).toEqual(
      this.pictureOfPacket.map((_, i) => i),
    );
    expect(Math.max(...this.agesOf(viewer))).toBe(0);
  }

  /** Each picture that was begun is whole, and what follows a gap is a keyframe. */
  expectWhole(viewer: Viewer, keyframes: readonly number[]): number {
    const packets = viewer.of(VIDEO_SSRC);
    let gaps = 0;
    for (let i = 1; i < packets.length; i += 1) {
      const [before, after] = [originOf(packets[i - 1]!.payload), originOf(packets[i]!.payload)];
      if (after === before + 1) continue;
      gaps += 1;
      const pictures = this.pictureOfPacket;
      expect(pictures[before]).not.toBe(pictures[before + 1]);
      expect(pictures[after]).not.toBe(pictures[after - 1]);
      expect(keyframes).toContain(pictures[after]!);
    }
    const indices = packets.map(({ index }) => index);
    expect(indices).toEqual(indices.map((_, i) => indices[0]! + i));
    return gaps;
  }
}

describe("tcp-late: a viewer by a connection", () => {
  test("that takes everything gets all of it at once", () => {
    const worker = new Worker();
    const viewer = worker.openBy(FULL);
    worker.run(2);
    worker.expectUntouched(viewer);
    expect(viewer.of(AUDIO_SSRC)).toHaveLength(worker.pictures);
  });

  test("that is held up for a moment gets all of it a little later", () => {
    const worker = new Worker();
    const viewer = worker.openBy(FULL);
    worker.run(1);
    viewer.line.rate = 0;
    worker.run(0.35);
    viewer.line.rate = 1_000;
    worker.run(2);
    expect(worker.expectWhole(viewer, [])).toBe(0);
    expect(viewer.of(VIDEO_SSRC)).toHaveLength(PACKETS * worker.pictures);
    expect(worker.agesOf(viewer).at(-1)).toBe(0);
  });

  test("that takes too little is left frames, up to a keyframe, and is never much behind", () => {
    const worker = new Worker();
    const [slow, ...others] = [
      worker.openBy(90),
      worker.open(),
      worker.openBy(FULL),
      worker.open(),
    ];
    const keyframes = [0];
    worker.run(20, () => {
      if (worker.turns % 1000 !== 999) return;
      worker.key = true;
      keyframes.push(worker.pictures);
    });
    for (const other of others) worker.expectUntouched(other);
    expect(worker.expectWhole(slow, keyframes)).toBeGreaterThan(4);
    // It begins at a keyframe of the last half second, and a frame that has begun is sent to its end.
    expect(Math.max(...worker.agesOf(slow))).toBeLessThan(2 * TCP_LAG_MAX_US + 100_000);
    expect(slow.of(VIDEO_SSRC).length).toBeGreaterThan(0.3 * PACKETS * worker.pictures);
  });

  test("is sent the rest of a picture, though a keyframe has come meanwhile", () => {
    const worker = new Worker();
    const viewer = worker.openBy(FULL);
    worker.run(1);
    viewer.line.rate = 0;
    const large = worker.pictures;
    worker.size = 90;
    worker.run(0.35);
    const begun = viewer.of(VIDEO_SSRC).filter((sent) => worker.pictureOf(sent) === large);
    expect([begun.length > 20, begun.length < 80]).toEqual([true, true]);
    const keyframe = worker.pictures;
    worker.key = true;
    worker.run(0.05);
    viewer.line.rate = FULL;
    worker.run(1);
    worker.expectWhole(viewer, [keyframe]);
    expect(viewer.of(VIDEO_SSRC).filter((sent) => worker.pictureOf(sent) === large)).toHaveLength(
      90,
    );
  });

  test("asks for few keyframes: the others pay for them, too", () => {
    const worker = new Worker();
    worker.openBy(90);
    let asked = 0;
    let before = 0;
    const other = worker.open();
    worker.run(60, () => {
      const { joins, failures } = worker.video;
      if (joins + failures === before) return;
      before = joins + failures;
      asked += 1;
      worker.key = true;
    });
    worker.expectUntouched(other);
    expect(asked).toBeGreaterThan(3);
    // Four at first, then one in ten seconds.
    expect(asked).toBeLessThanOrEqual(4 + 6);
  });

  test("that takes nothing costs the others nothing, and begins anew at a keyframe", () => {
    const worker = new Worker();
    const [blocked, other] = [worker.openBy(FULL), worker.open()];
    worker.run(1);
    blocked.line.rate = 0;
    worker.run(8);
    const before = blocked.of(VIDEO_SSRC).length;
    worker.run(1);
    expect(blocked.of(VIDEO_SSRC)).toHaveLength(before);
    worker.expectUntouched(other);
    blocked.line.rate = FULL;
    worker.run(0.5);
    const keyframe = worker.pictures;
    worker.key = true;
    worker.run(1);
    expect(worker.expectWhole(blocked, [keyframe])).toBe(1);
    expect(worker.pictureOf(blocked.of(VIDEO_SSRC).at(-1)!)).toBe(worker.pictures - 1);
    // The sound does not wait for a picture.
    const last = blocked.of(AUDIO_SSRC).map(({ payload }) => originOf(payload));
    expect(last.slice(-60)).toEqual(Array.from({ length: 60 }, (_, i) => worker.pictures - 60 + i));
  });
});

test("tcp-late: a slow connection gets the smallest layer at once, and the better one when it is done", () => {
  const adaptation = new Adaptation(0, () => 0.5);
  const layer = (id: number, bitrate: number): UsableLayer => ({
    ...{ id, bitrate, rid: "", active: true },
    ...{ spatialId: id, temporalId: 0, width: 320 << id, height: 180 << id },
  });
  const layers = [layer(0, 50_000), layer(1, 100_000)];
  let now = 0;
  const choose = (backlogUs: number) => {
    now += 100_000;
    adaptation.noteBacklog(backlogUs);
    return adaptation.choose(now, layers);
  };
  expect(choose(0)).toBe(1);
  for (let i = 0; i < 30; i += 1) expect(choose(TCP_SLOW_US - 1)).toBe(1);
  expect(choose(TCP_SLOW_US)).toBe(0);
  expect(adaptation.queueUs).toBe(TCP_SLOW_US);
  for (let i = 0; i < 30; i += 1) expect(choose(TCP_SLOW_US)).toBe(0);
  let turns = 0;
  while (choose(0) === 0) turns += 1;
  expect(turns).toBeLessThan(100);
});
