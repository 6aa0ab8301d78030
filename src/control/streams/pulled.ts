import type { HeardStream } from "../../contract/cluster.ts";
import type { NamedTrack } from "../../wire/cascade/name.ts";
import type { RingNeed } from "../plane/lease.ts";
import type { Source } from "./source.ts";
import type { Stream } from "./stream.ts";

/** A stream of another node in rings of this one. */
export interface Pulled {
  readonly heard: HeardStream;
  readonly stream: Stream;
  readonly source: Source;
  /** Since when nobody has it read; null while somebody does. */
  unreadSince: number | null;
}

export function isRead(stream: Stream): boolean {
  return [...stream.audiences].some(({ size }) => size > 0);
}

export function isSame(left: HeardStream, right: HeardStream): boolean {
  return left.epoch === right.epoch && left.owner === right.owner;
}

/** The audio first, then the video with a ring a layer: as the tracks of a name are ordered. */
export function needsOf(tracks: readonly NamedTrack[]): readonly RingNeed[] {
  const needs: RingNeed[] = [];
  if (tracks[0]?.kind === "audio") needs.push({ kind: "audio", rids: [] });
  const video = tracks.filter(({ kind }) => kind === "video");
  if (video.length > 0) needs.push({ kind: "video", rids: video.map(({ rid }) => rid ?? "") });
  return needs;
}
