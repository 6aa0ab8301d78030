/** A media playlist taken apart again, line by line, by nothing that wrote it. */

export interface ListedPart {
  readonly uri: string;
  readonly us: number;
  readonly independent: boolean;
  readonly gap: boolean;
}

export interface ListedSegment {
  readonly msn: number;
  discontinuity: boolean;
  /** How often its tag stands there. */
  breaks: number;
  /** It holds nothing. */
  gap: boolean;
  /** The map that is valid for it; and whether its tag stands here. */
  map: string;
  dateMs: number;
  readonly parts: ListedPart[];
  /** Null of one that is not complete. */
  uri: string | null;
  us: number;
  /** Tags that stand behind a part though they belong before it. */
  late: string[];
}

export interface ListedPlaylist {
  /** Tags of the head, but those that change. */
  readonly constants: string[];
  readonly tags: Map<string, string>;
  readonly segments: ListedSegment[];
  readonly hints: string[];
  readonly reports: string[];
  readonly ended: boolean;
}

const CONSTANT = ["VERSION", "TARGETDURATION", "SERVER-CONTROL", "PART-INF", "PLAYLIST-TYPE"];
const BEFORE_PARTS = ["DISCONTINUITY", "MAP", "PROGRAM-DATE-TIME", "KEY"];

export function readPlaylist(text: string): ListedPlaylist {
  const list: ListedPlaylist & { ended: boolean } = {
    ...{ constants: [], tags: new Map(), segments: [], hints: [], reports: [], ended: false },
  };
  let msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  let map = "";
  let open: ListedSegment | null = null;
  for (const line of text.split("\n").slice(1, -1)) {
    const [, tag = "", value = ""] = /^#(?:EXT-X-)?([A-Z0-9-]+):?(.*)$/.exec(line) ?? [];
    const ofSegment = ["", "EXTINF", "PART", "GAP"].includes(tag) || BEFORE_PARTS.includes(tag);
    if (!ofSegment) {
      if (CONSTANT.includes(tag)) list.constants.push(line);
      if (tag === "PRELOAD-HINT") list.hints.push(attribute(value, "URI"));
      else if (tag === "RENDITION-REPORT") list.reports.push(value);
      else if (tag === "ENDLIST") list.ended = true;
      else list.tags.set(tag, value);
      continue;
    }
    if (open === null) {
      open = {
        msn,
        discontinuity: false,
        breaks: 0,
        gap: false,
        map,
        dateMs: Number.NaN,
        parts: [],
        uri: null,
        us: 0,
        late: [],
      };
      list.segments.push(open);
      msn += 1;
    }
    if (tag === "MAP") map = attribute(value, "URI");
    readSegmentLine(open, tag, value, line);
    if (open.uri !== null) open = null;
  }
  return list;
}

function readSegmentLine(segment: ListedSegment, tag: string, value: string, line: string): void {
  if (BEFORE_PARTS.includes(tag) && segment.parts.length > 0) segment.late.push(tag);
  if (tag === "DISCONTINUITY") {
    segment.discontinuity = true;
    segment.breaks += 1;
  }
  if (tag === "GAP") segment.gap = true;
  if (tag === "MAP") segment.map = attribute(value, "URI");
  if (tag === "PROGRAM-DATE-TIME") segment.dateMs = Date.parse(value);
  if (tag === "EXTINF") segment.us = usOf(value.replace(",", ""));
  if (tag === "") segment.uri = line;
  if (tag !== "PART") return;
  const independent = attribute(value, "INDEPENDENT") === "YES";
  segment.parts.push({
    uri: attribute(value, "URI"),
    us: usOf(attribute(value, "DURATION")),
    independent,
    gap: attribute(value, "GAP") === "YES",
  });
}

/** Of an attribute list; empty when it is not there. */
export function attribute(list: string, name: string): string {
  return new RegExp(`(?:^|,)${name}=("?)([^",]*)\\1`).exec(list)?.[2] ?? "";
}

/** Seconds of a playlist as whole us. */
export function usOf(seconds: string): number {
  return Math.round(Number(seconds) * 1e6);
}
