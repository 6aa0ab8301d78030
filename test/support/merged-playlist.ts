/** A delta update put together with the playlist of before, as a player does it (RFC 8216bis 6.3.7). */

interface Taken {
  readonly version: number;
  /** Number of the first segment, and discontinuities before it. */
  readonly msn: number;
  readonly era: string;
  readonly constants: readonly string[];
  readonly skipped: number;
  /** IDs of dates that are gone; null where dates are not left out. */
  readonly removed: readonly string[] | null;
  /** By their IDs. */
  readonly dates: ReadonlyMap<string, string>;
  readonly segments: readonly Lines[];
  readonly foot: readonly string[];
}

interface Lines {
  readonly lines: readonly string[];
  /** The map that is valid for it; "" where that is the one before. */
  readonly map: string;
}

/** Everything that a playlist says, alike for texts that say the same. */
export interface Said {
  readonly head: readonly string[];
  readonly dates: readonly string[];
  readonly segments: readonly string[];
  readonly foot: readonly string[];
}

export class MergedPlaylist {
  #taken: Taken;

  constructor(full: string) {
    this.#taken = take(full);
    if (this.#taken.skipped > 0) throw new Error("D02: that is no full playlist");
  }

  /** Takes an answer to a request for a delta update, which may be a full playlist. */
  merge(text: string): void {
    const next = take(text);
    const before = this.#taken;
    const from = next.msn - before.msn;
    const kept = before.segments.slice(from, from + next.skipped);
    if (from < 0 || kept.length < next.skipped) throw new Error("D02: skips what nobody has");
    const dates = new Map(next.removed === null ? [] : before.dates);
    for (const id of next.removed ?? []) dates.delete(id);
    for (const [id, line] of next.dates) dates.set(id, line);
    if (next.skipped > 0) {
      // The map in front of what is left out is that of the last one that was.
      const [first, ...rest] = next.segments;
      const map = first!.map === "" ? kept.at(-1)!.map : first!.map;
      this.#taken = {
        ...next,
        dates,
        segments: [...kept, ...resolved([{ ...first!, map }, ...rest])],
      };
    } else this.#taken = next;
  }

  get said(): Said {
    return saidOf(this.#taken);
  }
}

/** What a full playlist says. */
export function saidBy(full: string): Said {
  return saidOf(take(full));
}

/** How many segments a delta update leaves out; 0 of a full playlist. */
export function skippedBy(text: string): number {
  return take(text).skipped;
}

function saidOf({ msn, era, constants, dates, segments, foot }: Taken): Said {
  return {
    head: [`${msn}`, era, ...constants],
    dates: [...dates.values()].toSorted(),
    segments: segments.map(({ lines, map }, at) => [msn + at, map, ...lines].join("\n")),
    foot,
  };
}

function take(text: string): Taken {
  const tag = (name: string) => new RegExp(`^#EXT-X-${name}:(.*)$`, "m").exec(text)?.[1];
  const lines = text.split("\n").slice(0, -1);
  const isFoot = (line: string) => /^#EXT-X-(PRELOAD|RENDITION|ENDLIST)/.test(line);
  const isHead = (line: string) =>
    /^#EXT(M3U|-X-(VERS|TARG|SERV|PART-INF|MEDIA|DISC\S+-|SKIP))/.test(line);
  const isDate = (line: string) => line.startsWith("#EXT-X-DATERANGE");
  const skip = tag("SKIP");
  const removed = /RECENTLY-REMOVED-DATERANGES="([^"]*)"/.exec(skip ?? "")?.[1];
  const ids = removed === "" ? [] : removed?.split("\t");
  const dates = lines.filter(isDate).map((line) => [/ID="(\d+)"/.exec(line)![1]!, line] as const);
  const rest = lines.filter((line) => !isHead(line) && !isFoot(line) && !isDate(line));
  return {
    version: Number(tag("VERSION")),
    msn: Number(tag("MEDIA-SEQUENCE")),
    era: tag("DISCONTINUITY-SEQUENCE")!,
    constants: lines.filter((line) => /^#EXT-X-(TARG|SERV|PART-INF)/.test(line)),
    skipped: Number(/SKIPPED-SEGMENTS=(\d+)/.exec(skip ?? "")?.[1] ?? 0),
    removed: skip === undefined || ids === undefined ? null : ids,
    dates: new Map(dates),
    segments: resolved(segmentsOf(rest), skip !== undefined),
    foot: lines.filter(isFoot),
  };
}

/** Each ends with its URI, but for one that is not complete. */
function segmentsOf(lines: readonly string[]): Lines[] {
  const segments: Lines[] = [];
  let open: string[] = [];
  let map = "";
  const close = () => {
    if (open.length > 0) segments.push({ lines: open, map });
    open = [];
    map = "";
  };
  for (const line of lines) {
    if (line.startsWith("#EXT-X-MAP")) map = line;
    else open.push(line);
    if (!line.startsWith("#")) close();
  }
  close();
  return segments;
}

/** With the map of each. `begins`: the first one has none of its own, which was left out. */
function resolved(segments: readonly Lines[], begins = true): Lines[] {
  let map = "";
  return segments.map((segment) => {
    map = segment.map === "" ? map : segment.map;
    if (map === "" && !begins) throw new Error("L20: no map");
    return { ...segment, map };
  });
}
