/**
 * Chromium publishes three layers at A, and its watch pages at A and B show the same. Whether sound and
 * picture have the same times at both is measured in cascade.test.ts: players add delays of their own.
 */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { lacksChromium, TestBrowser, type Watcher } from "../support/browser.ts";
import { type ClusterNode, linked, TestCluster } from "../support/cluster.ts";
import { chooseLayer, videoOf, watchLayers } from "../support/layer-choice.ts";
import { SETUP_MS } from "../support/server.ts";
import { timed } from "../support/timed.ts";

const LAYERS = [
  ["f", "1280x720"],
  ["h", "640x360"],
  ["q", "320x180"],
] as const;
const SWITCH_MS = 3_000;

describe.skipIf(lacksChromium("a cascade in Chromium"))("a cascade in Chromium", () => {
  let cluster: TestCluster;
  let b: ClusterNode;
  let browser: TestBrowser;
  let attempts = 0;
  beforeAll(async () => {
    cluster = new TestCluster();
    browser = await TestBrowser.open();
    b = await cluster.start("B");
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), cluster?.stop()]);
  });

  timed(
    "layers switch at B as at A, and B's page outlives A",
    async () => {
      attempts += 1;
      await browser.closePages();
      const name = `show/${attempts}`;
      const a = await cluster.start(`A${attempts}`, { join: ["B"] });
      await linked([a]);
      const layers = { codec: "VP8", layers: "simulcast-3", width: 1280, height: 720, fps: 25 };
      await (await browser.publish(a.base, name, layers)).live();
      const pages = [
        await watchLayers(browser, a.base, name),
        await watchLayers(browser, b.base, name),
      ];
      const [atA, atB] = pages.map(({ watcher }) => watcher) as [Watcher, Watcher];
      for (const watcher of [atA, atB]) {
        await watcher.receives(
          "picture and sound",
          (now) => now.frames > 30 && now.energy > 0,
          30_000,
        );
        await watcher.markConnection();
      }
      const took: string[] = [];
      for (const [rid, size] of [...LAYERS, ...LAYERS.toReversed()]) {
        for (const { watcher, layerUrl } of pages) {
          const chosen = performance.now();
          await chooseLayer(layerUrl, { rid });
          await watcher.receives(`${rid} decoded`, (now) => now.size === size, SWITCH_MS);
          took.push(`${rid} ${Math.round(performance.now() - chosen)}`);
        }
      }
      console.log(`switches at A and B in turn, ms: ${took.join(", ")}`);
      expect((await videoOf(atB)).pliCount).toBe(0);
      // A layer that is left in the middle of a frame leaves a number out; nothing else is missing.
      expect((await atB.received()).lost).toBeLessThanOrEqual(took.length / 2);

      await a.kill();
      const { frames } = await atB.received();
      await (await browser.publish(b.base, name, layers)).live();
      await atB.receives(
        "the picture of the new publisher",
        (now) => now.frames > frames + 50,
        5_000,
      );
      expect([await atB.keptConnection(), atB.posts]).toEqual([true, 1]);
      await browser.closePages();
      expect(browser.pageErrors).toEqual([]);
    },
    120_000,
  );
});
