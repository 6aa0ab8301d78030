/** What a broadcast's files hold when they are joined, as a reader of MP4 finds it. */
import { expect } from "bun:test";
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
export function filmOf({ news, text, files }: Broadcast): Film {
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
      if (holes.length > breaks.size) problems.push(`${codec}: ${holes.length} holes`);
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
  expect(filmOf(show).problems).toEqual([]);
  const dates = readPlaylist(show.text).segments.map(({ dateMs }) => dateMs);
  expect(dates).toEqual(dates.toSorted((left, right) => left - right));
}

/** Discontinuities that are listed. */
export const breaksIn = ({ text }: Broadcast) => text.split("#EXT-X-DISCONTINUITY\n").length - 1;
