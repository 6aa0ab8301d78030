/** What a request for a playlist asks for beside it (draft-pantos-hls-rfc8216bis 6.2.5). */
import type { TailPlaylist } from "../../contract/tail.ts";
import { SKIPS, type Skip } from "../streams/dvr-list.ts";

/** The playlist once it lists this; null: as it is now. */
export interface Wanted {
  readonly msn: number;
  /** Null: the whole segment. */
  readonly part: number | null;
}

/** Decimal digits that stay a whole number. */
const DIGITS = /^\d{1,15}$/;
const KNOWN = new Set(["_HLS_msn", "_HLS_part", "_HLS_skip"]);
/** A segment so far beyond the newest can only be a mistake (6.2.5.2). */
const SEGMENTS_AHEAD = 2;

export interface Directives {
  /** Null: no part is waited for. */
  readonly wanted: Wanted | null;
  /** Null, and all that it does not know: nothing is left out. */
  readonly skip: Skip | null;
}

/** The directives of a query, or what is wrong with them. */
export function readDirectives(query: URLSearchParams): Directives | { readonly wrong: string } {
  for (const key of new Set(query.keys())) {
    if (!key.startsWith("_HLS_")) continue;
    if (!KNOWN.has(key)) return { wrong: `${key} is not known.` };
    if (query.getAll(key).length > 1) return { wrong: `${key} stands there twice.` };
  }
  const msn = query.get("_HLS_msn");
  const part = query.get("_HLS_part");
  const skip = SKIPS.find((value) => value === query.get("_HLS_skip")) ?? null;
  if (msn === null) {
    return part === null ? { wanted: null, skip } : { wrong: "_HLS_part needs _HLS_msn." };
  }
  if (!DIGITS.test(msn)) return { wrong: "_HLS_msn is a decimal number." };
  if (part !== null && !DIGITS.test(part)) return { wrong: "_HLS_part is a decimal number." };
  return { wanted: { msn: Number(msn), part: part === null ? null : Number(part) }, skip };
}

/** It lists what is wanted, or what comes behind it. */
export function lists({ msn, part, whole, ended }: TailPlaylist, wanted: Wanted): boolean {
  if (ended) return true;
  if (wanted.part === null) return whole >= wanted.msn;
  // A part beyond the last of a segment is the first of the next one.
  return msn > wanted.msn || (msn === wanted.msn && part >= wanted.part);
}

/** What is wanted lies so far ahead that waiting for it makes no sense. `partUs`: PART-TARGET. */
export function isTooFar(playlist: TailPlaylist, wanted: Wanted, partUs: number): boolean {
  if (playlist.ended) return false;
  const newest = Math.max(playlist.msn, playlist.whole);
  if (wanted.msn > newest + SEGMENTS_AHEAD) return true;
  // The Advance Part Limit.
  const ahead = partUs < 1_000_000 ? Math.ceil(3_000_000 / partUs) : 3;
  const last = wanted.msn === playlist.msn ? playlist.part : -1;
  return wanted.msn >= playlist.msn && wanted.part !== null && wanted.part > last + ahead;
}
