import { expect, test } from "bun:test";
import { UsualAge } from "../../src/relay/usual-age.ts";
import { seeded } from "../support/random.ts";

test("hardly any packet is older than what is usual, and that is not far above", () => {
  const random = seeded(3);
  for (const [base, jitter] of [
    [5_000, 0],
    [5_000, 10_000],
    [90_000, 2_000],
    [150_000, 30_000],
  ] as const) {
    const usual = new UsualAge();
    const next = (): number => base + random() * jitter;
    for (let i = 0; i < 50; i += 1) usual.note(next());
    let older = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const age = next();
      if (age > usual.mostUs) older += 1;
      expect(usual.mostUs).toBeLessThanOrEqual(base + 2.5 * jitter + 1);
      usual.note(age);
    }
    expect(older).toBeLessThan(20);
  }
});

test("it follows where media comes another way, and a burst of old packets is no reason to wait long", () => {
  const usual = new UsualAge();
  expect(usual.mostUs).toBe(0);
  for (let i = 0; i < 50; i += 1) usual.note(2_000_000);
  expect(usual.mostUs).toBe(400_000);
  for (let i = 0; i < 100; i += 1) usual.note(20_000);
  expect(usual.mostUs).toBeLessThan(25_000);
});
