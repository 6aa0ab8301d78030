/** A cluster of real processes on a lossy network: what viewers see when a node in the middle fails. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { seeded } from "../support/random.ts";
import { inTime, Late, timed } from "../support/timed.ts";
import { type DrillResult, drill, isUndisturbed } from "./drill.ts";
import { lacksEmulator } from "./emulator.ts";
import type { Kind } from "./faults.ts";
import { StarCluster } from "./star-cluster.ts";

const SEED = 11;
const VIEWERS = 3;
const GAP_MS_MAX = 500;
/** From when a publisher is back until its media is everywhere. */
const ROOT_GAP_MS_MAX = 1_000;
const SETUP_MS = 120_000;
const DRILL_MS = 30_000;

describe.skipIf(lacksEmulator("a cluster of processes"))("cascade of four processes", () => {
  let cluster: StarCluster | null = null;
  const random = seeded(SEED);
  beforeAll(async () => {
    cluster = await StarCluster.open({
      seed: SEED,
      nodes: 4,
      // The root has room for two: the fourth node has the stream by another.
      childrenMax: 2,
      link: () => ({ delayUs: 20_000, jitterUs: 2_000, loss: 0.02 }),
      seconds: 600,
    });
  }, SETUP_MS);
  afterAll(async () => await cluster?.close());

  const run = async (kind: Kind): Promise<DrillResult> => {
    const result = await drill(cluster!, kind, { viewers: VIEWERS, random });
    const { before, after, ...told } = result;
    console.log(`${kind}: ${JSON.stringify(told)}`);
    if (result.void !== "") throw new Late(result.void);
    if (!isUndisturbed(result)) throw new Late("others had the processors");
    expect(result.viewers).toBeGreaterThan(0);
    expect(result.kept).toBe(result.viewers);
    return result;
  };

  timed(
    "a pause of 150 ms is no death: nobody changes its parent",
    async () => {
      const { falseDeaths, gapMs } = await run("pause");
      inTime(() => {
        expect(falseDeaths).toEqual([]);
        expect(gapMs).toBeLessThan(GAP_MS_MAX);
      });
    },
    DRILL_MS,
  );

  for (const [kind, what] of [
    ["cut", "of whose parent nothing is heard any more"],
    ["kill", "whose parent is killed"],
  ] as const) {
    timed(
      `a node ${what} has another within half a second, and its viewers miss nothing`,
      async () => {
        const { falseDeaths, gapMs, lost } = await run(kind);
        inTime(() => {
          expect(gapMs).toBeLessThan(GAP_MS_MAX);
          expect(falseDeaths).toEqual([]);
          expect(lost).toBe(0);
        });
      },
      DRILL_MS,
    );
  }

  timed(
    "the publisher's node is killed: the publisher goes to another one, and all viewers stay",
    async () => {
      const { back, gapMs } = await run("root");
      inTime(() => expect(gapMs).toBeLessThan(back!.ms + ROOT_GAP_MS_MAX));
    },
    DRILL_MS,
  );
});
