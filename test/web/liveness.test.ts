import { describe, expect, test } from "bun:test";
import { Liveness, type LivenessLook } from "../../src/web/liveness.ts";

const LOOK_MS = 250;

/** A playback at 30 pictures a second, looked at four times a second. */
class Played {
  now = 0;
  packets = 0;
  pictures = 0;
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
      flows = this.liveness.look(look).flows && flows;
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

  test("one picture and then none is no steady start; six are, and two seconds of few", () => {
    const liveness = new Liveness({ packetsMs: Number.POSITIVE_INFINITY, picturesMs: 6_000 });
    const look = (nowMs: number, pictures: number) =>
      liveness.look({ nowMs, packets: null, pictures, hasPictures: true, isWatched: true });
    look(0, 0);
    expect(look(250, 1)).toEqual({ flows: true, isSteady: false });
    expect(look(2_000, 1).isSteady).toBe(false);
    expect(look(2_250, 2).isSteady).toBe(true);
    liveness.reset();
    look(5_000, 2);
    expect(look(5_250, 8)).toEqual({ flows: true, isSteady: true });
  });

  test("begun anew, what came before does not count", () => {
    const played = playing();
    played.liveness.reset();
    expect(played.run(5_000, { pictures: 0 })).toBe(0);
  });
});
