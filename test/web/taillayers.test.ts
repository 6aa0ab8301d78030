import { expect, test } from "bun:test";
import { tailLayers } from "../../src/web/taillayers.ts";
import { keyFor } from "../../src/web/wish.ts";

const SIZES = [
  [320, 180],
  [640, 360],
  [1280, 720],
] as const;

function layersAt(currentLevel: number, videoWidth: number, videoHeight: number) {
  const levels = SIZES.map(([width, height], index) => ({ width, height, bitrate: index + 1 }));
  const hls = { levels, loadLevel: currentLevel, currentLevel };
  return tailLayers(hls as unknown as Parameters<typeof tailLayers>[0], {
    videoWidth,
    videoHeight,
  });
}

const sizesOf = (layers: ReturnType<typeof layersAt>) => layers.map(({ height }) => height);

test("levels are layers, highest first, and their places are their names", () => {
  const layers = layersAt(1, 640, 360);
  expect(layers.map(({ rid, current }) => [rid, current])).toEqual([
    ["2", false],
    ["1", true],
    ["0", false],
  ]);
  expect(sizesOf(layers)).toEqual([720, 360, 180]);
});

test("the level that plays is as large as its picture, whatever was told when it began", () => {
  expect(sizesOf(layersAt(2, 960, 540))).toEqual([540, 360, 180]);
  expect(sizesOf(layersAt(2, 0, 0))).toEqual([720, 360, 180]);
});

test("a picture of the level before is not taken for its own: a wish would come to the next one", () => {
  for (const [before, [width, height]] of SIZES.entries()) {
    for (const level of SIZES.keys()) {
      const layers = layersAt(level, width, height);
      expect([before, level, sizesOf(layers)]).toEqual([before, level, [720, 360, 180]]);
      const wish = { key: `${level}//`, shortSide: SIZES[level]![1] };
      expect(keyFor(layers, wish)).toBe(wish.key);
    }
  }
});
