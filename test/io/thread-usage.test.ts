import { expect, test } from "bun:test";
import { threadUsage } from "../../src/io/thread-usage.ts";

test("a thread's time grows while it works, and not while it waits", async () => {
  const sum = () => threadUsage().userUs + threadUsage().systemUs;
  const start = sum();
  // As much as it takes: others may have the processor meanwhile.
  while (sum() - start < 50_000);
  const worked = sum();
  await Bun.sleep(300);
  expect(sum() - worked).toBeLessThan(200_000);
});
