/** Playlists with a token in their URIs, zipped once for all who show the same one. */
import { TAIL_COPIES_MAX } from "../../limits.ts";

/** A playlist's go with it when the next part makes another. */
const copies = new WeakMap<object, Map<string, Uint8Array<ArrayBuffer>>>();

/** What `make` makes of `playlist` for `token`, zipped. */
export function zippedFor(
  playlist: object,
  token: string,
  make: () => string,
): Uint8Array<ArrayBuffer> {
  const ofTokens = copies.get(playlist) ?? new Map<string, Uint8Array<ArrayBuffer>>();
  copies.set(playlist, ofTokens);
  const known = ofTokens.get(token);
  if (known !== undefined) return known;
  const zipped = Bun.gzipSync(make());
  if (ofTokens.size < TAIL_COPIES_MAX) ofTokens.set(token, zipped);
  return zipped;
}
