import type { Hono } from "hono";
import { acceptsGzip } from "./coding.ts";
import type { AppContext, AppEnv } from "./context.ts";
import { notFound } from "./problem.ts";

/** One file for the browser, as src/web hands it out. */
export interface Page {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzip: () => Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** A strong entity tag, quotes included. */
  readonly etag: string;
  readonly contentSecurityPolicy: string | null;
  /** Its address has a hash of it: what is behind that never becomes another. */
  readonly isImmutable: boolean;
}

/** Keys: "home", "publish", "watch", "embed", "dashboard", and asset paths such as "/assets/player.js". */
export interface Pages {
  get(key: string): Page | undefined;
}

const HASH = /-[0-9a-f]{16}(?=\.js$)/;
const FOREVER = "public, max-age=31536000, immutable";

/** The pages and their assets. A token may stand in a page's URL, so no referrer leaves it. */
export function mountPages(app: Hono<AppEnv>, pages: Pages): void {
  const serve = (key: string) => (c: AppContext) => send(c, pages.get(key));
  app.get("/", serve("home"));
  app.get("/publish/*", serve("publish"));
  app.get("/watch/*", serve("watch"));
  app.get("/embed/*", serve("embed"));
  app.get("/dashboard", serve("dashboard"));
  app.get("/*", (c) => send(c, c.req.path.includes(".") ? asset(c.req.path, pages) : undefined));
}

/** A player that was loaded from an older server asks for a file of that one: it gets today's. */
function asset(path: string, pages: Pages): Page | undefined {
  return pages.get(path) ?? pages.get(path.replace(HASH, ""));
}

function send(c: AppContext, page: Page | undefined): Response {
  if (page === undefined) return notFound("page");
  const zipped = acceptsGzip(c);
  // Another coding is another representation (RFC 9110 8.8.3.3).
  const etag = zipped ? page.etag.replace(/"$/, '-gzip"') : page.etag;
  const headers: Record<string, string> = {
    "Content-Type": page.contentType,
    ETag: etag,
    Vary: "Accept-Encoding",
    "Cache-Control": page.isImmutable ? FOREVER : "no-cache",
    "Referrer-Policy": "no-referrer",
  };
  // The player is for pages of any origin: a module script is fetched with CORS, and an origin that
  // isolates itself loads only what says that it may be loaded (Fetch standard, 3.7).
  if (c.req.path.startsWith("/assets/")) {
    headers["Access-Control-Allow-Origin"] = "*";
    headers["Cross-Origin-Resource-Policy"] = "cross-origin";
  }
  if (page.contentSecurityPolicy !== null) {
    headers["Content-Security-Policy"] = page.contentSecurityPolicy;
  }
  if (c.req.header("If-None-Match") === etag) {
    return new Response(null, { status: 304, headers });
  }
  if (zipped) headers["Content-Encoding"] = "gzip";
  return new Response(zipped ? page.gzip() : page.body, { status: 200, headers });
}
