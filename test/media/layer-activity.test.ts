import { expect, test } from "bun:test";
import { LayerActivity } from "../../src/media/layer-activity.ts";

const MS = 1000;

/** Packets of 1,000 bytes at a frame rate; returns when the state changed, in ms. */
function feed(layer: LayerActivity, from: number, to: number, framesPerSecond: number): number[] {
  const changes: number[] = [];
  let frame = from;
  for (let ms = from; ms < to; ms += 1) {
    if (framesPerSecond > 0 && ms >= frame) {
      if (layer.packet(ms * MS, Math.floor(ms * 90), 1000)) changes.push(ms);
      if (layer.packet(ms * MS, Math.floor(ms * 90), 250)) changes.push(ms);
      frame += 1000 / framesPerSecond;
    }
    if (ms * MS >= layer.deadline && layer.update(ms * MS)) changes.push(ms);
  }
  return changes;
}

test("is active with its first packet, and measures", () => {
  const layer = new LayerActivity();
  expect(layer.active).toBe(false);
  expect(layer.deadline).toBe(Number.POSITIVE_INFINITY);
  expect(layer.packet(0, 0, 1000)).toBe(true);
  expect(layer.active).toBe(true);
  expect(feed(layer, 1, 3000, 25)).toEqual([]);
  // Over the last nine whole tenths of a second and the present one.
  expect(Math.abs(layer.framesPerSecond(2999 * MS) - 25)).toBeLessThanOrEqual(1);
  expect(Math.abs(layer.bitrate(2999 * MS) / 250_000 - 1)).toBeLessThan(0.05);
});

test("a pause is noticed within a second, and so is the return", () => {
  const layer = new LayerActivity();
  feed(layer, 0, 2000, 30);
  expect(layer.active).toBe(true);
  const [died] = feed(layer, 2000, 5000, 0);
  expect(died).toBeGreaterThan(2300);
  expect(died).toBeLessThan(3000);
  expect(layer.bitrate(5000 * MS)).toBe(0);
  expect(layer.framesPerSecond(5000 * MS)).toBe(0);
  const [back] = feed(layer, 5000, 7000, 30);
  expect(back).toBeGreaterThanOrEqual(5300);
  expect(back).toBeLessThan(6000);
});

test("five frames a second are slow, not dead", () => {
  const layer = new LayerActivity();
  layer.packet(0, 0, 100);
  expect(feed(layer, 1, 10_000, 5)).toEqual([]);
  expect(layer.active).toBe(true);
});

test("a layer that flickers stays away", () => {
  const layer = new LayerActivity();
  feed(layer, 0, 1000, 30);
  feed(layer, 1000, 3000, 0);
  const changes: number[] = [];
  for (let start = 3000; start < 13_000; start += 1000) {
    changes.push(
      ...feed(layer, start, start + 200, 30),
      ...feed(layer, start + 200, start + 1000, 0),
    );
  }
  expect(changes).toEqual([]);
});

test("a layer that has just begun is judged by what it does", () => {
  const layer = new LayerActivity();
  feed(layer, 0, 400, 25);
  expect(Math.abs(layer.bitrate(400 * MS) / 250_000 - 1)).toBeLessThan(0.2);
});
