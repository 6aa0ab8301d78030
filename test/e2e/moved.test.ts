/** C3 in Chromium: its NAT gives it another port, and pictures go on in the same connection. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Page } from "playwright-core";
import { lacksChromium, Publisher, publishUrl, TestBrowser, Watcher } from "../support/browser.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { candidatePort, throughRelay, UdpRelay } from "../support/udp-relay.ts";
import { until } from "../support/until.ts";

/** From the first authentic datagram at the new port. */
const MOVED_MS = 2_000;

/** Puts a relay between the page's next session and the server. */
async function relayed(page: Page, pattern: string): Promise<() => UdpRelay> {
  let relay: UdpRelay | null = null;
  await page.route(pattern, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const response = await route.fetch();
    const answer = await response.text();
    const serverPort = candidatePort(answer);
    relay = await UdpRelay.open({ seed: 1, loss: 0, delayMs: 5, jitterMs: 0, serverPort });
    return route.fulfill({ response, body: throughRelay(answer, relay.port) });
  });
  return () => relay!;
}

describe.skipIf(lacksChromium("a change of port in Chromium"))("Chromium", () => {
  let server: TestServer;
  let browser: TestBrowser;
  let attempts = 0;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve"), TestBrowser.open()]);
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  timed(
    "C3: a viewer's pictures and a publisher's reports follow it to its new port",
    async () => {
      attempts += 1;
      const name = `moved-${attempts}`;
      const source = await browser.open("about:blank");
      const uplink = await relayed(source, "**/whip/**");
      await source.goto(publishUrl(server.base, name, {}));
      await new Publisher(source).live();
      const page = await browser.open("about:blank");
      const watcher = new Watcher(page);
      const downlink = await relayed(page, "**/whep/**");
      await page.goto(`${server.base}/watch/${name}`);
      await watcher.receives("pictures come", ({ frames }) => frames > 30);
      await watcher.markConnection();

      for (const relay of [downlink(), uplink()]) {
        await relay.rebind();
        const { since } = relay;
        const came = () => (relay === downlink() ? since.rtpAt : since.rtcpAt);
        await until("it is heard from its new port", 7_000, () => since.heardAt > 0);
        await until("what the server sends follows it", 10_000, () => came() > 0);
        inTime(() => expect(came() - since.heardAt).toBeLessThanOrEqual(MOVED_MS));
        const { frames } = await watcher.received();
        await watcher.receives("pictures go on", (now) => now.frames > frames + 60);
        const { sessions } = (await server.api("/sessions")) as { sessions: { path: string }[] };
        expect(sessions.map(({ path }) => path)).toContain(`127.0.0.1:${relay.publicPort}`);
      }
      expect([await watcher.keptConnection(), watcher.posts]).toEqual([true, 1]);
      expect(browser.pageErrors).toEqual([]);
      for (const relay of [downlink(), uplink()]) relay.close();
    },
    90_000,
  );
});
