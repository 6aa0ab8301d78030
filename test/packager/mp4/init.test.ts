import { expect, test } from "bun:test";
import { createFile, MP4BoxBuffer } from "mp4box";
import { boxAt, boxesOf } from "../../../src/client/container/boxes.ts";
import { readH264Record } from "../../../src/client/decoder-record.ts";
import { opusFault } from "../../../src/client/opus-form.ts";
import { writeInit } from "../../../src/packager/mp4/init.ts";
import { readU16, readU32 } from "../../../src/wire/bytes.ts";
import { fromHex } from "../../support/hex.ts";
import { PPS, SMALL_SPS, SPS } from "../h264-packets.ts";
import { OPUS, videoFormat } from "./tracks.ts";

const video = videoFormat();
const both = writeInit({ video, audio: OPUS });
const typesIn = (bytes: Uint8Array) => boxesOf(bytes).map(({ type }) => type);
const all = (bytes: Uint8Array, type: string) =>
  boxesOf(bytes)
    .filter((box) => box.type === type)
    .map(({ content }) => content);
const moov = boxAt(both, "moov")!;
const traks = all(moov, "trak");

test("L20: ftyp with iso6, then moov with mvex; nothing else and no byte left over", () => {
  expect(typesIn(both)).toEqual(["ftyp", "moov"]);
  const brands = new TextDecoder().decode(boxAt(both, "ftyp")!);
  expect([brands.slice(0, 4), brands.slice(8)]).toEqual(["iso6", "iso6mp41"]);
  expect(typesIn(moov)).toEqual(["mvhd", "trak", "trak", "mvex"]);
  expect(boxesOf(both).reduce((sum, { content }) => sum + 8 + content.length, 0)).toBe(both.length);
});

test("L20: no duration, and tables without a sample", () => {
  expect(readU32(boxAt(moov, "mvhd")!, 16)).toBe(0);
  for (const trak of traks) {
    expect(readU32(boxAt(trak, "tkhd")!, 20)).toBe(0);
    expect(readU32(boxAt(trak, "mdia", "mdhd")!, 16)).toBe(0);
    const stbl = boxAt(trak, "mdia", "minf", "stbl")!;
    expect(typesIn(stbl)).toEqual(["stsd", "stts", "stsc", "stsz", "stco"]);
    for (const type of ["stts", "stsc", "stco"])
      expect(boxAt(stbl, type)!.toHex()).toBe("00".repeat(8));
    expect(boxAt(stbl, "stsz")!.toHex()).toBe("00".repeat(12));
  }
});

test("L20: track 1 has pictures at 90 kHz, track 2 sound at 48 kHz, and each a trex", () => {
  expect(traks.map((trak) => readU32(boxAt(trak, "tkhd")!, 12))).toEqual([1, 2]);
  expect(traks.map((trak) => readU32(boxAt(trak, "mdia", "mdhd")!, 12))).toEqual([90_000, 48_000]);
  // Not sync unless a fragment says so; every packet of sound is.
  const trexes = all(boxAt(moov, "mvex")!, "trex");
  expect(trexes.map((trex) => [readU32(trex, 4), readU32(trex, 20).toString(16)])).toEqual([
    [1, "1010000"],
    [2, "2000000"],
  ]);
});

test("the sample entries have what decoders need", () => {
  const [pictures, sound] = traks.map((trak) => boxAt(trak, "mdia", "minf", "stbl", "stsd")!);
  const avc1 = boxAt(pictures!.subarray(8), "avc1")!;
  expect([readU16(avc1, 24), readU16(avc1, 26)]).toEqual([1280, 720]);
  const record = readH264Record(boxAt(avc1.subarray(78), "avcC")!);
  expect(record?.lengthBytes).toBe(4);
  expect(record?.sets.map((set) => set.toHex())).toEqual([SPS.toHex(), PPS.toHex()]);
  const opus = boxAt(sound!.subarray(8), "Opus")!;
  const dOps = boxAt(opus.subarray(28), "dOps")!;
  expect(dOps.toHex()).toBe("000201380000bb80000000");
  expect(opusFault(dOps)).toBeNull();
  const tkhd = boxAt(traks[0]!, "tkhd")!;
  expect([readU32(tkhd, 76) / 65_536, readU32(tkhd, 80) / 65_536]).toEqual([1280, 720]);
});

test.each([
  ["pictures alone", { video, audio: null }, [["avc1.42c01f", 90_000]]],
  ["mono sound alone", { video: null, audio: { codec: "opus", channels: 1 } }, [["Opus", 48_000]]],
  [
    "both, of another size",
    { video: videoFormat(SMALL_SPS, PPS), audio: OPUS },
    [
      ["avc1.42c01e", 90_000],
      ["Opus", 48_000],
    ],
  ],
] as const)("mp4box reads %s", (_, formats, tracks) => {
  const file = createFile();
  const init = writeInit(formats);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(init.slice().buffer, 0), true);
  const info = file.getInfo();
  expect(info.isFragmented).toBe(true);
  expect(info.tracks.map(({ codec, timescale }) => [codec, timescale])).toEqual(tracks as never);
  const [first] = info.tracks;
  if (formats.video !== null)
    expect(first).toMatchObject({ video: { width: formats.video.width } });
  else expect(first).toMatchObject({ audio: { sample_rate: 48_000, channel_count: 1 } });
});

test("the same formats make the same bytes, whatever their sets are", () => {
  expect(Buffer.compare(writeInit({ video: videoFormat(), audio: OPUS }), both)).toBe(0);
  const large = videoFormat(SPS, PPS, fromHex(`684c${"ab".repeat(1500)}`));
  const init = writeInit({ video: large, audio: OPUS });
  expect(init.length).toBe(both.length + large.config.length - video.config.length);
});
