/**
 * What holds of every media playlist of a session, and from one to the next: by the sections of
 * RFC 8216bis and by what players of the field broke on. To be shown each that was rendered.
 */
import * as HLS from "hls-parser";
import {
  attribute,
  type ListedPart,
  type ListedPlaylist,
  type ListedSegment,
  readPlaylist,
  usOf,
} from "./playlist-text.ts";

const PART_SHARE_MIN = 0.85;
const SEGMENTS_MIN = 6;

export class PlaylistRules {
  /** What was broken, each told once. */
  readonly problems: string[] = [];
  #before: ListedPlaylist | null = null;
  #beforeText = "";
  /** Complete segments by number, as they were first seen. */
  readonly #seen = new Map<number, string>();
  #listedMost = 0;

  /** `dvr`: it lists more than is in memory. */
  constructor(private readonly dvr = false) {}

  /** `nowUs`: the wall clock when it was rendered. */
  check(text: string, nowUs: number): void {
    if (text === this.#beforeText) return;
    const list = readPlaylist(text);
    this.#parser(text);
    this.#syntax(text, list);
    this.#constants(list);
    this.#hints(list);
    for (const segment of list.segments) this.#segment(segment, list, nowUs);
    this.#order(list);
    this.#oldParts(list);
    this.#window(list);
    if (this.#before !== null) this.#after(this.#before, list);
    this.#before = list;
    this.#beforeText = text;
  }

  #expect(holds: boolean, problem: string): void {
    if (!holds && !this.problems.includes(problem)) this.problems.push(problem);
  }

  #parser(text: string): void {
    HLS.setOptions({ strictMode: true, silent: true });
    try {
      // It keeps to a draft in which gaps were new.
      const isOld = text.includes("#EXT-X-GAP\n");
      HLS.parse(isOld ? text.replace("#EXT-X-VERSION:6\n", "#EXT-X-VERSION:8\n") : text);
    } catch (error) {
      this.#expect(false, `hls-parser: ${(error as Error).message}`);
    }
  }

