import { expect, test } from "bun:test";
import { MediaAge } from "../../src/relay/media-age.ts";

test("the youngest packet of a second tells how old media is; late ones do not", () => {
  const age = new MediaAge();
  expect(age.ms).toBeNull();
  for (let now = 0; now < 2_500_000; now += 10_000) {
    age.note(now % 50_000 === 0 ? 300_000 : 20_040 + (now % 40_000), now);
  }
  expect(age.ms).toBe(20);
  for (let now = 2_500_000; now < 4_100_000; now += 10_000) age.note(80_000, now);
  expect(age.ms).toBe(80);
});

test("without media for some seconds nothing is known", () => {
  const age = new MediaAge();
  for (let now = 0; now < 2_000_000; now += 10_000) age.note(5_000, now);
  for (let now = 2_000_000; now < 4_000_000; now += 5_000) age.look(now);
  expect(age.ms).toBe(5);
  for (let now = 4_000_000; now < 6_000_000; now += 5_000) age.look(now);
  expect(age.ms).toBeNull();
  age.note(7_000, 7_000_000);
  age.note(9_000, 8_100_000);
  expect(age.ms).toBe(7);
});
