export const SDP_TYPE = "application/sdp";
export const FRAGMENT_TYPE = "application/trickle-ice-sdpfrag";

/** The type of a Content-Type value, lower case and without parameters; "" when there is none. */
export function mediaType(request: Request): string {
  const value = request.headers.get("Content-Type") ?? "";
  return value.split(";")[0]!.trim().toLowerCase();
}

/**
 * The body as text, or null when it is longer than `bytesMax`: nothing beyond is read, whatever
 * Content-Length said. Bytes that are no UTF-8 become U+FFFD; the parsers refuse them.
 */
export async function readBody(request: Request, bytesMax: number): Promise<string | null> {
  if (Number(request.headers.get("Content-Length") ?? 0) > bytesMax) return null;
  if (request.body === null) return "";
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > bytesMax) {
      await reader.cancel();
      return null;
    }
    chunks.push(part.value);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
