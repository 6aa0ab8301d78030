import { describe, expect, test } from "bun:test";
import { mediaProblems, samplesOf } from "../support/shown-media.ts";
import { BEGAN_US, formatOf, Show, type ShowOptions } from "../support/tail-show.ts";

/** Nothing may be wrong with a show, whatever it was. */
function expectWell(show: Show): void {
  expect(show.rules.problems).toEqual([]);
  expect(mediaProblems(show)).toEqual([]);
}

function lengthsOf(show: Show): number[] {
  return show.segments
    .slice(1)
    .map(({ startUs }, at) => (startUs - show.segments[at]!.startUs) / 1e6);
}

/** What the rules of playlists are checked for, and those of the media. */
const IDS =
  "L01 L02 L03 L04 L05 L06 L08 L09 L10 L11 L12 L14 L15 L16 L18 L19 L20 V03 F01 F06 F09 F26";

describe(`${IDS}: every playlist of a show`, () => {
  const shows: [string, ShowOptions][] = [
    ["24 pictures a second", { fps: 24 }],
    ["25 pictures a second", { fps: 25 }],
    ["30 pictures a second", { fps: 30 }],
    ["60 pictures a second", { fps: 60 }],
    ["29.97 pictures a second", { fps: 29.97 }],
    ["a screen share of 2 pictures a second", { fps: 2 }],
    ["5 pictures a second", { fps: 5, jitter: 0.5 }],
    ["pictures at random times", { fps: 20, jitter: 1, seed: 7 }],
    ["sound only", { fps: 0 }],
    ["pictures only", { audio: false }],
    ["2 pictures a second without sound", { fps: 2, audio: false, jitter: 0.4 }],
    ["a bad network", { delay: [50_000, 400_000], seed: 3 }],
    ["late pictures", { delay: [300_000, 340_000] }],
    ["keyframes late", { answerUs: 700_000 }],
    ["keyframes never", { answerUs: null }],
    ["keyframes twice a second by themselves", { keyframeEvery: 15, answerUs: null }],
    ["a keyframe each 2 s by itself", { keyframeEvery: 60, answerUs: null, jitter: 0.3 }],
    ["parts of 0.2 s", { partTargetUs: 200_000 }],
    ["parts of 1 s at 24 pictures a second", { partTargetUs: 1_000_000, fps: 24 }],
    ["segments of 10 s", { targetDurationUs: 10_000_000, answerUs: null, keyframeEvery: 240 }],
  ];
  for (const [name, options] of shows) {
    // Other tests may have the machine meanwhile: each reads a hundred playlists twice.
    test(name, () => {
      const show = new Show(options);
      show.run(50);
      expect(show.end()).toEndWith("#EXT-X-ENDLIST\n");
      expectWell(show);
      expect(show.parts.at(-1)!.endUs / 1e6).toBeWithin(59.4, 60.4);
    }, 60_000);
  }
});

test("segments end at the keyframe that is asked for after 2 s, the first one after 1 s", () => {
  const show = new Show();
  show.run(40);
  const [first, ...others] = lengthsOf(show);
  expect(first).toBeWithin(1.1, 1.25);
  for (const length of others) expect(length).toBeWithin(2.1, 2.25);
  expect(show.asked).toBeWithin(17, 21);
  expect(show.forced).toBe(0);
  expectWell(show);
});

test("who sends a keyframe each 2 s has segments of 2 s, whatever the jitter", () => {
  const show = new Show({ keyframeEvery: 60, answerUs: null, jitter: 0.5 });
  show.run(40);
  for (const length of lengthsOf(show)) expect(length).toBeWithin(1.95, 2.05);
  expect(show.forced).toBe(0);
});

test("without keyframes segments are cut before the target duration, counted, and not independent", () => {
  const show = new Show({ answerUs: null });
  show.run(30);
  expect(show.forced).toBeWithin(8, 12);
  expect(show.segments[0]!.independent).toBe(true);
  expect(show.segments.slice(1).some(({ independent }) => independent)).toBe(false);
  expectWell(show);
});

