/** Which levels of hls.js are missing: what its playlists report, and index.m3u8 lists. Pure. */
import type { Level, LevelDetails } from "hls.js";

/** Whether a playlist tells of one that is none of these. */
export function reportsOther(
  { renditionReports }: Pick<LevelDetails, "renditionReports">,
  levels: readonly Pick<Level, "uri">[],
): boolean {
  const names = new Set(levels.map(({ uri }) => nameOf(uri)));
  return renditionReports?.some(({ URI }) => URI !== undefined && !names.has(nameOf(URI))) === true;
}

/** The levels with those behind them that are listed as well, and better; null for none. */
export function withLate<L extends Pick<Level, "uri" | "bitrate">>(
  levels: readonly L[],
  listed: readonly L[],
): L[] | null {
  const names = new Set(levels.map(({ uri }) => nameOf(uri)));
  const others = listed.filter(({ uri }) => !names.has(nameOf(uri)));
  const most = Math.max(...levels.map(({ bitrate }) => bitrate));
  const late = others.filter(({ bitrate }) => bitrate > most);
  // Of another edition all have other names.
  if (late.length === 0 || others.length === listed.length) return null;
  return [...levels, ...late.toSorted((left, right) => left.bitrate - right.bitrate)];
}

/** The file, without token or directives. */
function nameOf(uri: string): string {
  return uri.replace(/\?.*$/, "").replace(/^.*\//, "");
}
