import { expect, test } from "bun:test";
import { loadPages } from "../../src/web/pages.ts";

const SIZE_MAX = 250_000;
/** Gzipped, without hls.js: it is fetched when it is needed. */
const PLAYER_SIZE_MAX = 48_000;

test("every page loads only what is served here, and stays small", async () => {
  const pages = await loadPages();
  for (const key of ["home", "publish", "watch", "embed", "dashboard"]) {
    const page = pages.get(key);
    if (page === undefined) throw new Error(`no page ${key}`);
    const html = new TextDecoder().decode(page.body);
    expect(page.contentSecurityPolicy).toStartWith("default-src 'self';");
    expect(page.contentSecurityPolicy).not.toContain("script-src");
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
    let scriptBytes = 0;
    for (const [, address = ""] of html.matchAll(
      /<(?:script|link|img)[^>]*\s(?:src|href)="([^"]+)"/g,
    )) {
      const asset = pages.get(address);
      if (asset === undefined) throw new Error(`${key} wants ${address}, which is not served`);
      expect(asset.etag).toMatch(/^"[0-9a-f]{16}"$/);
      if (address.endsWith(".js")) scriptBytes += asset.body.length;
    }
    expect(scriptBytes).toBeGreaterThan(1000);
    expect(scriptBytes).toBeLessThan(SIZE_MAX);
  }
});

test("the player stays small, and brings no hls.js along", async () => {
  const pages = await loadPages();
  const player = pages.get("/assets/player.js")!;
  expect(player.gzip().length).toBeLessThan(PLAYER_SIZE_MAX);
  expect(new TextDecoder().decode(player.body)).not.toContain("EXT-X-");
  expect(pages.get("/assets/hls.js")!.body.length).toBeGreaterThan(300_000);
});

test("F24: no button for Cast or AirPlay, which have no Opus in MP4", async () => {
  const pages = await loadPages();
  const script = new TextDecoder().decode(pages.get("/assets/player.js")!.body);
  expect(script).toContain("media-pip-button");
  for (const button of ["media-cast-button", "media-airplay-button"]) {
    expect(script).not.toContain(button);
  }
});

test("what is fetched later has a name that tells what is in it, and never becomes another", async () => {
  const pages = await loadPages();
  const isChunk = (key: string) => /^\/assets\/(hls|tail|seekbar)-[0-9a-f]{16}\.js$/.test(key);
  const keys = [...pages.keys()];
  expect(keys.filter(isChunk).length).toBe(3);
  for (const key of keys) {
    const page = pages.get(key)!;
    expect([key, page.isImmutable]).toEqual([key, isChunk(key)]);
    if (!page.isImmutable) continue;
    expect(key).toContain(page.etag.slice(1, -1));
    const plain = pages.get(key.replace(/-\w+\.js$/, ".js"));
    expect([plain?.etag, plain?.isImmutable]).toEqual([page.etag, false]);
  }
});

test("the test pattern's worker is served", async () => {
  const pages = await loadPages();
  expect(pages.get("/assets/ticker.js")?.contentType).toStartWith("text/javascript");
});

test("S4: no page but those for watching may be framed by other sites", async () => {
  const pages = await loadPages();
  for (const key of ["home", "publish", "watch", "embed", "dashboard"]) {
    const policy = pages.get(key)?.contentSecurityPolicy ?? "";
    const isFramed = key === "watch" || key === "embed";
    expect([key, policy.includes("frame-ancestors 'none'")]).toEqual([key, !isFramed]);
    expect([key, policy.includes("frame-ancestors")]).toEqual([key, !isFramed]);
  }
});
