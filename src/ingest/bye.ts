import { Header, Inactive } from "../ring/layout.ts";
import type { KnownSsrc } from "./ssrc-table.ts";
import type { Track } from "./track.ts";

/** Media this long after a BYE takes it back; what is still on its way does not. */
const GRACE_US = 200_000;

/**
 * An SSRC says BYE (RFC 3550 6.6): it sends no more, which says nothing of the session. That lives
 * by ICE consent, and its other SSRCs, or a new one of this track, go on. Until media comes, the
 * ring is marked as one that nothing comes from, and nothing is asked of the SSRC.
 */
export function noteBye(known: KnownSsrc, now: number): void {
  known.byeAt = now;
  const { track } = known;
  if (known.rtx || track.ssrc !== known.ssrc || track.left) return;
  setLeft(track, true);
  track.missing.clear();
  track.keyframes.rest();
}

/** A packet of the SSRC that fills its track. */
export function noteMedia(known: KnownSsrc, now: number): void {
  const { track, byeAt } = known;
  if (byeAt !== 0) {
    if (now - byeAt <= GRACE_US) return;
    known.byeAt = 0;
  }
  if (!track.left) return;
  setLeft(track, false);
  if (track.video) track.keyframes.restart();
}

function setLeft(track: Track, left: boolean): void {
  track.left = left;
  track.writer.setWord(Header.inactive, left ? Inactive.left : Inactive.no);
}
