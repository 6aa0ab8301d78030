import { describe, expect, test } from "bun:test";
import type { Ability } from "../../src/web/layering.ts";
import {
  codecsFor,
  defaultLayering,
  encodingsOf,
  fitting,
  layeringsOf,
} from "../../src/web/layering.ts";

const CHROMIUM: readonly Ability[] = [
  { codec: "h264", modes: ["L1T2", "L1T3"] },
  { codec: "vp8", modes: ["L1T2", "L1T3"] },
  { codec: "vp9", modes: ["L1T2", "L3T3", "L3T3_KEY", "S3T3"] },
  { codec: "av1", modes: ["L3T3"] },
  { codec: "h265", modes: [] },
];
const SIMULCAST = ["simulcast-2", "simulcast-3"];
const HD = { width: 1280, height: 720 };
const ids = (codec: string, abilities = CHROMIUM, size = HD) =>
  layeringsOf(codec, abilities, size).map((choice) => choice.id);

describe("what is offered", () => {
  test("simulcast where every browser has it, SVC modes where the encoder takes them", () => {
    expect(ids("vp8")).toEqual(["single", ...SIMULCAST, "L1T2", "L1T3"]);
    expect(ids("vp9")).toEqual(["single", "L1T2", "L3T3", "L3T3_KEY"]);
    expect(ids("av1")).toEqual(["single", "L3T3"]);
    // Nothing in an H.264 stream tells a server its temporal layers.
    expect(ids("h264")).toEqual(["single", ...SIMULCAST]);
    expect(ids("h265")).toEqual(["single"]);
  });

  test("a codec left open offers simulcast if one can do it, and no mode of one codec", () => {
    expect(ids("")).toEqual(["single", ...SIMULCAST]);
    expect(ids("", [{ codec: "av1", modes: ["L3T3"] }])).toEqual(["single"]);
    expect(ids("vp8", [])).toEqual(["single"]);
  });

  test("each has a line of its own", () => {
    const choices = ["vp8", "vp9"].flatMap((codec) => layeringsOf(codec, CHROMIUM, HD));
    expect(new Set(choices.map((choice) => choice.hint)).size).toBe(
      new Set(choices.map((choice) => choice.id)).size,
    );
    expect(choices.find((choice) => choice.id === "L3T3_KEY")?.label).toBe(
      "L3T3_KEY: 3 sizes × 3 frame rates, by keyframe",
    );
  });

  test("by default large pictures go out in three layers, where that is simulcast", () => {
    const of = (codec: string, width: number, height: number) => {
      const size = { width, height };
      return defaultLayering(layeringsOf(codec, CHROMIUM, size), size);
    };
    expect(of("vp8", 1280, 720)).toBe("simulcast-3");
    expect(of("", 1080, 1920)).toBe("simulcast-3");
    expect(of("vp8", 1280, 719)).toBe("single");
    expect(of("vp9", 1920, 1080)).toBe("single");
  });

  test("a small picture has fewer sizes, whichever way it stands", () => {
    const of = (codec: string, width: number, height: number) =>
      ids(codec, CHROMIUM, { width, height });
    expect(of("vp8", 960, 540)).toContain("simulcast-3");
    expect(of("vp8", 540, 960)).toContain("simulcast-3");
    expect(of("vp8", 640, 360)).toEqual(["single", "simulcast-2", "L1T2", "L1T3"]);
    expect(of("vp9", 640, 360)).toEqual(["single", "L1T2"]);
    expect(of("vp8", 320, 180)).toEqual(["single", "L1T2", "L1T3"]);
  });

  test("a source that came out smaller is sent in as many sizes as it is worth", () => {
    expect(fitting("simulcast-3", HD)).toBe("simulcast-3");
    expect(fitting("simulcast-3", { width: 640, height: 480 })).toBe("simulcast-2");
    expect(fitting("simulcast-2", { width: 176, height: 144 })).toBe("single");
    expect(fitting("L3T3", { width: 176, height: 144 })).toBe("L3T3");
    expect(fitting("single", HD)).toBe("single");
  });
});

describe("encodings", () => {
  test("simulcast: rids from the smallest up, and the limit shared out", () => {
    const encodings = encodingsOf("simulcast-3", 2_500_000);
    expect(encodings.map((each) => each.rid)).toEqual(["q", "h", "f"]);
    expect(encodings.map((each) => each.scaleResolutionDownBy)).toEqual([4, 2, 1]);
    const limits = encodings.map((each) => each.maxBitrate ?? 0);
    expect(Math.abs(limits.reduce((sum, limit) => sum + limit) - 2_500_000)).toBeLessThan(3);
    // Within what Chromium gives layers of 180, 360 and 720 lines by itself.
    expect(limits[0]).toBeWithin(150_000, 200_000);
    expect(limits[1]).toBeWithin(450_000, 700_000);
    expect(encodingsOf("simulcast-2", null)).toEqual([
      { rid: "h", scaleResolutionDownBy: 2 },
      { rid: "f", scaleResolutionDownBy: 1 },
    ]);
  });

  test("one stream: no rid; a mode only where one was chosen", () => {
    expect(encodingsOf("single", 500)).toEqual([{ maxBitrate: 500 }]);
    expect(encodingsOf("single", null)).toEqual([{}]);
    expect(encodingsOf("L3T3", 500)).toEqual([{ maxBitrate: 500, scalabilityMode: "L3T3" }]);
  });

  test("simulcast with the codec left open keeps to codecs that have it", () => {
    expect(codecsFor("simulcast-2")).toEqual(["vp8", "h264"]);
    expect(codecsFor("single")).toBeNull();
    expect(codecsFor("L3T3")).toBeNull();
  });
});
