import { expect, test } from "bun:test";
import { PictureRate } from "../../src/packager/picture-rate.ts";

test("the first part with pictures tells the rate, as encoders are set to", () => {
  for (const [pictures, us, rate] of [
    [15, 500_000, 30],
    [14, 466_667, 30],
    [12, 500_000, 24],
    [12, 480_000, 25],
    [30, 500_500, 60],
    [1, 500_000, 2],
    [9, 500_000, 18],
  ] as const) {
    const told = new PictureRate();
    told.note(0, 500_000);
    expect(told.perSecond).toBeNull();
    told.note(pictures, us);
    expect(told.perSecond).toBe(rate);
  }
});

test("F01: it stays what it was", () => {
  const told = new PictureRate();
  told.note(15, 500_000);
  told.note(2, 500_000);
  expect(told.perSecond).toBe(30);
});
