/** Rings with holes, joined late, or lapped: what becomes of them in a tail. */
import { describe, expect, test } from "bun:test";
import { readPlaylist } from "../support/playlist-text.ts";
import { Broadcast } from "./broadcast.ts";
import { breaksIn, expectWell, filmOf } from "./film.ts";

describe("a packet that is missing", () => {
  /** Two seconds, then one packet of a picture that comes after `us`, or not at all; then more. */
  function withHole(us: number | null): Broadcast {
    const show = new Broadcast().open().run(2);
    const { publisher } = show;
    const missing = publisher.next[0]! + 10;
    if (us === null) publisher.lost.add(missing);
    else publisher.late.set(missing, show.now + 120_000 + us);
    return show.run(4);
  }

  test("is put in its place when it comes within 250 ms", () => {
    const show = withHole(200_000);
    expect(filmOf(show).pictures).toBeWithin(160, 180);
    expect(show.publisher.wishes("segment")).toBe(3);
    expectWell(show);
  });

  test("costs the pictures up to the next keyframe, which is asked for at once", () => {
    const show = withHole(null);
    const lost = 2 * 30 + 4 * 30 - filmOf(show).pictures;
    // 250 ms, then 60 ms for the keyframe, and what is open at the end.
    expect(lost).toBeWithin(8, 35);
    expect(filmOf(show).longestUs).toBeWithin(300_000, 700_000);
    expectWell(show);
  });

  test("holds back nothing of the sound, and parts come in time", () => {
    const show = withHole(null);
    const { sounds } = filmOf(show);
    expect(sounds).toBeWithin(270, 302);
  });

  test("L07: and many of them are waited for all at once", () => {
    const show = new Broadcast({ keyframeEveryUs: 1_000_000 }).open().run(3);
    const { publisher } = show;
    const from = publisher.next[0]!;
    // A second in which each fifth packet is missing.
    for (let i = 0; i < 90; i += 5) publisher.lost.add(from + i);
    show.run(1);
    const before = filmOf(show).pictures;
    show.run(2);
    expect(filmOf(show).pictures - before).toBeGreaterThan(40);
    expectWell(show);
  });
});

test("a packet of sound that does not come is silence", () => {
  const show = new Broadcast().open().run(3);
  const { publisher } = show;
  publisher.soundIsSilent = true;
  show.run(0.02);
  publisher.soundIsSilent = false;
  publisher.nextSound += 1;
  show.run(3);
  expect(filmOf(show).sounds).toBeWithin(270, 301);
  expect(breaksIn(show)).toBe(0);
  expectWell(show);
});

describe("a tail that begins later", () => {
  test("begins with the group of pictures that is cached", () => {
    const show = new Broadcast({ keyframeEveryUs: 4_000_000 });
    show.run(6.2);
    show.open().run(0.02);
    // Two seconds of it are there at once.
    expect(filmOf(show).pictures).toBeWithin(50, 67);
    expect(show.publisher.wishes("segment")).toBe(1);
    show.run(5);
    expectWell(show);
  });

  test("finds a hole in that, and does not wait for what will not come", () => {
    const show = new Broadcast({ keyframeEveryUs: 4_000_000 });
    show.run(5);
    show.publisher.lost.add(show.publisher.next[0]! + 20);
    show.run(2);
    show.open().run(0.02);
    expect(show.publisher.wishes("segment")).toBe(1);
    show.run(5);
    expectWell(show);
  });

  test("asks where the newest keyframe is long over, and no time is below zero", () => {
    const show = new Broadcast({ fps: 2, frameBytes: 300 });
    show.run(60);
    show.open().run(1.9);
    expect(show.publisher.keyframes).toBe(2);
    const [first] = readPlaylist(show.text).segments;
    expect(first!.dateMs * 1000).toBeGreaterThan(show.wallUs - 3_500_000);
    expectWell(show);
  });
});

test("a thread that stood still is lapped, and goes on with the newest keyframe", () => {
  const show = new Broadcast({ keyframeEveryUs: 1_000_000, frameBytes: 20_000 }).open().run(5);
  show.looks = false;
  show.run(10);
  show.looks = true;
  show.run(5);
  const listed = readPlaylist(show.text).segments.at(-1)!;
  expect(listed.dateMs * 1000).toBeGreaterThan(show.wallUs - 3_500_000);
  expectWell(show);
});

test("behind a discontinuity of a ring nothing is shown before a keyframe", () => {
  const show = new Broadcast().open().run(4.4);
  const { publisher } = show;
  publisher.discontinuity = true;
  publisher.jump = 123_456_789;
  show.run(4);
  // Until the keyframe that was asked for then.
  expect(filmOf(show).longestUs).toBeWithin(60_000, 400_000);
  expectWell(show);
});
