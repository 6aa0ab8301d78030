import { expect, test } from "bun:test";
import { readMp4Tracks } from "../../../src/client/container/mp4.ts";
import { fuzz } from "../../support/fuzz.ts";
import { fromHex } from "../../support/hex.ts";

const u32 = (value: number) => value.toString(16).padStart(8, "0");
const box = (type: string, ...contents: string[]): string => {
  const content = contents.join("");
  return u32(8 + content.length / 2) + Buffer.from(type).toString("hex") + content;
};
const AVCC = box("avcC", "0142c01fff");
const entry = (type: string, config = AVCC) => box(type, "00".repeat(78), config);

function moov(entries: readonly string[], edits = "", chunks = "", id = 7): string {
  const header = box("tkhd", `00000007${"00".repeat(8)}${u32(id)}${"00".repeat(68)}`);
  const table = box("stsd", "00000000", u32(entries.length), ...entries);
  const handler = box("hdlr", `${"00".repeat(8)}${Buffer.from("vide").toString("hex")}`);
  const media = box("mdia", handler, box("minf", box("stbl", table, chunks)));
  return box("moov", box("trak", header, edits, media));
}

const read = (hex: string) => readMp4Tracks(new Blob([Uint8Array.from(fromHex(hex))]));

test("F1: the configuration is that of the first sample description, wherever the movie box stands", async () => {
  const plain = {
    id: 7,
    format: "avc1",
    configuration: fromHex("0142c01fff"),
    encrypted: false,
    descriptions: 1,
    edits: 1,
  };
  const ftyp = box("ftyp", "69736f6d");
  expect(await read(ftyp + moov([entry("avc1")]))).toEqual([plain]);
  expect(await read(ftyp + box("mdat", "00".repeat(50)) + moov([entry("avc1")]))).toEqual([plain]);
  // A size of 64 bits.
  const wide = `00000001${Buffer.from("mdat").toString("hex")}${u32(0)}${u32(16 + 20)}${"00".repeat(20)}`;
  expect(await read(wide + moov([entry("avc1")]))).toEqual([plain]);
  expect(await read(ftyp + box("mdat", "00"))).toBeNull();
});

test("F2: descriptions that differ are counted, the same one twice is one", async () => {
  const other = entry("avc1", box("avcC", "0142c028ff"));
  expect((await read(moov([entry("avc1"), other])))?.[0]?.descriptions).toBe(2);
  expect((await read(moov([entry("avc1"), entry("avc1")])))?.[0]?.descriptions).toBe(1);
});

test("F2: a description that no chunk names does not count, and the named one is used", async () => {
  const other = entry("avc1", box("avcC", "0142c028ff"));
  const chunk = (first: number, description: number) => u32(first) + u32(30) + u32(description);
  const chunks = (...all: string[]) => box("stsc", "00000000", u32(all.length), ...all);
  const both = [entry("avc1"), other];
  expect(await read(moov(both, "", chunks(chunk(1, 2))))).toMatchObject([
    { descriptions: 1, configuration: fromHex("0142c028ff") },
  ]);
  const two = await read(moov(both, "", chunks(chunk(1, 1), chunk(5, 2))));
  expect(two?.[0]?.descriptions).toBe(2);
});

test("encrypted entries are told, also behind clear ones", async () => {
  expect((await read(moov([entry("encv")])))?.[0]?.encrypted).toBe(true);
  expect((await read(moov([entry("avc1"), entry("encv")])))?.[0]?.encrypted).toBe(true);
});

test("edits that show media are counted; empty ones only move the start", async () => {
  const edit = (mediaTime: string) => `00000064${mediaTime}00010000`;
  const list = (...edits: string[]) =>
    box("edts", box("elst", "00000000", u32(edits.length), ...edits));
  const edits = async (...all: string[]) =>
    (await read(moov([entry("avc1")], list(...all))))?.[0]?.edits;
  expect(await edits(edit("ffffffff"), edit("00000400"))).toBe(1);
  expect(await edits(edit("00000000"), edit("00000400"))).toBe(2);
});

test("no input makes it throw", async () => {
  const results: Promise<unknown>[] = [];
  fuzz(0x4d, [fromHex(moov([entry("avc1")]))], (bytes, offset, length) => {
    if (results.length < 2_000)
      results.push(readMp4Tracks(new Blob([bytes.slice(offset, offset + length)])));
  });
  await Promise.all(results);
});
