import { expect, test } from "bun:test";
import { LayerAlignment, type LayerTime } from "../../src/media/layer-alignment.ts";
import { seeded } from "../support/random.ts";

const RATE = 90_000;

/** A layer whose RTP clock is offset by `offset` ticks; frames are captured at given times. */
function frame(
  offset: number,
  capturedUs: number,
  knows: "capture" | "reports" | "nothing",
  delayUs = 20_000,
): LayerTime {
  const ticks = (us: number) => (offset + Math.round((us * RATE) / 1e6)) >>> 0;
  const report = capturedUs - 700_000;
  return {
    timestamp: ticks(capturedUs),
    arrivalUs: capturedUs + delayUs,
    captureUs: knows === "capture" ? 3e15 + capturedUs - 300_000 : Number.NaN,
    captureTimestamp: ticks(capturedUs - 300_000),
    reportNtpUs: knows === "reports" ? 3e15 + report : Number.NaN,
    reportTimestamp: ticks(report),
  };
}

for (const by of ["capture", "reports"] as const) {
  test(`by ${by} the line goes on exactly, whatever the delays`, () => {
    const random = seeded(3);
    for (let round = 0; round < 500; round += 1) {
      const alignment = new LayerAlignment();
      let offset = Math.floor(random() * 2 ** 32);
      let at = 10e6;
      const line = (us: number) => Math.round((us * RATE) / 1e6);
      const first = frame(offset, at, by);
      const base = alignment.map(first.timestamp) - line(at);
      for (let hop = 0; hop < 5; hop += 1) {
        const from = frame(offset, at, by, random() * 150_000);
        alignment.map(from.timestamp);
        offset = Math.floor(random() * 2 ** 32);
        at += 33_333;
        const to = frame(offset, at, by, random() * 150_000);
        alignment.switchTo(from, to, RATE);
        expect(alignment.alignedBy).toBe(by);
        const drift = (alignment.map(to.timestamp) - base - line(at)) | 0;
        expect(Math.abs(drift)).toBeLessThanOrEqual(hop + 2);
      }
    }
  });
}

test("without either, by arrival", () => {
  const alignment = new LayerAlignment();
  const from = frame(1000, 10e6, "nothing", 10_000);
  alignment.map(from.timestamp);
  alignment.switchTo(from, frame(4e9, 10_050_000, "nothing", 40_000), RATE);
  expect(alignment.alignedBy).toBe("arrival");
  const moved = alignment.map(frame(4e9, 10_050_000, "nothing").timestamp) - from.timestamp;
  expect(moved).toBe((80_000 * RATE) / 1e6);
});

test("one layer's clock alone is no clock, and a broken one is not believed", () => {
  const alignment = new LayerAlignment();
  const from = frame(0, 10e6, "capture");
  alignment.switchTo(from, frame(5, 10_040_000, "reports"), RATE);
  expect(alignment.alignedBy).toBe("arrival");
  const broken = { ...frame(5, 10_040_000, "capture"), captureUs: 1 };
  alignment.switchTo(from, broken, RATE);
  expect(alignment.alignedBy).toBe("arrival");
});

test("the first frame of a layer leaves at least one tick after all before it", () => {
  const alignment = new LayerAlignment();
  const shown = frame(77, 10e6, "capture");
  const before = alignment.map(shown.timestamp);
  // The other layer's keyframe was captured with it, or earlier.
  for (const at of [10e6, 9.9e6]) {
    const to = frame(123_456, at, "capture");
    alignment.switchTo(shown, to, RATE);
    expect((alignment.map(to.timestamp) - before) | 0).toBeGreaterThanOrEqual(1);
  }
});

test("frames keep their distances within a layer", () => {
  const alignment = new LayerAlignment();
  alignment.map(0xffffff00);
  const from = frame(0, 1e6, "nothing");
  alignment.switchTo(from, { ...frame(0xfffff000, 1_033_000, "nothing") }, RATE);
  const start = alignment.map(0x10);
  expect((alignment.map(0x10 + 3000) - start) | 0).toBe(3000);
  // A late packet of an earlier frame has its own time.
  expect((alignment.map(0x10 - 3000) - start) | 0).toBe(-3000);
});
