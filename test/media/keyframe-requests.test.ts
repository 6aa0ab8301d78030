import { describe, expect, test } from "bun:test";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";

/** Times (ms) of the requests sent while running every 10 ms up to `end` ms. */
function run(requests: KeyframeRequests, from: number, end: number, each?: (ms: number) => void) {
  const sent: number[] = [];
  for (let ms = from; ms < end; ms += 10) {
    each?.(ms);
    if (requests.take(ms * 1000)) sent.push(ms);
  }
  return sent;
}

test("nothing is asked without a wish, and a keyframe fulfils all of them", () => {
  const requests = new KeyframeRequests();
  expect(requests.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  expect(run(requests, 0, 1000)).toEqual([]);
  requests.want("join");
  requests.want("failure");
  requests.keyframe(1_000_000);
  expect(run(requests, 1000, 9000)).toEqual([]);
});

test("a join hides no failure, a failure speeds up a join", () => {
  const requests = new KeyframeRequests();
  requests.want("join");
  expect(run(requests, 0, 300)).toEqual([0]);
  requests.want("failure");
  requests.want("join");
  expect(run(requests, 300, 900)).toEqual([500]);
});

test("a lost request is repeated; three without an answer mark the publisher", () => {
  const requests = new KeyframeRequests();
  requests.want("join");
  expect(run(requests, 0, 5000)).toEqual([0, 2000, 4000]);
  expect(requests.ignored).toBe(false);
  expect(run(requests, 5000, 30_000)).toEqual([14_000, 24_000]);
  expect(requests.ignored).toBe(true);
  // Answered within a second: all is well again.
  requests.want("failure");
  requests.keyframe(24_900_000 + 9_000_000);
  expect(requests.ignored).toBe(true);
  requests.want("failure");
  expect(run(requests, 34_000, 34_010)).toEqual([34_000]);
  requests.keyframe(34_500_000);
  expect(requests.ignored).toBe(false);
  requests.want("failure");
  expect(run(requests, 34_510, 35_000)).toEqual([34_510]);
});

describe("how far apart an encoder's own keyframes are", () => {
  const begin = (requests: KeyframeRequests, ...seconds: readonly number[]): number[] =>
    seconds.map((second) => {
      requests.keyframe(second * 1e6);
      return requests.intervalUs / 1e6;
    });

  test("is known when three of them are apart alike that nobody asked for", () => {
    const requests = new KeyframeRequests();
    expect(begin(requests, 0, 4, 8.1, 12)).toEqual([0, 0, 0, 4.1]);
    // One that was asked for is none of its own, nor does its interval end with that.
    requests.want("segment");
    expect(requests.take(17e6)).toBe(true);
    expect(begin(requests, 17.2, 22, 26.2)).toEqual([4.1, 4.1, 4.2]);
    requests.restart();
    expect(begin(requests, 50, 52)).toEqual([0, 0]);
  });

  test("is not known of a browser, which sends one when its picture's size changes", () => {
    expect(begin(new KeyframeRequests(), 0, 1.5, 4, 9, 30, 60, 90)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test("is known sooner of one that answers nobody: the longest of all", () => {
    const requests = new KeyframeRequests();
    requests.want("segment");
    run(requests, 0, 5000);
    expect(requests.ignored).toBe(true);
    expect(begin(requests, 6, 7.5, 11, 30)).toEqual([0, 1.5, 3.5, 3.5]);
    requests.rest();
    expect(begin(requests, 40)).toEqual([3.5]);
  });
});

test("the timeout that it names is the time at which it acts", () => {
  const requests = new KeyframeRequests();
  requests.restart();
  for (let i = 0; i < 6; i += 1) {
    const due = Math.max(0, requests.nextTimeout());
    if (due > 0) expect(requests.take(due - 1)).toBe(false);
    const sent = requests.sent;
    requests.take(due);
    if (requests.sent === sent) expect(requests.nextTimeout()).toBeGreaterThan(due);
  }
  expect(requests.sent).toBeGreaterThanOrEqual(3);
});

test("a new source is asked at once, whatever the one before it ignored", () => {
  const requests = new KeyframeRequests();
  requests.want("failure");
  run(requests, 0, 20_000);
  expect(requests.ignored).toBe(true);
  requests.restart();
  expect(requests.ignored).toBe(false);
  expect(run(requests, 20_000, 21_000)).toEqual([20_000]);
});

test("S9: failures without end are answered each two seconds, a single one later at once", () => {
  const requests = new KeyframeRequests();
  const attacked = run(requests, 0, 120_000, (ms) => {
    requests.want("failure");
    requests.keyframe(ms * 1000);
    requests.want("failure");
  });
  const late = attacked.filter((ms) => ms >= 20_000);
  expect(late.length).toBeLessThanOrEqual(51);
  expect(late.length).toBeGreaterThan(45);
  requests.keyframe(120e6);
  requests.want("failure");
  expect(run(requests, 135_000, 135_500)).toEqual([135_000]);
  requests.keyframe(135.6e6);
  requests.want("failure");
  expect(run(requests, 135_600, 136_500)[0]).toBeLessThanOrEqual(135_500 + 500);
});

/** Wishes (ms by reason) of a publisher that answers each request after 50 ms, and what is sent. */
function answered(wishes: Readonly<Record<number, "join" | "failure" | "segment">>, end: number) {
  const requests = new KeyframeRequests();
  let answerAt = Number.POSITIVE_INFINITY;
  return run(requests, 0, end, (ms) => {
    if (ms === answerAt) requests.keyframe(ms * 1000);
    const why = wishes[ms];
    if (why !== undefined) requests.want(why);
    if (requests.nextTimeout() <= ms * 1000 && requests.standing !== 0) answerAt = ms + 50;
  });
}

test("segment-wish: a segment's requests are a second apart, whatever viewers have asked and got", () => {
  expect(answered({ 0: "segment", 200: "segment", 900: "segment" }, 3000)).toEqual([0, 1000]);
  // The second join waits.
  expect(answered({ 0: "join", 300: "segment", 400: "join" }, 3000)).toEqual([0, 300, 2000]);
  expect(answered({ 0: "join", 300: "segment", 400: "join", 1400: "segment" }, 1950)).toEqual([
    0, 300, 1400,
  ]);
});

test("segment-wish: viewers do not wait for what a segment has asked and got", () => {
  expect(answered({ 0: "segment", 100: "failure" }, 1000)).toEqual([0, 100]);
  expect(answered({ 0: "segment", 100: "join" }, 1000)).toEqual([0, 100]);
});

test("segment-wish: an answer that is still open is for all, for half a second", () => {
  const requests = new KeyframeRequests();
  requests.want("segment");
  expect(run(requests, 0, 100)).toEqual([0]);
  requests.want("failure");
  expect(run(requests, 100, 900)).toEqual([500]);
});

test("segment-wish: segments without end cost failing decoders nothing", () => {
  const requests = new KeyframeRequests();
  const sent = run(requests, 0, 60_000, (ms) => {
    if (ms % 1000 === 50) requests.keyframe(ms * 1000);
    if (ms % 1000 === 900) requests.want("segment");
  });
  expect(sent.length).toBeGreaterThan(50);
  // As after no request at all: the free ones leave half a second apart.
  const failing = run(requests, 60_100, 62_150, (ms) => {
    if (ms % 10 === 0) requests.keyframe(ms * 1000);
    requests.want("failure");
  });
  expect(failing).toEqual([60_100, 60_600, 61_100, 61_600, 62_100]);
});

test("segment-wish: who ignores requests is asked each ten seconds, for a segment as well", () => {
  const requests = new KeyframeRequests();
  const sent = run(requests, 0, 40_000, () => requests.want("segment"));
  expect(sent).toEqual([0, 1000, 2000, 3000, 13_000, 23_000, 33_000]);
  expect(requests.ignored).toBe(true);
});
