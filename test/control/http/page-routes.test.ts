import { expect, test } from "bun:test";
import { Hono } from "hono";
import type { AppEnv } from "../../../src/control/http/context.ts";
import { mountPages, type Page } from "../../../src/control/http/page-routes.ts";

const HASH = "0123456789abcdef";

function asset(text: string, isImmutable: boolean): Page {
  const body = new TextEncoder().encode(text);
  const contentType = "text/javascript; charset=utf-8";
  const gzip = () => Bun.gzipSync(body);
  return { body, gzip, contentType, etag: `"${text}"`, contentSecurityPolicy: null, isImmutable };
}

const pages = new Map([
  ["/assets/player.js", asset("player", false)],
  [`/assets/tail-${HASH}.js`, asset("tail", true)],
  ["/assets/tail.js", asset("tail", false)],
]);

async function get(path: string) {
  const app = new Hono<AppEnv>();
  mountPages(app, pages);
  const response = await app.request(path);
  return { text: await response.text(), age: response.headers.get("Cache-Control") };
}

test("what has a hash in its name is kept for ever, all else is asked for again", async () => {
  const forever = "public, max-age=31536000, immutable";
  expect(await get(`/assets/tail-${HASH}.js`)).toEqual({ text: "tail", age: forever });
  expect(await get("/assets/player.js")).toEqual({ text: "player", age: "no-cache" });
  expect(await get("/assets/tail.js")).toEqual({ text: "tail", age: "no-cache" });
});

test("a player of another version gets today's file, and nobody keeps that", async () => {
  const today = { text: "tail", age: "no-cache" };
  expect(await get("/assets/tail-fedcba9876543210.js")).toEqual(today);
  for (const path of ["/assets/none-fedcba9876543210.js", "/assets/tail-fedcba98.js"]) {
    expect((await get(path)).age).not.toContain("max-age");
    expect((await get(path)).text).toContain("Not found");
  }
});
