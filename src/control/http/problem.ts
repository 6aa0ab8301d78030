import { SDP_BYTES_MAX } from "../../limits.ts";
import type { SdpProblem } from "../../sdp/problem.ts";

/** Seconds after which a client turned away by a limit should try again. */
export const RETRY_LIMIT_S = 5;

/** RFC 9457 bodies. `error` repeats the detail: MediaMTX's pages read that member. */
export function problem(
  status: number,
  title: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(
    JSON.stringify({ type: "about:blank", status, title, detail, error: detail }),
    {
      status,
      headers: {
        ...headers,
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
      },
    },
  );
}

/** 503 or 429: come back after `seconds`. */
export function retryLater(
  status: 409 | 429 | 503,
  seconds: number,
  title: string,
  detail: string,
): Response {
  return problem(status, title, detail, { "Retry-After": String(seconds) });
}

/** A publisher has to wait until another one leaves. */
export function ringMemoryUsedUp(): Response {
  const detail = "The memory for media (ring-memory) is used up; try again later.";
  return retryLater(503, RETRY_LIMIT_S, "Server full", detail);
}

export function notFound(what: string): Response {
  return problem(404, "Not found", `There is no such ${what}.`);
}

/** Another node of the cluster was asked, and it is not known what it did. */
export function noAnswer(node: string): Response {
  return problem(504, "No answer", `The node ${node} did not answer.`);
}

export function methodNotAllowed(method: string, allow: string): Response {
  return problem(405, "Method not allowed", `${method} is not possible here; allowed: ${allow}.`, {
    Allow: allow,
  });
}

export function sdpProblem(refusal: SdpProblem): Response {
  return problem(refusal.status, refusal.title, refusal.detail);
}

export function tooLarge(): Response {
  return problem(413, "Body too large", `A body has at most ${SDP_BYTES_MAX} bytes.`);
}
