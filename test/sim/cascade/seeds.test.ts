/** Clusters that live through what a seed says: nothing that must hold is ever found broken. */
import { expect, test } from "bun:test";
import { type Outcome, runSeed } from "./run.ts";

const SEEDS = 36;
/** In parts, so that the log shows how far it came. */
const PARTS = 6;

for (let part = 0; part < PARTS; part += 1) {
  const first = 1 + (part * SEEDS) / PARTS;
  const last = first + SEEDS / PARTS - 1;
  test(`clusters of seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed += 1) expectClean(runSeed(seed));
  }, 240_000);
}

test(
  "cascade-resume: that a link goes on by a session is heard when that was a link of its own already",
  () => expectClean(runSeed(805007)),
  240_000,
);

test("seeds that failed once", () => {
  // The owner's process starts again while it is cut off, and publishes under the epoch that it had.
  expectClean(runSeed(5028));
  // Cores have it by ways so long that an edge can have it from none of its own.
  expectClean(runSeed(90038));
  // All places are of nodes that are heard no more, and hear what they are sent.
  expectClean(runSeed(97079));
  // Answers to pings come again seconds later.
  expectClean(runSeed(41015));
  // A parent gets nothing any more, and goes on to say where the stream is.
  expectClean(runSeed(600155));
  // A standby nearer to the root than whoever gives the stream was asked for all that was on its way.
  expectClean(runSeed(90_018));
  // Who had been no second way stood by no more when the way was another, and nobody else was there.
  expectClean(runSeed(700_089));
  // The answer to whoever goes on by another session came again, and was answered, and so on for ever.
  expectClean(runSeed(700_400));
  // Whoever a link was to go on with was called over and over until it did, and by nobody after the next cut.
  expectClean(runSeed(850_398));
  // What rings had begun with just before all was measured was still on its way.
  expectClean(runSeed(930_544));
  // A parent that had to get it first took so long for that that another was asked beside it.
  expectClean(runSeed(930_592));
  // The nearer of two parents came to stand by: all that the other gave was asked for before it was there.
  expectClean(runSeed(940_089));
  // Those who were left by a root went on to say yes to each other, one after the other, for seconds.
  expectClean(runSeed(970_250));
  // Whoever heard nothing of the owner any more was not told of what it published next, but refused.
  expectClean(runSeed(980_473));
}, 240_000);

test("a cluster of 60 nodes", () => expectClean(runSeed(60, 60, true)), 240_000);

function expectClean({ seed, problems, story }: Outcome): void {
  if (problems.length > 0) {
    console.error(`seed ${seed}; again: bun run cascade --only ${seed}\n${story.join("\n")}`);
  }
  expect(problems, `seed ${seed}`).toEqual([]);
}
