/** Playlists as some who ask see them, zipped once for all who see the same. */
import { TAIL_COPIES_BYTES_MAX } from "../../limits.ts";

/** Where each who asks has a token of its own, each part is zipped for each: 28 us in place of 49, and 5 % longer. */
const LEVEL = 3;

/** Of one playlist. */
interface Copies {
  readonly byKey: Map<string, Uint8Array<ArrayBuffer>>;
  bytes: number;
}

/** A playlist's go with it when the next part makes another. */
const copies = new WeakMap<object, Copies>();

/** What `make` makes of `playlist` for all of this `key`, zipped. */
export function zippedFor(
  playlist: object,
  key: string,
  make: () => string,
): Uint8Array<ArrayBuffer> {
  const kept = copies.get(playlist) ?? { byKey: new Map(), bytes: 0 };
  copies.set(playlist, kept);
  const known = kept.byKey.get(key);
  if (known !== undefined) return known;
  const zipped = Bun.gzipSync(make(), { level: LEVEL });
  kept.byKey.set(key, zipped);
  kept.bytes += key.length + zipped.length;
  // The newest stay: whoever asks again and again costs nothing.
  for (const [old, copy] of kept.byKey) {
    if (kept.bytes <= TAIL_COPIES_BYTES_MAX) break;
    kept.byKey.delete(old);
    kept.bytes -= old.length + copy.length;
  }
  return zipped;
}
