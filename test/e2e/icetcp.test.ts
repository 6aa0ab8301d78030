/** Chromium where no UDP gets through: it publishes and watches by TCP, and nobody beside it notices. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { OUTSIDE_ADDRESS } from "../support/firewall.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const SKIP = lacksChromium("media by TCP in Chromium");
const TEST_MS = 40_000;
/** Clients are told an address where nobody hears their UDP, and where the TCP port is. */
const INSIDE_ADDRESS = "127.0.0.1";
const ADVERTISE = [INSIDE_ADDRESS, OUTSIDE_ADDRESS]
  .map((local) => `${OUTSIDE_ADDRESS}/${local}`)
  .join(",");

describe.skipIf(SKIP)("without UDP", () => {
  let server: TestServer;
  let browser: TestBrowser;

  beforeAll(async () => {
    const args = ["--ice-tcp", `${OUTSIDE_ADDRESS}:0`, "--advertise", ADVERTISE];
    [server, browser] = await Promise.all([startServer("serve", { args }), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(() => browser?.closePages());
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test(
    "a browser publishes by TCP, and another one plays without a loss",
    async () => {
      const publisher = await browser.publish(server.base, "tcp");
      await publisher.live();
      const watcher = await browser.watch(server.base, "tcp");
      const received = await watcher.receives("three seconds", ({ frames }) => frames > 90);
      expect([received.lost, received.audioPackets > 90]).toEqual([0, true]);
      const { sessions } = (await server.api("/sessions")) as { sessions: { transport: string }[] };
      expect(sessions.map(({ transport }) => transport)).toEqual(["tcp", "tcp"]);
      const metrics = await (await fetch(`${server.base}/metrics`)).text();
      expect(metrics).toContain('spillway_sessions{kind="viewer",transport="tcp"} 1\n');
      expect(metrics).toContain('spillway_sessions{kind="viewer",transport="udp"} 0\n');
      expect(browser.pageErrors).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "who leaves leaves no connection behind",
    async () => {
      const open = () => established(server.pid);
      await until("the connections of the pages before are gone", TEST_MS / 2, () => open() === 0);
      const publisher = await browser.publish(server.base, "left");
      await publisher.live();
      expect(open()).toBeGreaterThan(0);
      await browser.closePages();
      await until("its connections are gone", TEST_MS / 2, () => open() === 0);
    },
    TEST_MS,
  );
});

/** Connections at the server's TCP port for media. */
function established(pid: number): number {
  const { stdout } = Bun.spawnSync(["ss", "-Htnp", `src ${OUTSIDE_ADDRESS}`]);
  return stdout
    .toString()
    .split("\n")
    .filter((line) => line.includes(`pid=${pid},`)).length;
}
