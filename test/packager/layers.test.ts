/** One rendition a layer: that they keep together, whatever comes of the layers. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readPlaylist } from "../support/playlist-text.ts";
import { seeded } from "../support/random.ts";
import { Broadcast, READER } from "./broadcast.ts";
import { breaksIn, expectWell, filmOf } from "./film.ts";

// Other tests may have the machine meanwhile: each reads hundreds of playlists twice.
setDefaultTimeout(60_000);

/** Media sequence numbers by the date at which their segments begin, in tenths of seconds. */
function numbers(show: Broadcast, rendition: number): string[] {
  return readPlaylist(show.textOf(rendition)).segments.map(
    ({ msn, dateMs }) => `${msn} ${Math.round(dateMs / 100)}`,
  );
}

/** The same without the numbers. */
const dates = (show: Broadcast, rendition: number) =>
  numbers(show, rendition).map((line) => line.split(" ")[1]!);

/** Wishes of each ring. */
const wished = ({ publisher }: Broadcast) =>
  publisher.video.map(({ writer }) => writer.keyframeRequests(READER + 1, "segment"));

test("L13, L17, V04: three layers are cut alike, numbered alike, and tell of each other", () => {
  const show = new Broadcast({ layers: 3 }).open().run(20);
  expect(show.renditions).toEqual([0, 1, 2]);
  show.rules.checkReports();
  expectWell(show);
  expect(numbers(show, 1)).toEqual(numbers(show, 0));
  expect(numbers(show, 2)).toEqual(numbers(show, 0));
  for (const rendition of [0, 1, 2]) {
    expect(filmOf(show, rendition).sounds).toBeWithin(950, 1_001);
    expect(filmOf(show, rendition).pictures).toBeWithin(570, 601);
  }
});

test("keyframes are asked for on all rings in one turn", () => {
  const show = new Broadcast({ layers: 3 }).open();
  let before = wished(show);
  for (let i = 0; i < 1_000; i += 1) {
    show.run(0.01);
    const now = wished(show);
    if (now.join() !== before.join()) expect(now).toEqual(before.map((count) => count + 1));
    before = now;
  }
  expect(before[0]).toBeWithin(3, 6);
  expect(show.publisher.keyframes).toBe(before[0]! + 1);
});

test("layers that give keyframes one by one come together, and stay so", () => {
  const show = new Broadcast({ layers: 3, alone: true });
  show.publisher.silent.add(show.publisher.video[0]!);
  show.open().run(3.3);
  show.publisher.silent.clear();
  show.run(20);
  expectWell(show);
  const starts = [0, 1, 2].map((rendition) => dates(show, rendition).slice(-5));
  expect(starts[1]).toEqual(starts[0]!);
  expect(starts[2]).toEqual(starts[0]!);
  expect(wished(show)[1]).toBeLessThan(13);
});

describe("V07: a layer that dies", () => {
  test("leaves a gap, which goes on as the others do, and is filled again when it comes back", () => {
    const show = new Broadcast({ layers: 3 }).open().run(7);
    const [top] = show.publisher.video;
    show.publisher.silent.add(top!);
    show.run(10);
    const dead = readPlaylist(show.text).segments;
    expect(dead.filter(({ gap }) => gap).length).toBeGreaterThanOrEqual(4);
    expect(endsInGap(show, 0)).toBeTrue();
    // No player waits longer than for the others.
    const ends = [0, 1, 2].map((rendition) => endMs(show, rendition));
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(1_000);
    expect(show.events.some(({ type }) => type !== "tail-news")).toBeFalse();
    const names = [...show.files.keys()];
    for (const { parts } of dead) {
      for (const { uri, gap } of parts) expect(names.includes(uri)).toBe(!gap);
    }
    show.rules.checkReports();
    show.publisher.silent.clear();
    show.run(10);
    const back = readPlaylist(show.text).segments;
    expect(back.slice(-3).some(({ gap }) => gap)).toBeFalse();
    expect(breaksIn(show)).toBe(0);
    expect(dates(show, 0).slice(-3)).toEqual(dates(show, 1).slice(-3));
    expectWell(show);
  });

  test("is not asked for keyframes, and costs the others none", () => {
    const show = new Broadcast({ layers: 2 }).open().run(5);
    show.publisher.silent.add(show.publisher.video[0]!);
    show.run(3);
    const [dead, living] = wished(show);
    show.run(20);
    expect(wished(show)[0]! - dead!).toBe(0);
    expect(wished(show)[1]! - living!).toBeWithin(8, 11);
  });

  test("all of them: the last picture stays, and the sound goes on, as with one", () => {
    const show = new Broadcast({ layers: 2 }).open().run(5);
    for (const track of show.publisher.video) show.publisher.silent.add(track);
    show.run(8);
    for (const rendition of [0, 1]) {
      expect(readPlaylist(show.textOf(rendition)).segments.some(({ gap }) => gap)).toBeFalse();
      expect(filmOf(show, rendition).sounds).toBeGreaterThan(600);
    }
    show.publisher.silent.clear();
    show.run(5);
    expectWell(show);
  });
});

