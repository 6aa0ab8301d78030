import { expect, test } from "bun:test";
import * as HLS from "hls-parser";
import { renderMaster, type Variant } from "../../src/packager/master-playlist.ts";
import { formatOf } from "../support/tail-show.ts";

const variant: Variant = {
  uri: "5e55-0.m3u8",
  bandwidth: 2_400_000,
  averageBandwidth: 1_900_000,
  video: formatOf(1280),
  audio: { codec: "opus", channels: 2 },
  pictureRate: 29.97,
};

test("V01, V02, V03, V06: a variant tells all that a player chooses by", () => {
  expect(renderMaster([variant], true)).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=2400000,AVERAGE-BANDWIDTH=1900000,CODECS="avc1.42c01f,opus",RESOLUTION=1280x720,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE
5e55-0.m3u8
`);
});

test("V03: without a keyframe at each segment they are not called independent", () => {
  expect(renderMaster([variant], false)).not.toContain("INDEPENDENT-SEGMENTS");
});

test("sound alone has no picture, pictures alone have no sound", () => {
  const sound = renderMaster([{ ...variant, video: null, pictureRate: null }], true);
  expect(sound).toContain('CODECS="opus"\n');
  expect(sound).not.toContain("RESOLUTION");
  expect(renderMaster([{ ...variant, audio: null }], true)).toContain('CODECS="avc1.42c01f",');
});

test("variants are listed in their order, and another reader takes them", () => {
  HLS.setOptions({ strictMode: true, silent: true });
  const second = { ...variant, uri: "5e55-1.m3u8", video: formatOf(640), bandwidth: 700_000 };
  const list = HLS.parse(renderMaster([variant, second], true)) as HLS.types.MasterPlaylist;
  expect(list.variants.map(({ uri }) => uri)).toEqual(["5e55-0.m3u8", "5e55-1.m3u8"]);
  expect(list.variants.map(({ bandwidth }) => bandwidth)).toEqual([2_400_000, 700_000]);
  expect(list.variants[1]!.resolution).toEqual({ width: 640, height: 360 });
  expect(list.variants[0]!.frameRate).toBe(29.97);
  expect(list.independentSegments).toBe(true);
});
