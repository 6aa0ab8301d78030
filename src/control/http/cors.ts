import type { MiddlewareHandler } from "hono";
import type { Authenticator } from "./auth.ts";
import type { AppEnv } from "./context.ts";

const METHODS = "OPTIONS, GET, HEAD, POST, PATCH, DELETE";
/** By name: `*` would not cover Authorization (Fetch standard, 4.8). */
const REQUEST_HEADERS = "Authorization, Content-Type, If-Match, ETag, Last-Event-ID";
const EXPOSED_HEADERS =
  "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, " +
  "Access-Control-Allow-Methods, WWW-Authenticate, Age, Date, Content-Length, Spillway-Time";

/** CORS on every response below it, errors included: players live on other origins. */
export const cors: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  allowOrigin(c.res.headers, c.req.raw, "*");
};

/** The same for the API, to pages of the origins that the configuration names. */
export function corsFor(auth: Authenticator): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const origin = c.req.header("Origin") ?? "";
    const allowed = auth.openness.origins.includes(origin);
    if (allowed && isPreflight(c.req.raw)) c.res = new Response(null, { status: 204 });
    else await next();
    if (c.res.headers.has("Access-Control-Allow-Origin")) return;
    c.res.headers.append("Vary", "Origin");
    if (allowed) allowOrigin(c.res.headers, c.req.raw, origin);
  };
}

function allowOrigin(headers: Headers, request: Request, origin: string): void {
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Allow-Methods", METHODS);
  headers.set("Access-Control-Allow-Headers", REQUEST_HEADERS);
  headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  if (isPreflight(request)) headers.set("Access-Control-Max-Age", "7200");
}

/** A CORS preflight carries no credentials and must never be asked for any (RFC 9725 4.7). */
export function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("Access-Control-Request-Method");
}