test("a layer that never sends has no rendition; one that comes later has, numbered as they are there", () => {
  const show = new Broadcast({ layers: 3 });
  const [top, , low] = show.publisher.video;
  show.publisher.silent.add(top!).add(low!);
  show.open().run(6);
  expect(show.renditions).toEqual([1]);
  show.publisher.silent.delete(top!);
  show.run(10);
  expect(show.renditions).toEqual([0, 1]);
  expect(dates(show, 1).slice(-3)).toEqual(dates(show, 0).slice(-3));
  const [late] = readPlaylist(show.textOf(0)).segments;
  const others = readPlaylist(show.textOf(1)).segments;
  expect(others.findLast(({ dateMs }) => dateMs <= late!.dateMs)!.msn).toBe(late!.msn);
  show.rules.checkReports();
  expectWell(show);
});

describe("R01, V04, V07: another source breaks all of them at one place", () => {
  test("with as many layers", () => {
    const show = new Broadcast({ layers: 3 }).open().run(6);
    show.replace(3, { layers: 3, seed: 2 });
    show.run(40);
    for (const rendition of [0, 1, 2]) {
      expect(show.textOf(rendition)).toContain("#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
    }
    expectWell(show);
  });

  test("with fewer: what does not come any more is a gap behind the same break", () => {
    const show = new Broadcast({ layers: 3 }).open().run(6);
    show.replace(3, { layers: 1, seed: 2 });
    show.run(8);
    expect([0, 1, 2].map((rendition) => breaksIn(show, rendition))).toEqual([1, 1, 1]);
    expect(endsInGap(show, 2)).toBeTrue();
    show.replace(2, { layers: 2, seed: 3 });
    show.run(8);
    expect([0, 1, 2].map((rendition) => breaksIn(show, rendition))).toEqual([2, 2, 2]);
    expect(endsInGap(show, 1)).toBeFalse();
    expectWell(show);
  });

  test("with a layer that comes seconds after the others", () => {
    const show = new Broadcast({ layers: 2 }).open().run(6);
    show.replace(2, { layers: 2, seed: 2 });
    const [top] = show.publisher.video;
    show.publisher.silent.add(top!);
    show.run(4);
    show.publisher.silent.clear();
    show.run(6);
    expect([0, 1].map((rendition) => breaksIn(show, rendition))).toEqual([1, 1]);
    expect(endsInGap(show, 0)).toBeFalse();
    expectWell(show);
  });
});

test("a tail of cached groups begins at one place in all layers", () => {
  const show = new Broadcast({ layers: 3 });
  show.looks = false;
  show.open().run(8);
  show.looks = true;
  show.run(6);
  expectWell(show);
  expect(numbers(show, 1)[0]).toBe(numbers(show, 0)[0]!);
  expect(numbers(show, 2).slice(-2)).toEqual(numbers(show, 0).slice(-2));
});

describe("layers that come and go at random, and sources that follow each other", () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    test(`seed ${seed}`, () => {
      const random = seeded(seed);
      const show = new Broadcast({ layers: 3, seed, alone: seed % 2 === 0 }).open().run(3);
      for (let i = 0; i < 14; i += 1) {
        if (random() < 0.2) {
          const layers = 1 + Math.floor(random() * 3);
          show.replace(random() * 6, { layers, seed: seed * 100 + i, alone: random() < 0.5 });
        }
        const { publisher } = show;
        for (const track of publisher.video) {
          if (random() < 0.35) publisher.silent.add(track);
          else publisher.silent.delete(track);
        }
        publisher.soundIsSilent = random() < 0.1;
        show.run(0.5 + random() * 4);
      }
      show.publisher.silent.clear();
      show.publisher.soundIsSilent = false;
      show.run(6);
      show.rules.checkReports();
      show.end();
      expectWell(show);
    });
  }
});

/** Up to when a rendition's playlist goes, ms. */
function endMs(show: Broadcast, rendition: number): number {
  const { dateMs, parts } = readPlaylist(show.textOf(rendition)).segments.at(-1)!;
  return dateMs + parts.reduce((sum, { us }) => sum + us, 0) / 1000;
}

function endsInGap(show: Broadcast, rendition: number): boolean {
  return readPlaylist(show.textOf(rendition)).segments.at(-1)!.parts.at(-1)!.gap;
}
