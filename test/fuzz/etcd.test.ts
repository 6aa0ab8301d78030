import { expect, test } from "bun:test";
import { fuzzEtcd } from "./etcd.ts";

const FIRST_SEED = 1;
/** Some hundredths of a second each. `bun run fuzz` runs others, for as long as it is told. */
const CASES = 20;

test("fuzz: of etcd's answers nothing is read that was not said, whatever they are", () => {
  let read = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    try {
      read += fuzzEtcd(seed);
    } catch (error) {
      const again = `bun run fuzz --target etcd --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  expect(read).toBeGreaterThan(CASES * 20);
}, 60_000);
