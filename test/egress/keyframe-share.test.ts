/** Whoever asks a publisher for keyframes without end, beside receivers that fail once. */
import { describe, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { FIR_BYTES, writeFir } from "../../src/wire/rtcp/fir.ts";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import { KEY, Sim, sourceOf, Track, VIDEO_SSRC, videoSection } from "./harness.ts";

const TICK_US = 20_000;
/** From a request that leaves to the keyframe that answers it. */
const ENCODER_US = 50_000;

/** A publisher of one layer with a keyframe only where it is asked for one, and its viewers. */
class Room {
  readonly sim = new Sim();
  readonly layers: readonly Layer[];
  readonly source;

  constructor(layers = 1) {
    this.layers = Array.from({ length: layers }, () => new Layer());
    this.source = sourceOf({ video: this.layers.map(({ track }) => track) });
    for (const layer of this.layers) layer.put(this.sim.now, KEY);
  }

  open() {
    return this.sim.open(this.source, { media: [videoSection()] });
  }

  run(us: number, each: (now: number) => void = () => {}): void {
    for (const end = this.sim.now + us; this.sim.now < end; ) {
      each(this.sim.now);
      for (const layer of this.layers) layer.tick(this.sim.now);
      this.sim.forward(...this.layers.map(({ track }) => track));
      this.sim.pass(TICK_US);
    }
  }

  pli(viewer: { session: number }): void {
    const bytes = new Uint8Array(PLI_BYTES);
    writePli(bytes, 0, 1, VIDEO_SSRC);
    this.sim.rtcp(viewer, bytes);
  }

  fir(viewer: { session: number }, sequence: number): void {
    const bytes = new Uint8Array(FIR_BYTES);
    writeFir(bytes, 0, 1, VIDEO_SSRC, sequence & 255);
    this.sim.rtcp(viewer, bytes);
  }

  get keyframes(): number {
    return this.layers.reduce((sum, layer) => sum + layer.keyframes.length, 0);
  }
}

/** What ingest and an encoder do with the wishes of one ring. */
class Layer {
  readonly track = new Track("video");
  readonly requests = new KeyframeRequests();
  /** When keyframes began that were asked for. */
  readonly keyframes: number[] = [];
  private sequence = 0;
  private seen = [0, 0];
  private answerAt = Number.POSITIVE_INFINITY;

  put(now: number, flags: number): void {
    this.track.put(this.sequence, this.sequence * 900, now, { flags });
    this.sequence += 1;
  }

  tick(now: number): void {
    const wishes = [this.track.joins, this.track.failures];
    if (wishes[0] !== this.seen[0]) this.requests.want("join");
    if (wishes[1] !== this.seen[1]) this.requests.want("failure");
    this.seen = wishes;
    if (this.requests.take(now)) this.answerAt = now + ENCODER_US;
    const answers = now >= this.answerAt;
    this.put(now, answers ? KEY : 0);
    if (!answers) return;
    this.answerAt = Number.POSITIVE_INFINITY;
    this.keyframes.push(now);
    this.requests.keyframe(now);
  }
}

/** Lets things settle, lets `attack` run for a minute, and returns keyframes a second after 10 s. */
function sustained(room: Room, attack: (now: number) => void): number {
  room.run(10e6);
  room.run(10e6, attack);
  const before = room.keyframes;
  room.run(60e6, attack);
  return (room.keyframes - before) / 60;
}

describe("keyframes that one viewer may cause", () => {
  for (const [name, everyUs] of [
    ["a decoder that fails for ever (PLI each 200 ms)", 200_000],
    ["PLIs at any rate", TICK_US],
    ["a PLI each 600 ms", 600_000],
    ["a PLI each 3 s", 3_000_000],
  ] as const) {
    test(`S9: ${name} hold no publisher at two keyframes a second`, () => {
      const room = new Room();
      const bad = room.open();
      const rate = sustained(room, (now) => now % everyUs < TICK_US && room.pli(bad));
      expect(rate).toBeLessThanOrEqual(0.12);
      expect(rate).toBeGreaterThan(0);
    });
  }

  test("S9: FIRs, several bad ones, and all of them at once change nothing", () => {
    const room = new Room();
    const bad = Array.from({ length: 8 }, () => room.open());
    let turn = 0;
    const rate = sustained(room, () => {
      turn += 1;
      for (const viewer of bad)
        (turn + viewer.session) % 2 ? room.pli(viewer) : room.fir(viewer, turn);
    });
    expect(rate).toBeLessThanOrEqual(0.5);
    expect(room.sim.counters[Counter.keyframeRequestsHeld!]).toBeGreaterThan(1000);
  });

  test("S9: the failure of a sound viewer is answered at once, also beside six bad ones", () => {
    const room = new Room();
    const bad = Array.from({ length: 6 }, () => room.open());
    const sound = room.open();
    const attack = () => {
      for (const viewer of bad) room.pli(viewer);
    };
    room.run(5e6);
    // From the beginning of the attack on, and at any moment of it.
    for (let failure = 0; failure < 7; failure += 1) {
      room.run(failure * 370_000 + 10.5e6, attack);
      const failedAt = room.sim.now;
      room.pli(sound);
      room.run(1e6, attack);
      const answer = room.layers[0]!.keyframes.find((at) => at >= failedAt)!;
      expect(answer - failedAt, `failure ${failure}`).toBeLessThanOrEqual(500_000 + ENCODER_US);
    }
  });

  test("S9: the first failure beside one that begins to fail for ever is answered at once", () => {
    for (let after = 0; after < 4e6; after += 130_000) {
      const room = new Room();
      const bad = room.open();
      const sound = room.open();
      room.run(5e6);
      room.run(after, () => room.pli(bad));
      const failedAt = room.sim.now;
      room.pli(sound);
      room.run(1e6, () => room.pli(bad));
      const answer = room.layers[0]!.keyframes.find((at) => at >= failedAt)!;
      expect(answer - failedAt, `after ${after} us`).toBeLessThanOrEqual(500_000 + ENCODER_US);
    }
  });

  test("S9: what was held back is asked for later, unless a keyframe came meanwhile", () => {
    const room = new Room();
    const bad = room.open();
    room.run(5e6);
    room.run(8e6, () => room.pli(bad));
    const before = room.keyframes;
    // The last PLI has no token: nothing else will ask.
    room.pli(bad);
    room.run(12e6);
    expect(room.keyframes).toBe(before + 1);
    room.run(30e6);
    expect(room.keyframes).toBe(before + 1);
  });

  test("S9: sessions that come, ask and go again force a keyframe each two seconds at most", () => {
    const room = new Room();
    room.run(2e6);
    room.open();
    const rate = sustained(room, (now) => {
      if (now % 100_000 >= TICK_US) return;
      const viewer = room.open();
      room.run(3 * TICK_US);
      room.pli(viewer);
      room.sim.close(viewer.session);
    });
    expect(rate).toBeLessThanOrEqual(0.6);
  });

  /** Lets a viewer ask for the layer that it does not have, each 600 ms for a minute. */
  function flap(allowed: boolean): number {
    const room = new Room(2);
    const opened = room.open();
    room.run(5e6);
    const viewer = room.sim.egress.viewers.get(opened.session)!;
    room.sim.peers.get(opened.session)!.mediaAllowed = allowed;
    const { layer } = viewer.tracks[0]!;
    const asked = () => room.layers.reduce((sum, { track }) => sum + track.failures, 0);
    const before = asked();
    for (let turn = 0; turn < 100; turn += 1) {
      room.sim.now += 600_000;
      layer.cancel();
      const other = viewer.source!.video.find((feed) => feed !== viewer.tracks[0]!.feed)!;
      layer.choose(other, 0, false, room.sim.now);
      layer.pursue(0, room.sim.now);
    }
    return asked() - before;
  }

  test("S9: a viewer whose layer is changed for ever has a share, too", () => {
    expect(flap(true)).toBeWithin(1, 14);
  });

  test("S9: nobody asks for a viewer that is silent in the midst of a change of layers", () => {
    expect(flap(false)).toBe(0);
  });
});
