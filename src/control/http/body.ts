import { HTTPException } from "hono/http-exception";
import { BODY_TIMEOUT_MS } from "../../limits.ts";

export const SDP_TYPE = "application/sdp";
export const FRAGMENT_TYPE = "application/trickle-ice-sdpfrag";

/** The type of a Content-Type value, lower case and without parameters; "" when there is none. */
export function mediaType(request: Request): string {
  const value = request.headers.get("Content-Type") ?? "";
  return value.split(";")[0]!.trim().toLowerCase();
}

/**
 * The body as text, or null when it is longer than `bytesMax`: nothing beyond is read, whatever
 * Content-Length said. Bytes that are no UTF-8 become U+FFFD; the parsers refuse them. Throws what
 * becomes a 408 when the body takes longer than `timeoutMs`: a trickle would hold a socket for ever.
 */
export async function readBody(
  request: Request,
  bytesMax: number,
  timeoutMs = BODY_TIMEOUT_MS,
): Promise<string | null> {
  if (Number(request.headers.get("Content-Length") ?? 0) > bytesMax) return null;
  if (request.body === null) return "";
  const reader = request.body.getReader();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel();
  }, timeoutMs);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length;
      if (length > bytesMax) {
        await reader.cancel();
        return null;
      }
      chunks.push(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
  if (late) throw new HTTPException(408, { message: "The body did not arrive in time." });
  return new TextDecoder().decode(Buffer.concat(chunks));
}
