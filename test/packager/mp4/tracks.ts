/** Formats and samples as the packager makes them. */
import type { AudioFormat, VideoFormat } from "../../../src/packager/format.ts";
import type { Frame } from "../../../src/packager/frames/frame.ts";
import type { Run } from "../../../src/packager/mp4/fragment.ts";
import { Track } from "../../../src/packager/mp4/tracks.ts";
import type { Sample } from "../../../src/packager/sample.ts";
import { md5, type ReadSample } from "../../support/mp4-readers.ts";
import type { Clip } from "../clip.ts";
import { frameOf, h264Frames, IDR, PPS, packetsOf, pushAll, SPS } from "../h264-packets.ts";

export const OPUS: AudioFormat = { codec: "opus", channels: 2 };

export function videoFormat(...units: Uint8Array[]): VideoFormat {
  const sets = units.length === 0 ? [SPS, PPS] : units;
  return pushAll(h264Frames(), packetsOf(frameOf(...sets, IDR), 0))[0]!.format!;
}

/** A clip as parts of half a second, from these times on. */
export function partsOf({ video, audio }: Clip, videoStart: number, audioStart: number): Run[][] {
  const pictures = video.map((frame, n) => sampleOf(frame, videoStart + n * 3000, 3000));
  const sound = audio.map((frame, n) => sampleOf(frame, audioStart + n * 960, 960));
  return Array.from({ length: Math.floor(video.length / 15) }, (_, n) => [
    { track: Track.video, samples: pictures.slice(n * 15, (n + 1) * 15) },
    { track: Track.audio, samples: sound.slice(n * 25, (n + 1) * 25) },
  ]);
}

function sampleOf(frame: Frame, time: number, duration: number): Sample {
  const { key, data: bytes, timestamp } = frame;
  return { time, duration, offset: 0, key, timestamp, bytes };
}

/** What a reader is to find of one track in several fragments. */
export function expected(fragments: readonly (readonly Run[])[], track: number): ReadSample[] {
  return fragments
    .flat()
    .filter((run) => run.track === track)
    .flatMap(({ samples }) => samples)
    .map(({ time, duration, offset, key, bytes }) => ({
      time,
      shown: time + offset,
      duration,
      key,
      md5: md5(bytes),
    }));
}
