import { expect, test } from "bun:test";
import { DvrEntries } from "../../../src/control/streams/dvr-entries.ts";
import { playedSegment } from "../../support/played-tail.ts";

/** Segments from a first one on; each third begins with another init. */
function entries(first: number, count: number): DvrEntries {
  const all = new DvrEntries();
  all.beginAnew(first);
  for (let msn = first; msn < first + count; msn += 1) {
    const init = `e-0-init${Math.floor(msn / 3)}.mp4`;
    all.add({ ...playedSegment("e", msn), init });
  }
  return all;
}

test("its pieces are its lines, wherever they begin, and whatever may still become another", () => {
  const all = entries(200, 2000);
  for (const [from, to, settled] of [
    [200, 2200, 2200],
    [255, 2190, 2048],
    [256, 1025, 1024],
    [257, 2000, 511],
    [900, 901, 901],
    [1023, 1025, 1025],
    [2100, 2200, 2150],
  ] as const) {
    const text = all.lines(from, to, true);
    expect(text.match(/^[^#]/gm)).toHaveLength(to - from);
    expect(text).toStartWith("#EXT-X-MAP");
    const pieces = all.pieces(from, to, settled);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    expect(pieces.length).toBeLessThan((to - from) / 256 + 3);
  }
});

test("a piece that never becomes another is made once", () => {
  const all = entries(0, 1500);
  const [, second] = all.pieces(10, 1400, 1300);
  expect(all.pieces(200, 1500, 1400)[1]).toBe(second!);
  // What is not settled may become a gap.
  const [, , last] = all.pieces(10, 600, 520);
  all.at(530).gap = true;
  expect(all.pieces(10, 600, 520)[2]!.text).toBe(
    last!.text.replace(/(#EXTINF\S+\n\S+-2120-)/, "#EXT-X-GAP\n$1"),
  );
});

test("what nobody asks for is let go, and the rest is as it was", () => {
  const all = entries(0, 4000);
  const text = all.lines(3000, 4000, true);
  const { totalUs } = all;
  all.dropBefore(3000);
  expect(all.at(2999)).toBeUndefined();
  expect(all.lines(3000, 4000, true)).toBe(text);
  expect([all.next, all.totalUs]).toEqual([4000, totalUs]);
  // A few are kept: moving the others costs something.
  all.dropBefore(3100);
  expect(all.at(3099)).toBeDefined();
});
