import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { gzipOf, ZipPiece } from "../../../src/control/streams/zip-piece.ts";
import { seeded } from "../../support/random.ts";

/** Lines that repeat each other over the borders of pieces, some of them of more than one byte a letter. */
function texts(seed: number): string[] {
  const random = seeded(seed);
  return Array.from({ length: Math.floor(random() * 12) }, () => {
    const lines = Math.floor(random() ** 3 * 4000);
    const line = random() < 0.2 ? "é👏\n" : `#EXTINF:${random() < 0.5 ? 2 : random()},\n`;
    return line.repeat(lines);
  });
}

test("pieces one after the other are one gzip file", async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const all = texts(seed);
    const file = gzipOf(all.map((text) => new ZipPiece(text)));
    const text = all.join("");
    expect(Buffer.from(Bun.gunzipSync(file)).toString()).toBe(text);
    // Others check the sum at its end, and that nothing follows.
    expect(gunzipSync(file).toString()).toBe(text);
    const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"));
    expect(await new Response(stream).text()).toBe(text);
  }
});

test("a piece stands in many files, and is zipped once", () => {
  const piece = new ZipPiece("#EXTINF:2,\n".repeat(100));
  const { zipped } = piece;
  const files = ["a", "b"].map((text) => gzipOf([new ZipPiece(text), piece]));
  expect(piece.zipped).toBe(zipped);
  expect(files.map((file) => gunzipSync(file).toString()[0])).toEqual(["a", "b"]);
});
