/** Lines of media playlists (draft-pantos-hls-rfc8216bis 4.4), whoever puts them together. */

/** A segment as it is listed. */
export interface SegmentLines {
  readonly name: string;
  /** What a player has to read before it. */
  readonly init: string;
  /** Discontinuities since the segment before. */
  readonly breaks: number;
  /** Wall clock at capture of what is shown at its start. */
  readonly wallUs: number;
  readonly durationUs: number;
  /** There is no such file. */
  readonly gap: boolean;
}

/** What never changes: the lines from TARGETDURATION on. */
export interface PlaylistHead {
  readonly constants: string;
  /** Number of the first segment that is listed, and the discontinuities before its own. */
  readonly msn: number;
  readonly era: number;
}

/** A playlist up to its first segment. `version`: as what stands in it needs (section 8). */
export function headLines(version: number, { constants, msn, era }: PlaylistHead): string {
  return `#EXTM3U
#EXT-X-VERSION:${version}
${constants}#EXT-X-MEDIA-SEQUENCE:${msn}
#EXT-X-DISCONTINUITY-SEQUENCE:${era}
`;
}

/** What stands before a segment's first part. `withInit`: not that of the segment before. */
export function beginLines(
  { breaks, init, wallUs }: Pick<SegmentLines, "breaks" | "init" | "wallUs">,
  withInit: boolean,
): string {
  const discontinuities = "#EXT-X-DISCONTINUITY\n".repeat(breaks);
  const map = withInit || breaks > 0 ? `#EXT-X-MAP:URI="${init}"\n` : "";
  const date = new Date(Math.floor(wallUs / 1000)).toISOString();
  return `${discontinuities}${map}#EXT-X-PROGRAM-DATE-TIME:${date}\n`;
}

/** What stands behind its last one. */
export function endLines({
  gap,
  durationUs,
  name,
}: Pick<SegmentLines, "gap" | "durationUs" | "name">): string {
  return `${gap ? "#EXT-X-GAP\n" : ""}#EXTINF:${seconds(durationUs)},\n${name}\n`;
}

/** Whole us as seconds, with all six places. */
export function seconds(us: number): string {
  const fraction = `${us % 1_000_000}`.padStart(6, "0");
  return `${Math.floor(us / 1_000_000)}.${fraction}`;
}

/** The same with as few as it takes. */
export function shortSeconds(us: number): string {
  return seconds(us).replace(/\.?0+$/, "");
}
