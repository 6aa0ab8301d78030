import type { AppContext } from "./context.ts";

/** Whether the client takes gzip (RFC 9110 12.5.3); one that refuses it says so by a weight of 0. */
export function acceptsGzip(c: AppContext): boolean {
  const codings = (c.req.header("Accept-Encoding") ?? "").split(",");
  return codings.some((coding) => /^\s*(x-)?gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding));
}
