/** Chromium publishes each codec, two other pages watch it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

describe.skipIf(lacksChromium("codecs in Chromium"))("codecs in Chromium", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve"), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  for (const codec of ["VP8", "VP9", "AV1", "H264"]) {
    test(`${codec} plays at two viewers`, async () => {
      const name = `codec/${codec}`;
      const publisher = await browser.publish(server.base, name, { codec });
      await publisher.live();
      const watchers = [
        await browser.watch(server.base, name),
        await browser.watch(server.base, name),
      ];
      for (const watcher of watchers) {
        // The encoder starts smaller and grows as the allowed rate does.
        const first = await watcher.receives("picture of full size and sound", (received) => {
          return received.size === "640x360" && received.energy > 0;
        });
        expect(first.codec).toBe(codec);
        expect(first.srtpCipher).toMatch(/AEAD_AES_(128|256)_GCM$/);
        const later = await watcher.receives("frames go on", (received) => {
          return received.frames >= first.frames + 30 && received.energy > first.energy;
        });
        expect(later.lost).toBe(0);
        expect(watcher.posts).toBe(1);
      }
      expect(browser.pageErrors).toEqual([]);
    }, 160_000);
  }

  test("the publisher is allowed its full rate", async () => {
    const publisher = await browser.publish(server.base, "rate", {
      ...{ codec: "VP8", layers: "single", width: 1280, height: 720 },
    });
    await publisher.live();
    // It starts at 1.5 Mb/s and stays there unless feedback (transport-cc, REMB) says there is more;
    // 2.5 Mb/s is the page's own limit.
    const video = () => publisher.outbound("video");
    await until(
      "the encoder aims at the page's limit",
      10_000,
      async () => {
        return Number((await video())?.targetBitrate ?? 0) >= 2_400_000;
      },
      video,
    );
    const pairs = (await publisher.stats()).filter((report) => report.type === "candidate-pair");
    const allowed = pairs.map((pair) => Number(pair.availableOutgoingBitrate ?? 0));
    expect(Math.max(...allowed)).toBeGreaterThan(2_500_000);
    // A larger picture uses more of it; the small one is perfect below 1 Mb/s.
    const before = await video();
    const sent = await until(
      "more than 1 Mb/s are sent",
      10_000,
      async () => {
        const now = await video();
        const seconds = (Number(now?.timestamp) - Number(before?.timestamp)) / 1000;
        const rate = ((Number(now?.bytesSent) - Number(before?.bytesSent)) * 8) / seconds;
        return seconds > 2 && rate > 1_000_000 ? rate : 0;
      },
      video,
    );
    expect(sent).toBeGreaterThan(1_000_000);
  }, 160_000);
});
