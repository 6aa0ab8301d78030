/** The README's snippet for one's own site, in a page of another origin. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { framesShown, lacksChromium, TestBrowser } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const README = readFileSync(resolve(import.meta.dir, "../../README.md"), "utf8");
const SNIPPET = /```html\n(<script type="module"[\s\S]*?)```/.exec(README)![1]!;
const FRAME = /```html\n(<iframe[\s\S]*?)```/.exec(README)![1]!;
const CONFIG = '[[streams]]\nmatch = "**"\nview = "open"\n';

describe.skipIf(lacksChromium("embedding in Chromium"))("on another site", () => {
  let server: TestServer;
  let browser: TestBrowser;
  const sites: { stop(): unknown }[] = [];
  beforeAll(async () => {
    const starting = startServer("serve", { config: CONFIG });
    [server, browser] = await Promise.all([starting, TestBrowser.open()]);
  }, SETUP_MS);
  afterAll(async () => {
    for (const site of sites) site.stop();
    await Promise.all([browser?.close(), server?.stop()]);
  });

  /** A site whose one page is a snippet of the README, for this server. */
  function site(headers: Readonly<Record<string, string>>, snippet = SNIPPET): string {
    const body = snippet
      .replaceAll("https://live.example.com", server.base)
      .replace("NAME", "embedded");
    const html = `<!doctype html><title>Another site</title>${body}`;
    const page = () =>
      new Response(html, { headers: { "Content-Type": "text/html; charset=utf-8", ...headers } });
    const listener = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: page });
    sites.push(listener);
    return listener.url.href;
  }

  const ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  };
  for (const [kind, headers] of [
    ["plain", {}],
    ["isolated", ISOLATED],
  ] as const) {
    test(`O7: the player of the README plays in a page of another origin (${kind})`, async () => {
      const publisher = await browser.publish(server.base, "embedded", { codec: "VP8" });
      await publisher.live();
      const page = await browser.open(site(headers));
      const frames = () => framesShown(page);
      await until("pictures are shown", 15_000, async () => (await frames()) > 10, frames);
      expect(browser.pageErrors).toEqual([]);
      await browser.closePages();
    }, 240_000);
  }

  for (const tier of ["realtime", "tail"]) {
    const what = `O7: a page with a strict policy plays it as an element, and in a frame (${tier})`;
    test.skipIf(tier === "tail" && isShort(what))(
      what,
      async () => {
        const publisher = await browser.publish(server.base, "embedded", { codec: "H264" });
        await publisher.live();
        const { base } = server;
        const policy = `default-src 'none'; script-src ${base}; connect-src ${base}; media-src blob:`;
        const element = SNIPPET.replace("<spillway-player", `<spillway-player tier="${tier}"`);
        const page = await browser.open(site({ "Content-Security-Policy": policy }, element));
        const framed = await browser.open(
          site(
            { "Content-Security-Policy": `default-src 'none'; frame-src ${base}` },
            FRAME.replace("embed/NAME", `embed/NAME?tier=${tier}`),
          ),
        );
        for (const place of [page, framed.frames()[1]!]) {
          const frames = () => framesShown(place);
          await until("pictures are shown", 15_000, async () => (await frames()) > 10, frames);
        }
        expect(browser.pageErrors).toEqual([]);
        await browser.closePages();
      },
      240_000,
    );
  }

  test("O7: what a page of another origin loads is marked for it, and nothing else is", async () => {
    const asset = await fetch(`${server.base}/assets/player.js`, {
      headers: { Origin: "http://x" },
    });
    expect(asset.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(asset.headers.get("Cross-Origin-Resource-Policy")).toBe("cross-origin");
    const etag = asset.headers.get("ETag")!;
    const again = await fetch(asset.url, { headers: { "If-None-Match": etag } });
    expect(again.status).toBe(304);
    expect(again.headers.get("Access-Control-Allow-Origin")).toBe("*");
    for (const path of ["/", "/dashboard", "/watch/x", "/embed/x"]) {
      const page = await fetch(`${server.base}${path}`);
      expect(page.headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
  });
});
