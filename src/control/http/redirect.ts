/** The other node, to which a full or stopping one sends its clients. */
import { tokenOf } from "./auth.ts";
import { RETRY_LIMIT_S, retryLater } from "./problem.ts";

/** In the URL of a redirect: the client came from another node. */
const REDIRECTED = "redirected";

/**
 * To another node, if there is one. 307 keeps method and body; 301 and 302 must not be used (RFC
 * 9725 4.5). Browsers drop Authorization on a redirect to another origin, and in the URL a token
 * would stand in logs and histories, so a request with one is not redirected.
 */
export function sendAway(
  request: Request,
  node: string | null,
  title: string,
  reason: string,
): Response {
  if (node === null) return retryLater(503, RETRY_LIMIT_S, title, `${reason} Try again later.`);
  const url = new URL(request.url);
  if (tokenOf(request) !== null) {
    const detail = `${reason} Try again later, or take the token to ${node} yourself.`;
    return retryLater(503, RETRY_LIMIT_S, title, detail);
  }
  const target = new URL(node);
  target.pathname = url.pathname;
  target.search = url.search;
  target.searchParams.set(REDIRECTED, "1");
  return new Response(null, {
    status: 307,
    headers: { Location: target.href, "Cache-Control": "no-store" },
  });
}

/** Whether another node sent the client here. */
export function cameFromNode(url: string): boolean {
  return new URL(url).searchParams.has(REDIRECTED);
}