test("L07: parts come steadily, also when pictures or sound do not", () => {
  for (const fault of ["losesPictures", "losesSound"] as const) {
    const show = new Show();
    show.run(10);
    show[fault] = true;
    show.run(5);
    show[fault] = false;
    show.run(10);
    const gaps = show.cameAt.slice(1).map((at, i) => at - show.cameAt[i]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(500_000 + 300_000);
    expect(show.cameAt.length).toBeGreaterThanOrEqual(24 / 0.5);
    expectWell(show);
  }
});

test("L07: where pictures do not come any more, the keyframe stands for them, and sound goes on", () => {
  for (const audio of [true, false]) {
    const show = new Show({ audio });
    show.run(10);
    show.losesPictures = true;
    show.run(20);
    const frozen = show.parts.filter(({ startUs }) => startUs > 22_000_000);
    for (const part of frozen) {
      expect(samplesOf(part, 1).map(({ key }) => key)).toEqual([true]);
      expect(part.independent).toBe(true);
    }
    show.losesPictures = false;
    show.run(10);
    // Not a picture is shown that needs one which is lost.
    const back = show.parts
      .flatMap((part) => samplesOf(part, 1))
      .filter(({ time }) => time > 40 * 90_000);
    expect(back[0]!.key).toBe(true);
    expect(show.forced).toBe(0);
    for (const length of lengthsOf(show).slice(5)) expect(length).toBeWithin(1.9, 3);
    expectWell(show);
  }
});

test("a slow screen share is not frozen", () => {
  const show = new Show({ fps: 1 });
  show.run(40);
  const pictures = show.parts.flatMap((part) => samplesOf(part, 1));
  expect(pictures.length).toBeWithin(38, 41);
  expectWell(show);
});

test("L06, V03: keyframes that come behind the clock still begin their segments", () => {
  for (const late of [300_000, 500_000, 900_000, 1_500_000]) {
    const show = new Show();
    show.run(11);
    show.pictureDelayUs = late;
    show.run(15);
    show.pictureDelayUs = 0;
    show.run(10);
    expect(show.rendition.tracks.filled).toBe(0);
    expectWell(show);
  }
});

test("a part leaves with its last picture", () => {
  const show = new Show({ delay: [30_000, 30_000] });
  show.run(20);
  const late = show.parts
    .slice(1)
    .map(({ endUs }, i) => show.cameAt[i + 1]! - (BEGAN_US - 10_000_000) - endUs);
  expect(Math.max(...late)).toBeLessThanOrEqual(30_000 + 34_000 + 20_000);
});

test("a hole in the sound becomes silence, and drift a packet more or less", () => {
  const show = new Show();
  show.run(10);
  show.losesSound = true;
  show.run(1);
  show.losesSound = false;
  show.run(10);
  expect(show.rendition.tracks.filled).toBeWithin(46, 54);
  const silent = show.parts
    .flatMap((part) => samplesOf(part, 2))
    .filter(({ bytes }) => bytes.length === 3);
  expect(silent.length).toBe(show.rendition.tracks.filled);
  expectWell(show);
});

test("F10: only another decoder configuration makes an init, and it makes a segment", () => {
  const show = new Show();
  show.run(10.5);
  expect(show.inits.length).toBe(1);
  show.format = formatOf(320);
  const text = show.run(10);
  expect(show.inits.map(({ video }) => video!.width)).toEqual([640, 320]);
  expect(text.match(/#EXT-X-MAP/g)!.length).toBe(2);
  expect(text).not.toContain("#EXT-X-DISCONTINUITY\n");
  expectWell(show);
});

test("who changes the format with every picture gets no segment for each", () => {
  const show = new Show();
  show.run(5);
  const segments = show.segments.length;
  for (let i = 0; i < 500; i += 1) {
    show.format = formatOf(160 + i);
    show.run(0.02);
  }
  expect(show.segments.length - segments).toBeLessThanOrEqual(20);
  expect(show.rendition.tracks.dropped).toBeGreaterThan(200);
  show.run(10);
  expectWell(show);
});

test("R01, R02, R03: a new epoch is a discontinuity, and numbers go on", () => {
  const show = new Show();
  show.run(10);
  show.rendition.pause(show.now);
  show.run(12, false);
  const before = show.segments.at(-1)!.msn;
  show.jump(123_456_789);
  show.newEpoch();
  const text = show.run(10);
  const breaks = show.segments.filter(({ breaks }) => breaks > 0);
  expect(breaks.map(({ msn }) => msn)).toEqual([before + 1]);
  expect(text.match(/#EXT-X-DISCONTINUITY\n/g)!.length).toBe(1);
  expect(show.run(40)).toContain("#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
  expectWell(show);
});

test("a time map that is off by a step breaks the timeline at a keyframe", () => {
  for (const error of [-400_000, 300_000]) {
    const show = new Show();
    show.mapErrorUs = error < 0 ? 0 : -error;
    show.run(10);
    show.mapErrorUs += error;
    show.run(10);
    expect(show.segments.filter(({ breaks }) => breaks > 0).length).toBe(1);
    expectWell(show);
  }
});

test("what the time map is off by less is slewed: nothing breaks, and nothing shows", () => {
  const show = new Show();
  show.run(10);
  show.mapErrorUs = -90_000;
  show.run(40);
  expect(show.segments.some(({ breaks }) => breaks > 0)).toBe(false);
  const pictures = show.parts.flatMap((part) => samplesOf(part, 1));
  const durations = pictures.map(({ duration }) => duration);
  expect(Math.min(...durations)).toBeGreaterThan(2990);
  expect(Math.max(...durations)).toBeLessThan(3010);
  expect(show.rendition.tracks.filled).toBe(0);
  expectWell(show);
});

test("the publisher's timestamps jump: the media goes on", () => {
  for (const ticks of [5_000_000, -5_000_000, 0x8000_0000]) {
    const show = new Show();
    show.run(10);
    show.jump(ticks);
    show.run(10);
    expect(show.segments.some(({ breaks }) => breaks > 0)).toBe(false);
    expect(show.parts.at(-1)!.endUs).toBeGreaterThan(29_000_000);
    expectWell(show);
  }
});

test("hostile timestamps are dropped and counted, and the rendition lives", () => {
  const show = new Show();
  show.run(10);
  const frame = {
    arrivalUs: 0,
    key: true,
    data: new Uint8Array(2),
    format: formatOf(64),
    samples: 960,
  };
  for (let i = 0; i < 2000; i += 1) {
    show.rendition.picture({ ...frame, timestamp: Math.imul(i, 0x9e3779b1) >>> 0 });
    show.rendition.sound({ ...frame, timestamp: Math.imul(i, 0x9e3779b1) >>> 0 });
  }
  show.run(0.1);
  expect(show.rendition.tracks.dropped).toBeGreaterThan(1900);
  show.run(20);
  expect(show.parts.at(-1)!.endUs).toBeGreaterThan(39_000_000);
  expect(show.rules.problems).toEqual([]);
});

test.each([30, 0])(
  "a thread that stood still for long begins again with a discontinuity",
  (fps) => {
    const show = new Show({ fps });
    show.run(10);
    const parts = show.parts.length;
    show.sleep(3600);
    show.run(10);
    expect(show.rendition.tracks.filled).toBeLessThan(50);
    expect(show.parts.length - parts).toBeWithin(18, 26);
    expect(show.segments.filter(({ breaks }) => breaks > 0).length).toBe(1);
    expectWell(show);
  },
);

test("media begins 10 s above zero, at the capture of the first picture", () => {
  const show = new Show();
  show.run(5);
  expect(show.segments[0]!.wallUs).toBe(BEGAN_US);
  expect(show.segments[0]!.startUs).toBe(10_000_000);
});
