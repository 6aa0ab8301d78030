/** What the server of a tail refuses for good. */

/** Why it cannot be had, as a person reads it; null where it may yet. */
export function tailRefusal(details: string, status: number): string | null {
  if (status === 401 || status === 403) return "The server asks for a token.";
  if (status === 422) return "This stream cannot be served over HLS.";
  if (details !== "manifestIncompatibleCodecsError") return null;
  return "This browser has no decoder for this stream.";
}
