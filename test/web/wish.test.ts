import { describe, expect, test } from "bun:test";
import type { Layer } from "../../src/web/layers.ts";
import { keyFor, wishOf } from "../../src/web/wish.ts";

function layer(rid: string, width: number | null, height: number | null, temporal?: number): Layer {
  return {
    mediaId: "0",
    rid,
    spatialLayerId: null,
    temporalLayerId: temporal ?? null,
    bitrate: 1,
    width,
    height,
    current: false,
  };
}

const WHEP = [layer("0", 1280, 720), layer("1", 640, 360), layer("2", 320, 180)];
/** The tail numbers from below. */
const TAIL = [layer("2", 1280, 720), layer("1", 640, 360), layer("0", 320, 180)];

describe("a wish of a quality", () => {
  test("means the same size in the other tier, whatever it is called there", () => {
    expect(keyFor(TAIL, wishOf(WHEP, "0//"))).toBe("2//");
    expect(keyFor(WHEP, wishOf(TAIL, "0//"))).toBe("2//");
  });

  test("is automatic where it is none, or names nothing", () => {
    expect(wishOf(WHEP, null)).toBeNull();
    expect(wishOf(WHEP, "9//")).toBeNull();
    expect(keyFor(TAIL, null)).toBeNull();
  });

  test("takes the next smaller size, and nothing where all are larger", () => {
    expect(keyFor([TAIL[0]!, TAIL[2]!], wishOf(WHEP, "1//"))).toBe("0//");
    expect(keyFor([TAIL[0]!], wishOf(WHEP, "1//"))).toBeNull();
    expect(keyFor([], wishOf(WHEP, "1//"))).toBeNull();
  });

  test("counts the shorter side of upright pictures", () => {
    expect(keyFor([layer("7", 720, 1280)], wishOf(WHEP, "0//"))).toBe("7//");
  });

  test("keeps the frame rate among those of its size, and goes by name without sizes", () => {
    const rates = [layer("0", 1280, 720, 1), layer("0", 1280, 720, 0)];
    expect(keyFor(rates, wishOf(rates, "0//0"))).toBe("0//0");
    const unnamed = [layer("f", null, null)];
    expect(keyFor(unnamed, wishOf(unnamed, "f//"))).toBe("f//");
    expect(keyFor(TAIL, wishOf(unnamed, "f//"))).toBeNull();
  });
});
