import { expect, test } from "bun:test";
import { fuzzPath } from "./path.ts";

const FIRST_SEED = 1;
/** A quarter of a second each. `bun run fuzz` runs others, for as long as it is told. */
const CASES = 30;
/** What must have happened, or the cases prove nothing of it. */
const KINDS = [
  "video",
  "audio",
  "red",
  "padded",
  "late",
  "rtx",
  "again",
  "probe",
  "filler",
  "filler again",
  "padded filler",
  "parameter sets",
  "report",
  "output full",
  "publisher returns",
  "layer told",
];

test("fuzz: every byte that a viewer is sent is a publisher's, or a constant", () => {
  const seen = new Set<string>();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    try {
      for (const what of fuzzPath(seed).counts.keys()) seen.add(what);
    } catch (error) {
      const again = `bun run fuzz --target path --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
    // Where no media passes, viewers try all the time, and all cases together take minutes to show it.
    if (!seen.has("video")) break;
  }
  expect(KINDS.filter((what) => !seen.has(what))).toEqual([]);
}, 120_000);
