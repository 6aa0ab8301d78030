import type { Client } from "./proxy.ts";

/**
 * Whether a page of another origin makes the request. Programs send neither header; browsers send
 * Origin with everything but same-origin GETs, and newer ones Sec-Fetch-Site with those, too, to
 * addresses that they trust, as loopback is (Fetch standard, 3.2; Fetch Metadata, 2.4).
 */
export function isForeign(request: Request, client: Client, allowed: readonly string[]): boolean {
  const origin = request.headers.get("Origin");
  if (origin !== null) {
    const normal = normalOrigin(origin);
    if (normal !== null && allowed.includes(normal)) return false;
    // An opaque origin, "null", is anybody's.
    if (normal === null || normal !== normalOrigin(`${client.scheme}://${client.host}`))
      return true;
  }
  const site = request.headers.get("Sec-Fetch-Site")?.trim().toLowerCase() ?? "none";
  return site !== "none" && site !== "same-origin";
}

/** In lower case and without a default port; null when it is no origin of a page. */
function normalOrigin(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, origin } = new URL(text);
  return protocol === "http:" || protocol === "https:" ? origin : null;
}