  #syntax(text: string, list: ListedPlaylist): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    this.#expect(!/[\u0000-\u0009\u000b-\u001f\u007f\ufeff]/.test(text), "L19: control characters");
    this.#expect(text.startsWith("#EXTM3U\n") && text.endsWith("\n"), "L19: begin or end");
    this.#expect(!text.includes("PLAYLIST-TYPE"), "L19: PLAYLIST-TYPE in a sliding playlist");
    this.#expect(list.tags.get("VERSION") === "6", "L18: VERSION");
    this.#expect(!/URI="[^"]*[/:]/.test(text), "F06: a URI that is not relative");
    this.#expect(!text.includes("BYTERANGE"), "H03: a piece of a file");
  }

  /** F01: byte for byte. */
  #constants(list: ListedPlaylist): void {
    const { tags } = list;
    const control = tags.get("SERVER-CONTROL") ?? "";
    const part = usOf(attribute(tags.get("PART-INF") ?? "", "PART-TARGET"));
    const target = usOf(tags.get("TARGETDURATION") ?? "");
    this.#expect(part > 0, "L01: no PART-TARGET");
    this.#expect(usOf(attribute(control, "PART-HOLD-BACK")) >= 3 * part, "L11: PART-HOLD-BACK");
    this.#expect(usOf(attribute(control, "HOLD-BACK")) >= 3 * target, "L12: HOLD-BACK");
    const skip = attribute(control, "CAN-SKIP-UNTIL");
    const dates = attribute(control, "CAN-SKIP-DATERANGES");
    this.#expect(skip === "" ? !this.dvr : usOf(skip) >= 6 * target, "L12: CAN-SKIP-UNTIL");
    this.#expect((skip !== "") === this.dvr, "L12: CAN-SKIP without deltas");
    this.#expect(dates === (this.dvr ? "YES" : ""), "L12: CAN-SKIP-DATERANGES");
    this.#expect(attribute(control, "CAN-BLOCK-RELOAD") === "YES", "B02: CAN-BLOCK-RELOAD");
    this.#expect(tags.has("DISCONTINUITY-SEQUENCE"), "R02: no DISCONTINUITY-SEQUENCE");
    const before = this.#before?.constants.join() ?? list.constants.join();
    this.#expect(list.constants.join() === before, "F01: constants changed");
  }

  #hints(list: ListedPlaylist): void {
    if (list.ended) this.#expect(list.hints.length === 0, "L16: a hint in an ended playlist");
    else this.#expect(list.hints.length === 1, "L15: not exactly one hint");
    for (const report of list.reports) {
      this.#expect(/LAST-MSN=\d+,LAST-PART=\d+$/.test(report), "L17: a report without a place");
    }
  }

  #segment(segment: ListedSegment, list: ListedPlaylist, nowUs: number): void {
    const name = `segment ${segment.msn}`;
    const target = usOf(attribute(list.tags.get("PART-INF") ?? "", "PART-TARGET"));
    this.#expect(segment.late.length === 0, `L05: ${segment.late} behind a part of ${name}`);
    this.#expect(segment.map !== "", `L20: no MAP of ${name}`);
    if (segment.parts.length > 0 || segment.uri !== null) {
      this.#expect(segment.dateMs > 0, `L14: no PROGRAM-DATE-TIME of ${name}`);
      this.#expect(segment.dateMs * 1000 <= nowUs, `F09: PROGRAM-DATE-TIME of ${name} to come`);
    }
    const before = segment.parts.slice(0, -1);
    for (const { us, uri } of segment.parts) {
      this.#expect(us <= target, `L02: ${uri} of ${us} us`);
      this.#expect(us > 0, `L02: ${uri} is empty`);
    }
    for (const { us, uri } of before) {
      this.#expect(us >= PART_SHARE_MIN * target, `L03: ${uri} of ${us} us`);
    }
    const [first] = segment.parts;
    const isGap = segment.uri === null ? first?.gap === true : segment.gap;
    const alike = segment.parts.every(({ gap }) => gap === isGap);
    this.#expect(alike, `V07: ${name} is a gap by half`);
    if (segment.uri === null) return;
    const seconds = Number(list.tags.get("TARGETDURATION"));
    this.#expect(Math.round(segment.us / 1e6) <= seconds, `L10: ${name} of ${segment.us} us`);
    if (segment.parts.length === 0) return;
    const sum = segment.parts.reduce((total, { us }) => total + us, 0);
    this.#expect(sum === segment.us, `F26: parts of ${name} are ${sum} us of ${segment.us}`);
    this.#expect(joins(segment.uri, segment.parts), `L06: ${segment.uri} is not its parts`);
  }

  /** From one segment to the next. */
  #order(list: ListedPlaylist): void {
    for (const [at, next] of list.segments.entries()) {
      const present = list.segments[at - 1];
      if (present === undefined || !(next.dateMs > 0)) continue;
      this.#expect(present.uri !== null, `L09: segment ${present.msn} is not complete`);
      if (next.discontinuity) continue;
      const off = next.dateMs - present.dateMs - present.us / 1000;
      this.#expect(Math.abs(off) <= 2, `L14: segment ${next.msn} is off by ${off} ms`);
    }
  }

  /** L08: how far from the end the parts stand that are listed. */
  #oldParts(list: ListedPlaylist): void {
    const target = usOf(list.tags.get("TARGETDURATION") ?? "");
    let behind = 0;
    for (const segment of list.segments.toReversed()) {
      const listed = segment.parts.reduce((total, { us }) => total + us, 0);
      behind += Math.max(segment.us, listed);
      if (segment.parts.length === 0) continue;
      this.#expect(behind <= 3 * target, `L08: old parts of segment ${segment.msn}`);
    }
  }

  /** L09: it never becomes short. */
  #window(list: ListedPlaylist): void {
    const complete = list.segments.filter(({ uri }) => uri !== null);
    const least = Math.min(this.#listedMost, SEGMENTS_MIN);
    this.#expect(complete.length >= least, `L09: ${complete.length} segments`);
    this.#listedMost = Math.max(this.#listedMost, complete.length);
    for (const { msn, uri, us, dateMs, map, discontinuity } of complete) {
      const told = [uri, us, dateMs, map, discontinuity].join();
      this.#expect((this.#seen.get(msn) ?? told) === told, `L09: segment ${msn} changed`);
      this.#seen.set(msn, told);
    }
  }

  /** Against the one before. */
  #after(before: ListedPlaylist, list: ListedPlaylist): void {
    const [was, is] = [before, list].map(({ tags }) => Number(tags.get("MEDIA-SEQUENCE")));
    this.#expect(is! >= was!, "L09: MEDIA-SEQUENCE went back");
    this.#expect(!before.ended, "L09: something follows the end");
    const gone = before.segments.filter(({ msn }) => msn < is!);
    const breaks = gone.reduce((sum, segment) => sum + segment.breaks, 0);
    const [wasBreaks, isBreaks] = [before, list].map(({ tags }) =>
      Number(tags.get("DISCONTINUITY-SEQUENCE")),
    );
    this.#expect(isBreaks === wasBreaks! + breaks, "R02: DISCONTINUITY-SEQUENCE");
    const [old, now] = [partsOf(before), partsOf(list)];
    const known = new Set(old.map(({ uri }) => uri));
    const newest = now.findIndex(({ uri }) => !known.has(uri));
    if (newest < 0) return;
    const [hint = ""] = before.hints;
    const isOver = list.segments.some((segment) => holdsUnlisted(segment, hint));
    const { uri } = now[newest]!;
    this.#expect(uri === hint || isOver, `L16: ${uri} was not hinted`);
  }
}

function partsOf(list: ListedPlaylist): ListedPart[] {
  // What stands before the newest part known is not new, listed or not.
  return list.segments.flatMap(({ parts }) => parts);
}

/** A segment is named by its first and last part, and they follow each other. */
function joins(uri: string, parts: readonly ListedPart[]): boolean {
  const numbers = parts.map((part) => Number(/-(\d+)\.m4s$/.exec(part.uri)?.[1]));
  const [, first, last] = (/-(\d+)-(\d+)\.m4s$/.exec(uri) ?? []).map(Number);
  const follow = numbers.every((number, at) => number === numbers[0]! + at);
  return follow && numbers[0] === first && numbers.at(-1) === last;
}

/** So many came at once that the part stands in a segment whose parts are not listed any more. */
function holdsUnlisted({ parts, uri }: ListedSegment, part: string): boolean {
  if (parts.length > 0 || uri === null) return false;
  const [, first, last] = /-(\d+)-(\d+)\.m4s$/.exec(uri)!.map(Number);
  const number = Number(/-(\d+)\.m4s$/.exec(part)?.[1]);
  return number >= first! && number <= last!;
}
