/** The tail at a node that has the stream from another one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { type ClusterNode, linked, TestCluster } from "../support/cluster.ts";
import { isShort } from "../support/long.ts";
import { readByMp4box } from "../support/mp4-readers.ts";
import { SETUP_MS } from "../support/server.ts";
import { until } from "../support/until.ts";

const ALIKE = 5;

/** What a playlist names behind its first segment. */
function filesOf(text: string | null): string[] {
  const [, ...later] = (text ?? "").split("#EXTINF:");
  const lines = later.flatMap((each) => each.split("\n").slice(2));
  const named = lines.map((line) => /^[0-9a-f]{32}-.*|(?<=PART:.*URI=")[^"]+/.exec(line)?.[0]);
  return named.filter((file) => file !== undefined);
}

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

  test("a node that nobody watches at pulls the stream for who asks for its tail, and cuts it as its root does", async () => {
    const publisher = await browser.publish(a.base, "show", { codec: "H264" });
    await publisher.live();
    const get = async (file: string, node = b): Promise<string | null> => {
      const response = await fetch(`${node.base}/hls/show/${file}`);
      const text = await response.text();
      return response.ok ? text : null;
    };
    const hex = async (file: string, node: ClusterNode) =>
      (await (await fetch(`${node.base}/hls/show/${file}`)).bytes()).toHex();
    // Before anybody asks for a tail of it.
    const still = await fetch(`${b.base}/hls/show/still.mp4`);
    expect([still.status, still.headers.get("Content-Type")]).toEqual([200, "video/mp4"]);
    const [picture] = readByMp4box(await still.bytes()).tracks;
    expect(picture!.samples).toMatchObject([{ key: true }]);
    const index = await until("the tail begins", 15_000, () => get("index.m3u8"));
    expect(index).toContain("avc1.");
    expect(index).toContain("opus");
    const playlist = /^[0-9a-f]{32}-0\.m3u8$/m.exec(index)![0];
    expect((await b.stream("show"))?.origin).toBe("link");
    // Nobody asked the root for it, and it goes by the same names there.
    expect(await get("index.m3u8", a)).toContain(playlist);
    // Nothing is missing in them but what did not come; the first segment lacks sound of before.
    const files = async (node: ClusterNode) => filesOf(await get(playlist, node));
    const alike = async (): Promise<number> => {
      const mine = await files(b);
      const its = await files(a);
      expect(mine.filter((file) => !its.includes(file))).toEqual([]);
      const same = await Promise.all(
        mine.map(async (file) => (await hex(file, b)) === (await hex(file, a))),
      );
      return same.filter((is) => is).length;
    };
    await until("files are alike", 20_000, async () => (await alike()) >= ALIKE, alike);
    await publisher.page.close();
  }, 90_000);

  const moves = "a publisher that comes to a node which knows nothing of the tail";
  test.skipIf(isShort(moves))(
    `${moves}: players show the other edition within three seconds`,
    async () => {
      const c = await cluster.start("C", { join: ["B"] });
      await linked([c]);
      const publish = async (node: ClusterNode) => {
        const publisher = await browser.publish(node.base, "moves", { codec: "H264" });
        await publisher.live();
        return publisher;
      };
      const edition = async () => {
        const response = await fetch(`${b.base}/hls/moves/index.m3u8`);
        return /^[0-9a-f]{32}/m.exec(await response.text())?.[0] ?? null;
      };
      const first = await publish(a);
      const { page } = await browser.watch(b.base, "moves", "?tier=tail");
      const shown = () =>
        page.evaluate<string | null>(`(() => {
          const { tail } = document.querySelector("spillway-player");
          return tail?.firstFrameMs == null ? null : (tail.hls?.levels[0]?.uri ?? null);
        })()`);
      const before = await until("the first edition", 15_000, edition);
      const shows = async (name: string) => (await shown())?.includes(name) === true;
      await until("its pictures", 20_000, () => shows(before), shown);
      await first.page.close();
      await publish(c);
      const after = await until("another edition", 10_000, async () => {
        const name = await edition();
        return name === before ? null : name;
      });
      await until("pictures of that", 3_000, () => shows(after), shown);
    },
    90_000,
  );
});
