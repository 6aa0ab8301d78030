/** How old the pictures of a tail are, and whether that is too old. Pure. */
import type Hls from "hls.js";

/** Older pictures are those of a stream that has ended, or of a server that lags. */
const STALE_MS = 10_000;
/** Players of browsers stay three segments behind, of ten seconds at most, whatever the server says. */
const NATIVE_MS = 30_000;

export interface Shown {
  /** Null while not known. */
  readonly latencyMs: number | null;
  /** Somebody has gone back: what is shown is old on purpose. */
  readonly back: { readonly isBehind: boolean };
  /** The browser plays it by itself. */
  readonly isNative: boolean;
}

/** Whether a tail that somebody watches is too old to be taken for live. */
export function isStale({ latencyMs, back, isNative }: Shown): boolean {
  const limitMs = STALE_MS + (isNative ? NATIVE_MS : 0);
  return !back.isBehind && (latencyMs ?? 0) > limitMs;
}

/** What a browser that plays HLS by itself tells of it, as WebKit does. */
interface Dated {
  readonly currentTime: number;
  /** Capture time of second 0; an invalid date where that is not known. */
  getStartDate?(): Date;
}

/** Capture time of what is shown, ms since 1970; null while not known. `hls`: null without hls.js. */
export function captureMsOf(hls: Pick<Hls, "playingDate"> | null, video: Dated): number | null {
  if (hls !== null) return hls.playingDate?.getTime() ?? null;
  const ms = (video.getStartDate?.().getTime() ?? Number.NaN) + video.currentTime * 1_000;
  return Number.isNaN(ms) ? null : ms;
}
