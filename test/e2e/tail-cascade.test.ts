/** The tail at a node that has the stream from another one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { type ClusterNode, linked, TestCluster } from "../support/cluster.ts";
import { SETUP_MS } from "../support/server.ts";
import { until } from "../support/until.ts";

const PARTS = 5;

describe.skipIf(lacksChromium("tails of a cascade"))("tails of a cascade", () => {
  let cluster: TestCluster;
  let a: ClusterNode;
  let b: ClusterNode;
  let browser: TestBrowser;
  beforeAll(async () => {
    cluster = new TestCluster();
    browser = await TestBrowser.open();
    b = await cluster.start("B");
    a = await cluster.start("A", { join: ["B"] });
    await linked([a]);
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), cluster?.stop()]);
  });

  test("a node that nobody watches at pulls the stream for who asks for its tail", async () => {
    const publisher = await browser.publish(a.base, "show", { codec: "H264" });
    await publisher.live();
    const get = async (file: string): Promise<string | null> => {
      const response = await fetch(`${b.base}/hls/show/${file}`);
      const text = await response.text();
      return response.ok ? text : null;
    };
    const index = await until("the tail begins", 15_000, () => get("index.m3u8"));
    expect(index).toContain("avc1.");
    expect(index).toContain("opus");
    const playlist = /^[0-9a-f]{32}-0\.m3u8$/m.exec(index)![0];
    const parts = async () => ((await get(playlist)) ?? "").split("#EXT-X-PART:").length - 1;
    await until("parts come", 10_000, async () => (await parts()) >= PARTS, parts);
    expect((await b.stream("show"))?.origin).toBe("link");
  }, 90_000);
});
