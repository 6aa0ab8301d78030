/** A cluster of real processes on paths that take less than Ethernet, from one moment on. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";
import { lacksEmulator } from "./emulator.ts";
import { StarCluster } from "./star-cluster.ts";
import { StarLoad } from "./star-load.ts";

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
/** By then both have heard of the stream. */
const HEARD_MS = 2_000;
/**
 * Frames of five packets of 1,100 B and one of 150 B, at once: the last two leave in one datagram, which
 * is too long for the narrow path.
 */
const SOURCE = ["--bitrate", "1356k", "--burst"];

describe.skipIf(lacksEmulator("a cluster on narrow paths"))("narrow paths", () => {
  let cluster: StarCluster | null = null;
  beforeAll(async () => {
    const link = () => ({ delayUs: 5_000 });
    cluster = await StarCluster.open({ seed: SEED, nodes: 2, childrenMax: 64, link, seconds: 300 });
  }, SETUP_MS);
  afterAll(async () => await cluster?.close());

  timed(
    "a link finds what its path takes, also when that is less all at once, and media goes on",
    async () => {
      const { star, nodes, path } = cluster!;
      const size = () => nodes[0]!.status()?.members[0]?.datagramBytes;
      await until("Ethernet's size", FOUND_MS, () => size() === WIDE_DATAGRAM, size);
      const wide = [`${nodes[0]!.base}/whip/wide`, ...SOURCE];
      const publisher = new StarLoad(star, 0, path, ["--publish", ...wide]);
      await Bun.sleep(HEARD_MS);
      const viewer = new StarLoad(star, 1, path, [`${nodes[1]!.base}/whep/wide`, "--viewers", "1"]);
      await star.figures();
      await Bun.sleep(WATCHED_MS);
      expect(star.between(await star.figures(), 0, 1).largest).toBeGreaterThan(NARROW);
      star.narrow(0, 1, NARROW);
      await until("the narrow size", FOUND_MS, () => size() === NARROW_DATAGRAM, size);
      // The last probes of what does not pass.
      await Bun.sleep(WATCHED_MS);
      await star.figures();
      await Bun.sleep(WATCHED_MS);
      const { largest, packets } = star.between(await star.figures(), 0, 1);
      expect(largest).toBeLessThanOrEqual(NARROW);
      expect(packets).toBeGreaterThan(0);
      const { quality, traffic } = await viewer.stop();
      expect(traffic.packets).toBeGreaterThan(0);
      await publisher.kill();
      inTime(() => expect(quality.lossPercent).toBeLessThan(1));
    },
    RUN_MS,
  );
});
