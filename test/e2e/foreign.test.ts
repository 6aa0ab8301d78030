/** Pages of another origin in Chromium, against servers on loopback. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const TOKEN = "publisher-of-everything";
const OPEN_STAGE = `
[[auth.tokens]]
token = "${TOKEN}"
rights = ["publish", "view", "admin"]

[[streams]]
match = "stage/*"
view = "open"
`;

describe.skipIf(lacksChromium("foreign pages in Chromium"))("foreign pages", () => {
  const site = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("<body></body>", { headers: { "Content-Type": "text/html" } }),
  });
  const foreign = `http://127.0.0.1:${site.port}/`;
  let open: TestServer;
  let guarded: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    [open, guarded, browser] = await Promise.all([
      startServer("serve"),
      startServer("serve", { config: OPEN_STAGE, token: TOKEN }),
      TestBrowser.open(),
    ]);
  }, SETUP_MS);
  afterEach(async () => {
    await browser.closePages();
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), open?.stop(), guarded?.stop(), site.stop(true)]);
  });

  test("S4: they neither publish, watch nor administer an open loopback server", async () => {
    const publisher = await browser.publish(open.base, "mine", { codec: "VP8" });
    await publisher.live();
    const page = await browser.open(foreign);
    for (const path of ["/whip/theirs", "/whep/mine"]) {
      expect(await post(page, `${open.base}${path}`)).toBe(403);
    }
    // No CORS: the page does not even learn the status.
    for (const path of ["/api/v1/sessions", "/metrics"]) {
      expect(await read(page, `${open.base}${path}`)).toBe("blocked");
    }
    const { sessions } = (await open.api("/sessions")) as { sessions: unknown[] };
    expect(sessions).toHaveLength(1);
  }, 120_000);

  test("S4: they frame the watch page alone", async () => {
    const page = await browser.open(foreign);
    for (const [path, shows] of [
      ["/watch/mine", true],
      ["/dashboard", false],
      ["/publish/mine", false],
      ["/", false],
      ["/api/v1/openapi.json", false],
    ] as const) {
      await frame(page, `${open.base}${path}`);
      const loaded = page.frames().some((each) => each.url() === `${open.base}${path}`);
      expect([path, loaded]).toEqual([path, shows]);
    }
  }, 120_000);

  test("S4: own pages work as before, the dashboard and its buttons too", async () => {
    const publisher = await browser.publish(open.base, "own", { codec: "VP8" });
    await publisher.live();
    const watcher = await browser.watch(open.base, "own");
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    const dashboard = await browser.open(`${open.base}/dashboard`);
    await dashboard.getByRole("button", { name: "Disconnect viewer" }).click();
    await dashboard.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await until("one was ended", 10_000, async () => {
      const { sessions } = (await open.api("/sessions")) as { sessions: unknown[] };
      return sessions.length < 2;
    });
    await watcher.page.close();
  }, 160_000);

  test("view = open: a foreign page watches without a token what is open, and nothing else", async () => {
    const options = { codec: "VP8", token: TOKEN } as const;
    for (const name of ["stage/1", "hidden"]) {
      const publisher = await browser.publish(guarded.base, name, options);
      await publisher.live();
    }
    const page = await browser.open(foreign);
    expect(await post(page, `${guarded.base}/whep/hidden`)).toBe(401);
    expect(await post(page, `${guarded.base}/whip/stage/1`)).toBe(401);
    const frames = await watch(page, `${guarded.base}/whep/stage/1`);
    expect(frames).toBeGreaterThan(0);
    const list = (await read(page, `${guarded.base}/api/v1/streams`)) as string;
    expect(list).toContain("stage/1");
    expect(list).not.toContain("hidden");
    // The watch page and home of the server itself need none either.
    const watcher = await browser.watch(guarded.base, "stage/1");
    await watcher.receives("a picture", ({ frames }) => frames > 0);
    const home = await browser.open(guarded.base);
    await home.locator("#streams .card").first().waitFor();
    expect(await home.locator("#streams .card").count()).toBe(1);
    await home.locator("#token").fill(TOKEN);
    await home.getByRole("button", { name: "Continue" }).click();
    await until("all are listed", 10_000, async () => {
      return (await home.locator("#streams .card").count()) === 2;
    });
  }, 240_000);
});

/** Status of a POST of an offer, as the page sees it. */
function post(page: Page, url: string): Promise<number> {
  return page.evaluate(`(async () => {
    const headers = { "Content-Type": "application/sdp" };
    return (await fetch("${url}", { method: "POST", headers, body: "v=0" })).status;
  })()`);
}

/** What the page reads there. */
function read(page: Page, url: string): Promise<string> {
  return page.evaluate(`fetch("${url}").then((response) => response.text(), () => "blocked")`);
}

async function frame(page: Page, url: string): Promise<void> {
  await page.evaluate(`(async () => {
    const element = document.createElement("iframe");
    element.src = "${url}";
    const loaded = new Promise((resolve) => element.addEventListener("load", resolve));
    document.body.replaceChildren(element);
    await loaded;
  })()`);
}

/** A WHEP client of a few lines: POST, answer, DELETE; the frames that it decoded. */
function watch(page: Page, url: string): Promise<number> {
  return page.evaluate(`(async () => {
    const pc = new RTCPeerConnection();
    const video = document.createElement("video");
    video.muted = true;
    pc.addEventListener("track", ({ streams }) => {
      video.srcObject = streams[0] ?? null;
      video.play().catch(() => undefined);
    });
    for (const kind of ["audio", "video"]) pc.addTransceiver(kind, { direction: "recvonly" });
    await pc.setLocalDescription();
    const headers = { "Content-Type": "application/sdp" };
    const body = pc.localDescription.sdp;
    const response = await fetch("${url}", { method: "POST", headers, body });
    await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
    const end = performance.now() + 10_000;
    const frames = () => video.getVideoPlaybackQuality().totalVideoFrames;
    while (frames() === 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const seen = frames();
    pc.close();
    const location = response.headers.get("Location") ?? "";
    const gone = await fetch(new URL(location, "${url}"), { method: "DELETE" });
    return gone.ok ? seen : -1;
  })()`);
}
