/**
 * A full node's viewers go on to another one by themselves. B is for holders of a token that A's viewers
 * do not have: it takes them by the ticket alone.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { framesShown, lacksChromium, TestBrowser, Watcher } from "../support/browser.ts";
import { Client, viewerOffer } from "../support/client.ts";
import { type ClusterNode, linked, TestCluster } from "../support/cluster.ts";
import { Frames } from "../support/frames.ts";
import { chooseLayer, watchLayers } from "../support/layer-choice.ts";
import { OWN_URL } from "../support/process.ts";
import { SETUP_MS } from "../support/server.ts";
import { TestClients } from "../support/test-clients.ts";
import { timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const TOKEN = "of-b-alone-16-letters";
const SDP = { "Content-Type": "application/sdp" };

let cluster: TestCluster;
let a: ClusterNode;
let b: ClusterNode;
let site: ReturnType<typeof Bun.serve>;
/** What is at the third origin. */
let sitePage = "";
let filling: Client[] = [];
const clients = new TestClients();
let streams = 0;

beforeAll(async () => {
  const page = () => new Response(sitePage, { headers: { "Content-Type": "text/html" } });
  site = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: page });
  cluster = new TestCluster();
  const config = `[[auth.tokens]]\ntoken = "${TOKEN}"\nrights = ["admin", "view", "publish"]\n`;
  // One viewer takes all that A may give.
  const args = ["--capacity", "10k", "--cors-origins", site.url.origin];
  a = await cluster.start("A", { args });
  b = await cluster.start("B", {
    join: ["A"],
    args: ["--config", cluster.file("b.toml", config), "--public-url", OWN_URL],
  });
  await linked([a, b]);
  filling = [
    await Client.connect(a.base, "publisher", "filling"),
    await Client.connect(a.base, "viewer", "filling"),
  ];
}, SETUP_MS);
afterEach(() => {
  clients.hangUp();
});
afterAll(async () => {
  for (const client of filling) client.hangUp();
  await Promise.all([cluster?.stop(), site?.stop(true)]);
});

/** A stream at A that B would give to who is sent there. */
async function publish(): Promise<string> {
  streams += 1;
  const stream = `redirect/${streams}`;
  await clients.connect(a, "publisher", stream, { rids: ["f", "h", "q"] });
  await known(stream);
  return stream;
}

async function known(stream: string): Promise<void> {
  await until("A has heard that B has room, and B of the stream", 10_000, async () => {
    const sent = await post(`${a.base}/whep/${stream}`);
    if (sent.status !== 307) return false;
    const session = (await post(sent.headers.get("Location")!)).headers.get("Location");
    if (session !== null) await fetch(session, { method: "DELETE" });
    return session !== null;
  });
}

function post(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = viewerOffer();
  return fetch(url, { method: "POST", headers: { ...SDP, ...headers }, body, redirect: "manual" });
}

async function viewersAtB(stream: string): Promise<number> {
  const url = `${b.base}/api/v1/streams/${encodeURIComponent(stream)}`;
  const response = await fetch(url, { headers: { Authorization: `Bearer ${TOKEN}` } });
  return response.ok ? ((await response.json()) as { viewers: number }).viewers : 0;
}

test("B takes the viewer that A sends, once, and its URL is the proof", async () => {
  const stream = await publish();
  const direct = await post(`${b.base}/whep/${stream}`);
  expect(direct.status).toBe(401);
  const sent = await post(`${a.base}/whep/${stream}`);
  const target = sent.headers.get("Location")!;
  expect(target).toStartWith(`${b.base}/whep/${stream}?ticket=`);
  // As a browser does that comes from a third origin.
  const origin = { Origin: "null" };
  const opened = await post(target, origin);
  expect([opened.status, opened.headers.get("Access-Control-Allow-Origin")]).toEqual([201, "*"]);
  expect(await opened.text()).toStartWith("v=0");
  const session = opened.headers.get("Location")!;
  expect(session).toStartWith(`${b.base}/session/`);
  const again = await post(target);
  expect([again.status, again.headers.get("Content-Type")]).toEqual([
    403,
    "application/problem+json",
  ]);
  expect(((await again.json()) as { detail: string }).detail).toContain("It has been used");
  expect(await viewersAtB(stream)).toBe(1);
  const events = await fetch(`${session}/events`, { method: "POST", headers: origin });
  expect(events.status).toBe(201);
  const ended = await fetch(session, { method: "DELETE", headers: origin });
  expect(ended.status).toBe(200);
  expect(await viewersAtB(stream)).toBe(0);
}, 60_000);

test("a client that follows redirects is sent pictures by B", async () => {
  const stream = await publish();
  const viewer = await clients.connect(a, "viewer", stream);
  expect(viewer.url).toStartWith(b.base);
  const frames = new Frames(viewer);
  await until("a picture comes", 10_000, () => frames.firstPictureUs > 0);
  expect(await viewersAtB(stream)).toBe(1);
  await viewer.leave();
  await until("it has left B", 5_000, async () => (await viewersAtB(stream)) === 0);
}, 60_000);

describe.skipIf(lacksChromium("a redirect in Chromium"))("in Chromium", () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await TestBrowser.open();
  }, SETUP_MS);
  afterEach(() => browser?.closePages());
  afterAll(() => browser?.close());

  async function show(): Promise<string> {
    streams += 1;
    const name = `show/${streams}`;
    const layers = { codec: "VP8", layers: "simulcast-3", width: 1280, height: 720, fps: 25 };
    await (await browser.publish(a.base, name, layers)).live();
    await known(name);
    return name;
  }

  timed(
    "A's watch page plays at B: pictures, events and layers",
    async () => {
      const name = await show();
      const { watcher, layerUrl } = await watchLayers(browser, a.base, name);
      await watcher.receives("pictures and sound", (now) => now.frames > 30 && now.energy > 0);
      expect(layerUrl).toStartWith(`${b.base}/session/`);
      expect(await viewersAtB(name)).toBe(1);
      await chooseLayer(layerUrl, { rid: "q" });
      await watcher.receives("the smallest", ({ size }) => size === "320x180");
      // By events.
      const told = () => watcher.page.locator("#viewers").textContent();
      const hasTold = async () => (await told()) === "1 viewer";
      await until("the page tells how many watch", 10_000, hasTold, told);
      await watcher.page.close();
      await until("its DELETE has come to B", 10_000, async () => (await viewersAtB(name)) === 0);
      expect(browser.pageErrors).toEqual([]);
    },
    90_000,
  );

  timed(
    "so does a player in a page of a third origin, whose origin is null then",
    async () => {
      const name = await show();
      sitePage = `<!doctype html><title>Another site</title>
        <script type="module" src="${a.base}/assets/player.js"></script>
        <spillway-player src="${a.base}/whep/${name}"></spillway-player>`;
      const page = await browser.open("about:blank");
      const origins: (string | null)[] = [];
      page.on("request", async (request) => {
        if (request.method() !== "POST" || !request.url().startsWith(b.base)) return;
        origins.push(await request.headerValue("origin"));
      });
      const watcher = new Watcher(page);
      await page.goto(site.url.href);
      await until("B has the viewer", 20_000, async () => (await viewersAtB(name)) === 1);
      const frames = () => framesShown(page);
      await until("pictures are shown", 15_000, async () => (await frames()) > 10, frames);
      expect(origins[0]).toBe("null");
      expect(watcher.posts).toBe(2);
      await page.close();
      await until("its DELETE has come to B", 10_000, async () => (await viewersAtB(name)) === 0);
      expect(browser.pageErrors).toEqual([]);
    },
    90_000,
  );
});
