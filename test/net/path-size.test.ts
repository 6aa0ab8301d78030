/** A cluster of real processes on paths that take less than Ethernet, from the start and from one moment on. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";
import { lacksEmulator } from "./emulator.ts";
import { StarCluster } from "./star-cluster.ts";

const SEED = 5;
/** What IPv6 asks of every path, and what is left of it for UDP by IPv4, as links step up to it. */
const NARROW = 1_280;
const NARROW_DATAGRAM = 1_228;
/** Of Ethernet. */
const WIDE_DATAGRAM = 1_472;
const SETUP_MS = 120_000;
const RUN_MS = 60_000;
const FOUND_MS = 15_000;
const WATCHED_MS = 5_000;

describe.skipIf(lacksEmulator("a cluster on narrow paths"))("narrow paths", () => {
  let cluster: StarCluster | null = null;
  beforeAll(async () => {
    cluster = await StarCluster.open({
      seed: SEED,
      nodes: 3,
      childrenMax: 64,
      link: (from, to) => ({
        delayUs: 5_000,
        ...(from !== 2 && to !== 2 ? { mtu: NARROW } : {}),
      }),
      seconds: 300,
    });
  }, SETUP_MS);
  afterAll(async () => await cluster?.close());

  /** What the root finds that the paths to the two others take. */
  const sizes = (): number[] => {
    const { nodes } = cluster!;
    const members = nodes[0]!.status()?.members ?? [];
    return [1, 2].map((number) => {
      const id = nodes[number]!.status()?.node.id;
      return members.find(({ node }) => node === id)?.datagramBytes ?? 0;
    });
  };

  timed(
    "each link finds what its path takes, also when that is less all at once, and viewers miss nothing",
    async () => {
      const found = async (expected: readonly number[]): Promise<void> => {
        await until("sizes", FOUND_MS, () => sizes().join() === expected.join(), sizes);
      };
      await found([NARROW_DATAGRAM, WIDE_DATAGRAM]);
      const { star } = cluster!;
      await star.figures();
      const watched = async (): Promise<void> => {
        const viewers = [1, 2].map((node) => cluster!.watch(node, 1));
        await Bun.sleep(WATCHED_MS);
        const reports = await Promise.all(viewers.map((each) => each.stop()));
        for (const { traffic } of reports) expect(traffic.packets).toBeGreaterThan(100);
        inTime(() => expect(reports.map(({ quality }) => quality.lost)).toEqual([0, 0]));
      };
      await watched();
      const before = await star.figures();
      expect(star.between(before, 0, 2).largest).toBeGreaterThan(NARROW);
      expect(star.between(before, 0, 1).largest).toBeLessThanOrEqual(NARROW);
      setTimeout(() => star.narrow(0, 2, NARROW), WATCHED_MS / 2);
      await watched();
      await found([NARROW_DATAGRAM, NARROW_DATAGRAM]);
    },
    RUN_MS,
  );
});
