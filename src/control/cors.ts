import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./context.ts";

const METHODS = "OPTIONS, GET, HEAD, POST, PATCH, DELETE";
/** By name: `*` would not cover Authorization (Fetch standard, 4.8). */
const REQUEST_HEADERS = "Authorization, Content-Type, If-Match, ETag";
const EXPOSED_HEADERS =
  "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, " +
  "Access-Control-Allow-Methods, WWW-Authenticate";

/** CORS on every response below it, errors included: players live on other origins. */
export const cors: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const headers = c.res.headers;
  headers.set("Access-Control-Allow-Origin", "*");
  headers.set("Access-Control-Allow-Methods", METHODS);
  headers.set("Access-Control-Allow-Headers", REQUEST_HEADERS);
  headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  if (isPreflight(c.req.raw)) headers.set("Access-Control-Max-Age", "7200");
};

/** A CORS preflight carries no credentials and must never be asked for any (RFC 9725 4.7). */
export function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("Access-Control-Request-Method");
}
