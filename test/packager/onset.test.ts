/** When a tail begins, and with which target duration, by what ingest finds of the publisher's keyframes. */
import { describe, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { readPlaylist } from "../support/playlist-text.ts";
import { Broadcast, OPUS, type PublisherOptions, STREAM } from "./broadcast.ts";
import { expectWell } from "./film.ts";

/** Seconds from now to the first playlist; Infinity for none in `max`. */
function startOf(show: Broadcast, max = 15): number {
  for (let ms = 0; ms < max * 1000; ms += 20) {
    if (show.text !== "") return ms / 1000;
    show.run(0.02);
  }
  return Number.POSITIVE_INFINITY;
}

/** Its pictures are small: a group of ten seconds lies in a ring as it begins. */
const publisher = (options: PublisherOptions) =>
  new Broadcast({ asked: true, fps: 15, frameBytes: 300, ...options });
const deaf = (seconds: number, options: PublisherOptions = {}) =>
  publisher({ answerUs: null, keyframeEveryUs: seconds * 1e6, ...options });

/** Packets of sound that the publisher sent and the files hold. */
function soundsOf({ files }: Broadcast): number {
  const texts = [...files.values()].map((file) => Buffer.from(file).toString("latin1"));
  const packet = Buffer.from(OPUS).toString("latin1");
  return texts.reduce((sum, text) => sum + text.split(packet).length - 1, 0);
}

/** It goes on well, all with this target duration. */
function expectTarget(show: Broadcast, seconds: number, forced = false): void {
  show.run(3 * seconds);
  expect(show.text).toContain(`#EXT-X-TARGETDURATION:${seconds}\n`);
  expect(show.counters[Counter.hlsSegmentsForced]! > 0).toBe(forced);
  expectWell(show);
}

describe("L10: a publisher that answers", () => {
  test("and has not been asked so far: its tail begins as if it had, out of the cached group", () => {
    for (const seconds of [0.7, 1.5, 2.3]) {
      const show = publisher({}).run(seconds).open();
      const openedMs = show.wallUs / 1000;
      expect(startOf(show)).toBeLessThan(0.15);
      const { dateMs } = readPlaylist(show.text).segments[0]!;
      expect(openedMs - dateMs).toBeWithin(seconds * 1000 - 100, seconds * 1000 + 100);
      expectTarget(show, 3);
    }
  });

  test("and whose group is too old: with the keyframe that is asked for", () => {
    for (const seconds of [4, 8.4, 30]) {
      const show = publisher({}).run(seconds).open();
      expect(startOf(show)).toBeLessThan(0.7);
      expectTarget(show, 3);
    }
  });

  test("has been asked before: nothing is asked for the tail's start", () => {
    const show = publisher({}).run(1);
    show.publisher.ask();
    show.run(0.5);
    const { requests } = show.publisher;
    expect(requests).toBe(1);
    show.open();
    expect(startOf(show)).toBeLessThan(0.15);
    expect(show.publisher.requests).toBe(requests);
    expectTarget(show, 3);
  });

  test("late: a second answer is waited for", () => {
    const show = publisher({ answerUs: 700_000 }).run(1).open();
    expect(startOf(show)).toBeWithin(1.5, 3);
    expectTarget(show, 3);
  });

  test("makes keyframes of its own, too: those that were asked for count", () => {
    const show = publisher({ keyframeEveryUs: 8e6 }).run(5).open();
    expect(startOf(show)).toBeLessThan(0.7);
    expectTarget(show, 3);
  });
});

describe("L10: a publisher that is deaf", () => {
  for (const [seconds, startMax, target] of [
    [1.5, 2.2, 4],
    [2, 2.2, 3],
    [3, 3.2, 4],
    [4, 4.2, 5],
    [6.4, 6.6, 7],
    [8.34, 8.6, 9],
    [9.3, 8.7, 10],
  ] as const) {
    test(`each ${seconds} s, from its first picture on: when a group was seen`, () => {
      const show = deaf(seconds).open();
      expect(startOf(show)).toBeWithin(Math.min(seconds, 1), startMax);
      // All of the group that was waited for is in it.
      expect(readPlaylist(show.text).segments[0]!.dateMs).toBeWithin(
        show.wallUs / 1000 - startMax * 1000 - 200,
        show.wallUs / 1000 - Math.min(seconds, 1) * 1000,
      );
      // And its sound, of which the ring has forgotten most.
      expect(soundsOf(show)).toBeGreaterThan((seconds > 9 ? 8 : seconds - 0.5) * 50 - 30);
      expectTarget(show, target);
    });

    test(`each ${seconds} s: within its first group, and not too short whenever that is`, () => {
      for (const share of [0.2, 0.6]) {
        const show = deaf(seconds)
          .run(seconds * share)
          .open();
        expect(startOf(show)).toBeLessThan(11);
        show.run(2.5 * seconds);
        const told = Number(/TARGETDURATION:(\d+)/.exec(show.text)![1]);
        expect(told).toBeWithin(target, 11);
        expect(show.counters[Counter.hlsSegmentsForced]).toBe(0);
        expectWell(show);
      }
    });

    test(`each ${seconds} s, for long: at once`, () => {
      const show = deaf(seconds)
        .run(seconds * 4.1)
        .open();
      expect(startOf(show)).toBeLessThan(0.7);
      expectTarget(show, target);
    });
  }

  test("and sends no second keyframe for long: after a while all the same, with the longest", () => {
    const show = deaf(100).open();
    expect(startOf(show)).toBeWithin(8.4, 9.2);
    expectTarget(show, 10, true);
  });

  test("begins anew later: the tail has its target duration, and does not wait", () => {
    const show = publisher({}).open().run(6);
    show.replace(1, { asked: true, answerUs: null, keyframeEveryUs: 4e6, seed: 2 });
    const before = show.news.length;
    show.run(1.5);
    expect(show.news.length).toBeGreaterThan(before + 1);
    expect(show.text).toContain("#EXT-X-TARGETDURATION:3\n");
    expectWell(show);
  });
});

test("L10: layers begin together, with one target duration", () => {
  for (const show of [deaf(4, { layers: 3 }), publisher({ layers: 3 })]) {
    show.open();
    startOf(show);
    show.run(0.7);
    expect(show.renditions).toEqual([0, 1, 2]);
    const targets = [0, 1, 2].map((at) => /TARGETDURATION:(\d+)/.exec(show.textOf(at))![1]);
    expect(new Set(targets).size).toBe(1);
    show.run(12);
    expect(show.counters[Counter.hlsSegmentsForced]).toBe(0);
    expectWell(show);
  }
});

test("who is held is let go of with its source", () => {
  const show = deaf(8).open().run(3);
  show.command({ type: "source", stream: STREAM, source: null });
  expect(show.wants()).toEqual([false, false]);
  show.run(10);
  expect(show.text).toBe("");
});
