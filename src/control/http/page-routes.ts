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
}

/** Keys: "home", "publish", "watch", "embed", "dashboard", and asset paths such as "/assets/player.js". */
export interface Pages {
  get(key: string): Page | undefined;
}

/** The pages and their assets. A token may stand in a page's URL, so no referrer leaves it. */
export function mountPages(app: Hono<AppEnv>, pages: Pages): void {
  const serve = (key: string) => (c: AppContext) => send(c, pages.get(key));
  app.get("/", serve("home"));
  app.get("/publish/*", serve("publish"));
  app.get("/watch/*", serve("watch"));
  app.get("/embed/*", serve("embed"));
  app.get("/dashboard", serve("dashboard"));
  app.get("/*", (c) => send(c, c.req.path.includes(".") ? pages.get(c.req.path) : undefined));
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
    "Cache-Control": "no-cache",
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
