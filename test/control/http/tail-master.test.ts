import { expect, test } from "bun:test";
import * as HLS from "hls-parser";
import type { TailVariant } from "../../../src/contract/tail.ts";
import { renderMaster } from "../../../src/control/http/tail-master.ts";
import { variantOf } from "../../support/played-tail.ts";

const variant = variantOf("5e55-0.m3u8", { pictureRate: 29.97 });

/** A layer of so many lines and bits. */
function layer(number: number, lines: number, bps: number): TailVariant {
  const size = { width: (lines * 16) / 9, height: lines };
  const rates = { averageBandwidth: bps, bandwidth: bps * 1.25 };
  return variantOf(`5e55-${number}.m3u8`, { size, ...rates });
}

/** The numbers of what is listed, in order. */
function listed(...variants: TailVariant[]): number[] {
  HLS.setOptions({ strictMode: true, silent: true });
  const list = HLS.parse(renderMaster(variants)) as HLS.types.MasterPlaylist;
  return list.variants.map(({ uri }) => Number(/-(\d)\./.exec(uri)![1]));
}

test("V01, V02, V03: a variant tells all that a player chooses by", () => {
  expect(renderMaster([variant])).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=2400000,AVERAGE-BANDWIDTH=1900000,CODECS="avc1.42c01f,opus",RESOLUTION=1280x720,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE
5e55-0.m3u8
`);
});

test("V03: where one begins a segment without a keyframe, none is called independent", () => {
  const other = variantOf("5e55-1.m3u8", { independent: false });
  expect(renderMaster([variant, other])).not.toContain("INDEPENDENT-SEGMENTS");
});

test("V05, F13: the sound stands in each variant, in one codec: there is no group of it", () => {
  const text = renderMaster([layer(0, 1080, 5e6), layer(1, 720, 2e6)]);
  expect(text).not.toContain("EXT-X-MEDIA");
  expect(text).not.toContain("AUDIO=");
  for (const [, codecs] of text.matchAll(/CODECS="([^"]+)"/g)) {
    expect(codecs!.split(",").slice(1)).toEqual(["opus"]);
  }
});

test("sound alone has no picture", () => {
  const sound = renderMaster([{ ...variant, codecs: "opus", size: null, pictureRate: null }]);
  expect(sound).toContain('CODECS="opus"\n');
  expect(sound).not.toContain("RESOLUTION");
});

test("V06: players begin with about 2 Mb/s or the highest below; then from the highest on", () => {
  const [full, middle, low] = [layer(0, 1080, 5e6), layer(1, 720, 2e6), layer(2, 360, 7e5)];
  expect(listed(full, middle, low)).toEqual([1, 0, 2]);
  expect(listed(low, middle)).toEqual([1, 2]);
  expect(listed(full, low)).toEqual([2, 0]);
  expect(listed(full, layer(1, 720, 4e6))).toEqual([1, 0]);
  expect(listed(full)).toEqual([0]);
});

test("V07: what is a gap as far as it is listed is none that a player is sent to", () => {
  const [middle, low] = [layer(1, 720, 2e6), layer(2, 360, 7e5)];
  expect(listed({ ...middle, gap: true }, low)).toEqual([2]);
  expect(listed({ ...middle, gap: true }, { ...low, gap: true })).toEqual([1, 2]);
});
