/** The publisher goes away and comes back: the viewers' peer connections stay and play on. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Publisher, Watcher } from "../support/browser.ts";
import { lacksChromium, publishUrl, TestBrowser } from "../support/browser.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";

/** Within this time of the publisher's return the picture must move again. */
const RETURN_MAX_MS = 3_000;
const CONFIG = `
[[streams]]
match = "taken/*"
takeover = true
`;

describe.skipIf(lacksChromium("returning publishers"))("returning publishers", () => {
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

  async function publishAndWatch(name: string, codec: string): Promise<[Publisher, Watcher[]]> {
    const publisher = await browser.publish(server.base, name, { codec });
    await publisher.live();
    const watchers = [
      await browser.watch(server.base, name),
      await browser.watch(server.base, name),
    ];
    for (const watcher of watchers) {
      await watcher.receives(
        "picture and sound",
        ({ frames, energy }) => frames > 10 && energy > 0,
      );
      await watcher.markConnection();
    }
    return [publisher, watchers];
  }

  test("after a reload of its page", async () => {
    const [publisher, watchers] = await publishAndWatch("reload", "VP8");
    await publisher.page.reload();
    await expectPlayback(watchers, publisher, "VP8");
    // Once more, by another codec that the answer carries already.
    await publisher.page.goto(publishUrl(server.base, "reload", { codec: "H264" }));
    await expectPlayback(watchers, publisher, "H264");
    await publisher.page.goto(publishUrl(server.base, "reload", { codec: "VP8" }));
    await expectPlayback(watchers, publisher, "VP8");
  }, 240_000);

  test("after a crash, once the silence of the old session has freed the name", async () => {
    const [publisher, watchers] = await publishAndWatch("crash", "VP8");
    await publisher.crash();
    const next = await browser.publish(server.base, "crash", { codec: "H264" });
    await expectPlayback(watchers, next, "H264");
  }, 240_000);

  test("a second publisher takes over where the configuration says so", async () => {
    const [first, watchers] = await publishAndWatch("taken/over", "VP8");
    const second = await browser.publish(server.base, "taken/over", { codec: "VP9" });
    await expectPlayback(watchers, second, "VP9");
    // The first one's page learns that it lost and does not fight for the name.
    await first.page.getByText("Another publisher took over").waitFor({ timeout: 10_000 });
    expect(await first.state()).toBe("idle");
    expect(await second.state()).toBe("live");
  }, 240_000);

  test("a second publisher is refused elsewhere, and its page says why", async () => {
    const first = await browser.publish(server.base, "mine", { codec: "VP8" });
    await first.live();
    const second = await browser.publish(server.base, "mine", { codec: "VP8" });
    const notice = second.page.locator("#notice");
    await notice.filter({ hasText: "Somebody else publishes" }).waitFor({ timeout: 5_000 });
    expect(await second.state()).not.toBe("live");
    expect(await first.state()).toBe("live");
  }, 240_000);
});

/** Both viewers decode frames of the codec within 3 s of the publisher's return. */
async function expectPlayback(
  watchers: readonly Watcher[],
  publisher: Publisher,
  codec: string,
): Promise<void> {
  await publisher.live();
  const returned = performance.now();
  const before = await Promise.all(watchers.map((watcher) => watcher.received()));
  await Promise.all(
    watchers.map(async (watcher, i) => {
      const { frames, energy } = before[i]!;
      const after = await watcher.receives(
        `${codec} after the return`,
        (now) => now.codec === codec && now.frames > frames + 5 && now.energy > energy,
        RETURN_MAX_MS,
      );
      console.log(`${codec}: ${Math.round(performance.now() - returned)} ms after the return`);
      expect(after.lost).toBe(0);
      expect(watcher.posts).toBe(1);
      expect(await watcher.keptConnection()).toBe(true);
    }),
  );
}
