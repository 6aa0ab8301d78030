/** Streams with one kind of media, and viewers who come before the publisher. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const CONFIG = `
[[streams]]
match = "wait/*"
wait-for-stream = true
`;

describe.skipIf(lacksChromium("audio only, video only, waiting"))("tracks", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    const starting = startServer("serve", { config: CONFIG });
    [server, browser] = await Promise.all([starting, TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(async () => {
    await browser.closePages();
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  test("sound alone plays", async () => {
    await (await browser.publish(server.base, "sound", { source: "none" })).live();
    const watcher = await browser.watch(server.base, "sound");
    const received = await watcher.receives("sound", ({ energy }) => energy > 0);
    expect(received.codec).toBe("opus");
    expect(received.frames).toBe(0);
    await coverIsGone(watcher.page);
    expect(await watcher.state()).toBe("live");
  }, 120_000);

  test("a picture alone plays, and sound joins it when the publisher has some", async () => {
    const publisher = await browser.publish(server.base, "picture", { audio: "none" });
    await publisher.live();
    const watcher = await browser.watch(server.base, "picture");
    const received = await watcher.receives("a picture", ({ frames }) => frames > 10);
    expect(received.audioPackets).toBe(0);
    await coverIsGone(watcher.page);
    await watcher.markConnection();
    await publisher.page.goto(publisher.page.url().replace("audio=none", "audio=tone"));
    await watcher.receives("sound", ({ energy, frames }) => {
      return energy > 0 && frames > received.frames;
    });
    expect(watcher.posts).toBe(1);
    expect(await watcher.keptConnection()).toBe(true);
  }, 120_000);

  test("a viewer of a stream that is not live asks again and starts by itself", async () => {
    const watcher = await browser.watch(server.base, "later");
    await until("the page waits", 5_000, async () => (await watcher.state()) === "waiting");
    await watcher.page.getByText("Waiting for the stream to start").waitFor();
    await (await browser.publish(server.base, "later")).live();
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    await watcher.live();
    expect(watcher.posts).toBeGreaterThan(1);
  }, 120_000);

  test("with wait-for-stream the session is there before the publisher", async () => {
    const watcher = await browser.watch(server.base, "wait/here");
    await until(
      "the page waits",
      5_000,
      async () => (await watcher.state()) === "waiting",
      () => watcher.state(),
    );
    await watcher.page.getByText("Waiting for the stream to start").waitFor();
    await watcher.markConnection();
    // Longer than a live session may be silent before the page replaces it.
    await Bun.sleep(10_000);
    expect(watcher.posts).toBe(1);
    await (await browser.publish(server.base, "wait/here")).live();
    await watcher.receives("a picture", ({ frames, energy }) => frames > 0 && energy > 0, 3_000);
    await watcher.live();
    await coverIsGone(watcher.page);
    expect(watcher.posts).toBe(1);
    expect(await watcher.keptConnection()).toBe(true);
  }, 120_000);
});

/** The words over the picture are hidden while there is something to see or hear. */
async function coverIsGone(page: import("playwright-core").Page): Promise<void> {
  await page.locator("spillway-player .cover").waitFor({ state: "hidden", timeout: 5_000 });
}
