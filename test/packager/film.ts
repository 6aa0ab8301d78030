/** What a broadcast's files hold when they are joined, as a reader of MP4 finds it. */
import { expect } from "bun:test";
import type { TailNews } from "../../src/contract/tail.ts";
import { joined } from "../../src/wire/bytes.ts";
import { type ReadSample, readByMp4box } from "../support/mp4-readers.ts";
import { readPlaylist } from "../support/playlist-text.ts";
import type { Broadcast } from "./broadcast.ts";

export interface Film {
  readonly pictures: number;
  readonly sounds: number;
  /** How long the longest picture is shown. */
  readonly longestUs: number;
  readonly problems: readonly string[];
}

/** Of all parts; where the map changes another file begins. */
export function filmOf(show: Pick<Broadcast, "newsOf" | "textOf" | "files">, rendition = 0): Film {
  const [news, text, { files }] = [show.newsOf(rendition), show.textOf(rendition), show];
  const problems: string[] = [];
  const breaks = new Set(
    readPlaylist(text).segments.flatMap(({ discontinuity, dateMs }) =>
      discontinuity ? [dateMs] : [],
    ),
  );
  let [pictures, sounds, longest] = [0, 0, 0];
  for (const film of filmsOf(news.flatMap(({ files: some }) => some.map(({ name }) => name)))) {
    const { tracks } = readByMp4box(joined(film.map((name) => files.get(name)!)));
    for (const { codec, samples } of tracks) {
      const isSound = codec === "Opus";
      const holes = samples.slice(1).filter((sample, i) => !follows(samples[i]!, sample));
      if (holes.length > breaks.size + gapsIn(news))
        problems.push(`${codec}: ${holes.length} holes`);
      if (samples.some(({ time, duration }) => time! < 0 || duration! <= 0)) {
        problems.push(`${codec}: a time that is none`);
      }
      if (isSound) sounds += samples.length;
      else {
        pictures += samples.length;
        longest = Math.max(longest, ...samples.map(({ duration }) => duration!));
      }
    }
  }
  return { pictures, sounds, longestUs: (longest * 100) / 9, problems };
}

function follows(before: ReadSample, sample: ReadSample): boolean {
  return before.time! + before.duration! === sample.time;
}

/** Files by the init that stands before them. */
function filmsOf(names: readonly string[]): string[][] {
  const films: string[][] = [];
  for (const name of names) {
    if (name.endsWith(".mp4")) films.push([name]);
    else films.at(-1)!.push(name);
  }
  return films;
}

/** Nothing may be wrong with what was made, whatever it was. */
export function expectWell(show: Broadcast): void {
  expect(show.failures).toEqual([]);
  expect(show.rules.problems).toEqual([]);
  for (const rendition of show.renditions) {
    expect(filmOf(show, rendition).problems).toEqual([]);
    const dates = readPlaylist(show.textOf(rendition)).segments.map(({ dateMs }) => dateMs);
    expect(dates).toEqual(dates.toSorted((left, right) => left - right));
  }
}

/** Discontinuities that are listed. */
export const breaksIn = (show: Broadcast, rendition = 0) =>
  show.textOf(rendition).split("#EXT-X-DISCONTINUITY\n").length - 1;

/** Playlists whose newest segment is a gap: no part came with them. */
function gapsIn(news: readonly TailNews[]): number {
  return news.filter(({ files }) => files.length === 0).length;
}
