/** What a node in virtual time has in its rings, and how readers are told of it. */
import type { KnownName } from "../../../src/cascade/names.ts";
import type { RingGrant, StreamSource } from "../../../src/contract/source.ts";
import type { NamedTrack } from "../../../src/wire/cascade/name.ts";

/** A stream of another node in rings of this one. */
export interface Pulled {
  readonly known: KnownName;
  readonly generation: number;
  unreadSince: number | null;
}

export function sourceOf(
  epoch: number,
  tracks: readonly NamedTrack[],
  grants: readonly RingGrant[],
): StreamSource {
  const of = (kind: string) => grants.filter((_, i) => tracks[i]!.kind === kind);
  return { epoch, audio: of("audio")[0] ?? null, video: of("video") };
}
