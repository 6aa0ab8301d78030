/** What holds of the playlists of a session's renditions together, and of each. */
import { PlaylistRules } from "./playlist-rules.ts";
import { attribute, type ListedPlaylist, readPlaylist } from "./playlist-text.ts";

/** Segments of two renditions are compared where they have more in common. */
const COMMON_MS = 700;

export class RenditionRules {
  readonly #each = new Map<number, PlaylistRules>();
  readonly #newest = new Map<number, ListedPlaylist>();
  readonly #problems: string[] = [];

  /** What was broken, each told once. */
  get problems(): string[] {
    return [...new Set([...this.ofEach, ...this.#problems])];
  }

  /** What was broken in one of them, without regard to the others. */
  get ofEach(): string[] {
    return [...this.#each].flatMap(([rendition, { problems }]) =>
      problems.map((problem) => `${rendition}: ${problem}`),
    );
  }

  /** `nowUs`: the wall clock when it was rendered. */
  check(rendition: number, text: string, nowUs: number): void {
    const rules = this.#each.get(rendition) ?? new PlaylistRules();
    this.#each.set(rendition, rules);
    rules.check(text, nowUs);
    const list = readPlaylist(text);
    this.#newest.set(rendition, list);
    for (const [other, its] of this.#newest) {
      if (other !== rendition) this.#together(`${rendition} and ${other}`, list, its);
    }
  }

  /** To be called where none of them has anything that is not told: reports are of what there is. */
  checkReports(): void {
    for (const [rendition, { reports, ended }] of this.#newest) {
      const others = [...this.#newest.keys()].filter((other) => other !== rendition);
      const told = reports.map((report) =>
        Number(/-(\d+)\.m3u8$/.exec(attribute(report, "URI"))?.[1]),
      );
      const expected = ended ? [] : others.toSorted();
      if (told.toSorted().join() !== expected.join()) {
        this.#problems.push(`L17: ${rendition} reports ${told}`);
      }
      for (const [at, other] of told.entries()) this.#place(reports[at]!, this.#newest.get(other)!);
    }
  }

  /** A report is two parts behind at most: the other one grew since, while this one is a gap. */
  #place(report: string, list: ListedPlaylist): void {
    const [msn, part] = ["LAST-MSN", "LAST-PART"].map((name) => Number(attribute(report, name)));
    const segment = list.segments.find((each) => each.msn === msn);
    const behind = list.segments
      .filter((each) => each.msn > msn!)
      .reduce((sum, each) => sum + each.parts.length, (segment?.parts.length ?? 0) - 1 - part!);
    if (segment === undefined || behind < 0 || behind > 2) {
      this.#problems.push(`L17: ${report} where its end is ${behind} parts on`);
    }
  }

  #together(names: string, left: ListedPlaylist, right: ListedPlaylist): void {
    if (left.constants.join() !== right.constants.join()) {
      this.#problems.push(`L13: constants of ${names}`);
    }
    const [mine, its] = [erasOf(left), erasOf(right)];
    for (const one of mine) {
      for (const other of its) {
        const common = Math.min(one.endMs, other.endMs) - Math.max(one.startMs, other.startMs);
        if (common > COMMON_MS && one.era !== other.era) {
          this.#problems.push(`V04: ${names}: discontinuities ${one.era} and ${other.era}`);
        }
      }
    }
  }
}

/** Where each segment stands, and how many discontinuities are before it. */
function erasOf({ segments, tags }: ListedPlaylist) {
  let era = Number(tags.get("DISCONTINUITY-SEQUENCE"));
  return segments.map(({ dateMs, us, breaks, parts }) => {
    era += breaks;
    const listed = parts.reduce((sum, part) => sum + part.us, 0);
    return { startMs: dateMs, endMs: dateMs + Math.max(us, listed) / 1000, era };
  });
}
