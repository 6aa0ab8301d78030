/** Two real processes between which nothing passes for a while: their link is the same behind it. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { isShort } from "../support/long.ts";
import { inTime, Late, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";
import { lacksEmulator } from "./emulator.ts";
import { StarCluster } from "./star-cluster.ts";
import type { StarLoad } from "./star-load.ts";

const SEED = 3;
const VIEWERS = 2;
const SETUP_MS = 120_000;
const RUN_MS = 60_000;
/** By then the viewers have a picture. */
const WATCHED_MS = 3_000;
const JOINED_MS = 15_000;
/** Another association is there by then, where one is made. */
const AGAIN_MS = 2_000;
const CUTS_MS = [1_200, 2_000, 3_500];

const WHAT = "outages of a link";

describe.skipIf(lacksEmulator(WHAT) || isShort(WHAT))("outages of a link", () => {
  let cluster: StarCluster | null = null;
  let viewers: StarLoad | null = null;
  beforeAll(async () => {
    const link = () => ({ delayUs: 5_000 });
    cluster = await StarCluster.open({ seed: SEED, nodes: 2, childrenMax: 64, link, seconds: 300 });
  }, SETUP_MS);
  afterAll(async () => {
    await viewers?.kill();
    await cluster?.close();
  });

  /** Nothing passes between the two for so long. */
  const cut = async (ms: number): Promise<void> => {
    const { star } = cluster!;
    star.cut(0, 1, true);
    star.cut(1, 0, true);
    await Bun.sleep(ms);
    star.cut(0, 1, false);
    star.cut(1, 0, false);
    await Bun.sleep(AGAIN_MS);
  };

  timed(
    "a link that is cut for some seconds goes on, and its viewers go on with it",
    async () => {
      const { star, nodes } = cluster!;
      // Those of a run that was late.
      await viewers?.kill();
      await inTime(() => cluster!.linked());
      viewers = cluster!.watch(1, VIEWERS);
      const watching = () => cluster!.place(1)?.viewers;
      await inTime(() => until("viewers", JOINED_MS, () => watching() === VIEWERS, watching));
      await Bun.sleep(WATCHED_MS);
      const marks = nodes.map(({ logged }) => logged);
      const said = (message: string): number =>
        nodes.reduce((sum, node, i) => sum + node.said(message, marks[i]!).length, 0);
      for (const ms of CUTS_MS) {
        await cut(ms);
        if (nodes.some((node, i) => node.late(marks[i]!))) throw new Late("a worker was late");
        const over = ["Node unlinked", "Node linked"].map(said);
        inTime(() => expect({ ms, over }).toEqual({ ms, over: [0, 0] }));
      }
      await star.figures();
      await Bun.sleep(WATCHED_MS);
      const { packets } = star.between(await star.figures(), 0, 1);
      inTime(() => expect(packets).toBeGreaterThan(0));
      const report = await viewers.stop();
      viewers = null;
      inTime(() => expect(report.traffic.packets).toBeGreaterThan(0));
      expect(report.viewers).toBe(VIEWERS);
    },
    RUN_MS,
  );
});
