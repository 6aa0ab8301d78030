import { expect, test } from "bun:test";
import { sourcePlan } from "../../../scripts/bench/harness.ts";
import { HotChild } from "../../../scripts/bench/hot/child.ts";
import { VARIANTS } from "../../../scripts/bench/hot/parts.ts";

test("every process runs a load, and another one after it", async () => {
  const plan = sourcePlan(1_500_000, false);
  for (const variant of VARIANTS) {
    const child = new HotChild(variant);
    for (const streams of [1, 3]) {
      const opened = await child.obey({ streams, viewers: 4, plan });
      expect(opened.packets).toBe(0);
      const { packets, forwardNs } = await child.obey({ packets: 2_000, paced: false });
      expect(packets, variant.name).toBeGreaterThanOrEqual(2_000);
      expect(forwardNs, variant.name).toBeGreaterThan(0);
    }
    await child.end();
  }
}, 60_000);
