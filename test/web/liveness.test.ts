import { describe, expect, test } from "bun:test";
import { Liveness, type LivenessLook } from "../../src/web/liveness.ts";

const LOOK_MS = 250;

/** A playback at 30 pictures a second, looked at four times a second. */
class Played {
  now = 0;
  packets = 0;
  pictures = 0;
  isDoubtful = false;
  readonly liveness = new Liveness({ packetsMs: 2_000, picturesMs: 4_000 });

  /** How long it was taken to flow, in a row from the begin of this run. */
  run(ms: number, come: Partial<LivenessLook> & { packets?: number; pictures?: number } = {}) {
    const { hasPictures = true, isWatched = true } = come;
    let flowedMs = 0;
    let flows = true;
    for (const end = this.now + ms; this.now < end; this.now += LOOK_MS) {
      this.packets += come.packets ?? 20;
      this.pictures += come.pictures ?? 8;
      const { now: nowMs, packets, pictures } = this;
      const look = { nowMs, packets, pictures, hasPictures, isWatched };
      const life = this.liveness.look(look);
      flows = life.flows && flows;
      this.isDoubtful = life.isDoubtful;
      if (flows) flowedMs += LOOK_MS;
    }
    return flowedMs;
  }
}

/** One that flows. */
function playing(): Played {
  const played = new Played();
  played.run(2_000);
  return played;
}

describe("liveness", () => {
  test("begins with the second look that has pictures, never with packets alone", () => {
    const played = new Played();
    expect(played.run(10_000, { pictures: 0 })).toBe(0);
    expect(played.run(10_000)).toBe(10_000);
  });

  test("F22: ends 2 s after the last packet", () => {
    const flowed = playing().run(10_000, { packets: 0, pictures: 0 });
    expect(flowed).toBe(1_750);
  });

  test("F22: ends 4 s after the last picture, packets or not", () => {
    expect(playing().run(10_000, { pictures: 0 })).toBe(3_750);
  });

  test("pictures that nobody looks at are not missed, packets are", () => {
    expect(playing().run(60_000, { pictures: 0, isWatched: false })).toBe(60_000);
    expect(playing().run(60_000, { packets: 0, pictures: 0, isWatched: false })).toBe(1_750);
  });

  test("sound alone needs no pictures", () => {
    const played = new Played();
    played.run(500, { pictures: 0, hasPictures: false });
    expect(played.run(60_000, { pictures: 0, hasPictures: false })).toBe(60_000);
  });

  test("a machine that slept holds nothing against the stream", () => {
    const played = playing();
    played.now += 3_600_000;
    expect(played.run(250, { packets: 0, pictures: 0 })).toBe(250);
    expect(played.run(10_000, { packets: 0, pictures: 0 })).toBe(1_750);
  });

  /** A playback without packets of its own: looks of ms and pictures in all; whether each was steady. */
  function steadies(...looks: readonly (readonly [number, number])[]): boolean[] {
    const liveness = new Liveness({ packetsMs: Number.POSITIVE_INFINITY, picturesMs: 6_000 });
    return looks.map(([nowMs, pictures]) => {
      const look = { nowMs, packets: null, pictures, hasPictures: true, isWatched: true };
      return liveness.look(look).isSteady;
    });
  }

  test("six pictures are a steady start", () => {
    expect(steadies([0, 2], [250, 8])).toEqual([false, true]);
  });

  test("F22: a picture or two, and then none, are no steady start, however long it flows", () => {
    const none = Array.from({ length: 16 }, (_, i) => [1_000 + i * 250, 2] as const);
    expect(steadies([0, 0], [250, 1], [500, 2], ...none)).not.toContain(true);
  });

  test("F22: nor are six, with which it stood still", () => {
    expect(steadies([0, 0], [250, 4], [500, 4], [750, 4], [1_000, 7], [1_250, 7])).toEqual([
      ...[false, false, false, false, true, true],
    ]);
    expect(steadies([0, 0], [250, 5], [3_000, 5], [3_250, 5])).not.toContain(true);
  });

  test("few, that come for two seconds, are", () => {
    expect(steadies([0, 0], [250, 1], [1_250, 2], [2_250, 3], [3_000, 3])).toEqual([
      ...[false, false, false, true, false],
    ]);
  });

  test("a second without packets is doubtful, until one comes or it is over", () => {
    const played = playing();
    const doubts = Array.from({ length: 10 }, () => {
      played.run(LOOK_MS, { packets: 0, pictures: 0 });
      return played.isDoubtful;
    });
    expect(doubts).toEqual([
      ...[false, false, false],
      ...[true, true, true, true],
      ...[false, false, false],
    ]);
    played.run(LOOK_MS);
    played.run(750, { packets: 0, pictures: 0 });
    expect(played.isDoubtful).toBe(false);
    played.run(250, { packets: 0, pictures: 0 });
    expect(played.isDoubtful).toBe(true);
    played.run(250, { pictures: 0 });
    expect(played.isDoubtful).toBe(false);
  });

  test("begun anew, what came before does not count", () => {
    const played = playing();
    played.liveness.reset();
    expect(played.run(5_000, { pictures: 0 })).toBe(0);
  });
});
