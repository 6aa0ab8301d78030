/** The clip through a rendition and the writer of MP4, as others read the parts it was cut into. */

import { beforeAll, expect, test } from "bun:test";
import { Ensemble } from "../../src/packager/ensemble.ts";
import type { Frame } from "../../src/packager/frames/frame.ts";
import { OPUS_SILENCE } from "../../src/packager/frames/opus.ts";
import { writeFragment } from "../../src/packager/mp4/fragment.ts";
import { writeInit } from "../../src/packager/mp4/init.ts";
import { Rendition } from "../../src/packager/rendition.ts";
import { NO_NUMBERS } from "../../src/packager/segments.ts";
import { Timeline } from "../../src/packager/timeline.ts";
import {
  md5,
  type ReadTrack,
  readByFfprobe,
  readByMediabunny,
  readByMp4box,
} from "../support/mp4-readers.ts";
import { readClip } from "./clip.ts";

const ZERO = 1_790_000_000_000_000;
const BEGAN = ZERO + 10_000_000;

let clip: Awaited<ReturnType<typeof readClip>>;
beforeAll(async () => {
  clip = await readClip();
}, 60_000);

interface Cut {
  readonly init: Uint8Array;
  readonly parts: { readonly msn: number; readonly bytes: Uint8Array }[];
}

/** The frames as they come, looked at each 20 ms. */
function cut(video: readonly Frame[], audio: readonly Frame[]): Cut {
  const inits: Uint8Array[] = [];
  const parts: Cut["parts"] = [];
  const none = () => undefined;
  const rendition = new Rendition({
    partTargetUs: 500_000,
    targetDurationUs: 3_000_000,
    writer: { init: (video, audio) => writeInit({ video, audio }), fragment: writeFragment },
    ensemble: new Ensemble(),
    from: NO_NUMBERS,
    sink: {
      init: ({ bytes }) => void inits.push(bytes),
      part: (part) => void parts.push(part),
      ...{ segment: none, segmentEnd: none, end: none },
    },
  });
  const [pictures, timeline] = [new Timeline(90_000, ZERO), new Timeline(48_000, ZERO)];
  const sound = {
    format: { codec: "opus", channels: 2 },
    timeline,
    silence: OPUS_SILENCE(2),
  } as const;
  rendition.begin({ pictures, sound }, BEGAN);
  let [seen, heard] = [0, 0];
  for (let at = 20_000; seen < video.length || heard < audio.length; at += 20_000) {
    pictures.note((at * 9) / 100, BEGAN + at);
    timeline.note((at * 6) / 125, BEGAN + at);
    while (seen < video.length && video[seen]!.timestamp / 90 <= at / 1000) {
      rendition.picture(video[seen++]!);
    }
    while (heard < audio.length && audio[heard]!.timestamp / 48 <= at / 1000) {
      rendition.sound(audio[heard++]!);
    }
    rendition.tick(BEGAN + at);
  }
  rendition.end(BEGAN + (video.length / 30) * 1e6);
  expect(inits.length).toBe(1);
  return { init: inits[0]!, parts };
}

function sums({ samples }: ReadTrack): string[] {
  return samples.map((sample) => sample.md5);
}

test("L06, L20: parts joined are the clip, every picture and packet of it, for three readers", async () => {
  const { video, audio } = clip;
  const { init, parts } = cut(video, audio);
  const file = Buffer.concat([init, ...parts.map(({ bytes }) => bytes)]);
  const [pictures, sound] = [video, audio].map((frames) => frames.map(({ data }) => md5(data)));
  for (const tracks of [
    await readByMediabunny(file),
    readByMp4box(file).tracks,
    await readByFfprobe(file),
  ]) {
    expect(tracks.length).toBe(2);
    expect(sums(tracks[0]!)).toEqual(pictures!);
    // Sound that begins behind the end of the last picture has no part to be in.
    const told = sums(tracks[1]!);
    expect(told).toEqual(sound!.slice(0, told.length));
    expect(sound!.length - told.length).toBeLessThan(5);
    const times = tracks[0]!.samples.map(({ shown }) => shown);
    const steps = times.slice(1).map((time, i) => time - times[i]!);
    expect(steps.every((step) => Math.abs(step - 3000) <= 1)).toBe(true);
    expect(times[0]).toBe(900_000);
  }
}, 60_000);

test("L06: a segment alone is a file that begins with a keyframe", () => {
  const { video, audio } = clip;
  const { init, parts } = cut(video, audio);
  for (const msn of new Set(parts.map((part) => part.msn))) {
    const own = parts.filter((part) => part.msn === msn).map(({ bytes }) => bytes);
    const [pictures] = readByMp4box(Buffer.concat([init, ...own])).tracks;
    expect(pictures!.samples[0]!.key).toBe(true);
  }
}, 60_000);
