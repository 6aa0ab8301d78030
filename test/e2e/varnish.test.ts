/** Varnish in front of a tail, with the configuration that the README shows. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { type Came, TailPlayer } from "../../scripts/bench/tail-player.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { lacksVarnish, startVarnish, type TestCache } from "../support/varnish.ts";

const TOKEN = "varnish-token-0123456789";
const CONFIG = `
trusted-proxy = "127.0.0.1/32"
hls-children = "url"
[[auth.tokens]]
token = "${TOKEN}"
rights = ["view", "admin"]
`;
const PLAYERS = 200;
const PLAY_MS = 10_000;
/** Later than whoever asks the server itself. */
const ADDED_P95_MAX_MS = 40;

describe.skipIf(lacksVarnish("Varnish in front"))("Varnish in front", () => {
  let server: TestServer;
  let cache: TestCache;
  beforeAll(async () => {
    server = await startServer("demo", { config: CONFIG, token: TOKEN });
    cache = await startVarnish(server.port);
  }, SETUP_MS);
  afterAll(async () => {
    await cache?.stop();
    await server?.stop();
  });

  timed(
    "C05 F06 the server is asked for each URI once, and the crowd has it as soon",
    async () => {
      const known = cache.asked().length;
      const file = `/hls/demo/index.m3u8?token=${TOKEN}`;
      const direct = new Map<string, Came>();
      const crowd: Came[] = [];
      const end = performance.now() + PLAY_MS;
      const players = Array.from({ length: PLAYERS }, () => {
        return new TailPlayer(cache.base + file, (came) => crowd.push(came)).play(end);
      });
      const alone = new TailPlayer(server.base + file, (came) => direct.set(came.what, came));
      await Promise.all([...players, alone.play(end)]);
      expect(crowd.filter(({ status }) => status !== 200)).toEqual([]);
      const asked = cache.asked().slice(known);
      const files = asked.filter((uri) => uri.endsWith(".m4s") || uri.includes("_HLS_msn"));
      expect(files.length).toBeGreaterThan(20);
      expect(files.length).toBe(new Set(files).size);
      expect(files.filter((uri) => uri.includes("token"))).toEqual([]);
      const added = crowd
        .filter(({ what }) => what.includes("_HLS_msn") && direct.has(what))
        .map(({ what, cameAt }) => Math.max(0, cameAt - direct.get(what)!.cameAt))
        .toSorted((left, right) => left - right);
      const [p50, p95] = [0.5, 0.95].map((share) => added[Math.floor(added.length * share)]!);
      console.log(
        `Varnish: ${crowd.length} requests of ${PLAYERS} players, ${files.length} of the server; ` +
          `p50 ${p50!.toFixed(1)} ms, p95 ${p95!.toFixed(1)} ms added`,
      );
      inTime(() => expect(p95).toBeLessThan(ADDED_P95_MAX_MS));
    },
    40_000,
  );
});
