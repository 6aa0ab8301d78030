import { expect, test } from "bun:test";
import { runChaos } from "./chaos.ts";

/** Some hundredths of a second each. `bun run fuzz --target etcd` runs others. */
const SEEDS = 40;

test("etcd-claim: nobody wins what another has, and when faults end each name is one node's, as etcd has it", () => {
  let won = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    try {
      won += runChaos(seed);
    } catch (error) {
      const again = `bun run fuzz --target etcd --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  expect(won).toBeGreaterThan(SEEDS * 10);
}, 60_000);
