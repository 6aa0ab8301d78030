import { Header } from "../ring/layout.ts";
import type { Source } from "./sources.ts";
import type { Track } from "./track.ts";

/** Media this long after a BYE takes it back; what is still on its way does not. */
const GRACE_US = 200_000;

/**
 * A source says BYE (RFC 3550 6.6): it sends no more, which says nothing of the session. That lives
 * by ICE consent, and its other sources, or a new one of this track, go on. Until media comes, the
 * ring is marked as one that nothing comes from, and nothing is asked of the source.
 */
export function noteBye(source: Source, now: number): void {
  source.byeAt = now;
  const { track } = source;
  if (source.rtx || track.ssrc !== source.ssrc || track.left) return;
  setLeft(track, true);
  track.missing.clear();
  track.keyframes.rest();
}

/** A packet of the source that fills its track. */
export function noteMedia(source: Source, now: number): void {
  const { track, byeAt } = source;
  if (byeAt !== 0) {
    if (now - byeAt <= GRACE_US) return;
    source.byeAt = 0;
  }
  if (!track.left) return;
  setLeft(track, false);
  if (track.video) track.keyframes.restart();
}

function setLeft(track: Track, left: boolean): void {
  track.left = left;
  track.writer.setWord(Header.inactive, left ? 1 : 0);
}
