import { expect, test } from "bun:test";
import { Lag } from "../../src/packager/lag.ts";
import { seeded } from "../support/random.ts";

test("the lag is that of the promptest, and follows when all come later", () => {
  const lag = new Lag();
  const random = seeded(2);
  const note = (least: number) => {
    for (let i = 0; i < 500; i += 1) lag.note(least + random() * 100_000);
  };
  note(30_000);
  expect(lag.us).toBeWithin(30_000, 60_000);
  note(300_000);
  expect(lag.us).toBeWithin(300_000, 330_000);
  lag.note(10_000);
  expect(lag.us).toBe(10_000);
});

test("an interruption is none, and nothing comes before its capture", () => {
  const lag = new Lag();
  lag.note(3_600_000_000);
  expect(lag.us).toBe(3_000_000);
  lag.note(-5);
  expect(lag.us).toBe(0);
});
