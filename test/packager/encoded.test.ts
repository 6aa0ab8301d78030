/** What real encoders made, from rings to files, as others read those. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { joined } from "../../src/wire/bytes.ts";
import { lacksFfmpeg } from "../support/clips.ts";
import { md5, readByFfprobe, readByMediabunny, readByMp4box } from "../support/mp4-readers.ts";
import { Broadcast } from "./broadcast.ts";
import { ENCODERS, encode, HEIGHT, WIDTH } from "./encoded.ts";
import { breaksIn, expectWell } from "./film.ts";

// Encoders and ffprobe are processes of their own.
setDefaultTimeout(60_000);

const without = lacksFfmpeg("tails of real encoders");

const filesOf = ({ news }: Broadcast) => news.flatMap(({ files }) => files);
const allFiles = (show: Broadcast) => joined(filesOf(show).map(({ bytes }) => bytes));

test.skipIf(without).each(ENCODERS)("V02 $name: codec, size and every frame", async (encoder) => {
  const encoded = await encode(encoder);
  const show = new Broadcast({ encoded, clockOffUs: 0 }).open();
  show.run(1.5);
  // Late ones overtake each other in their ring.
  const { late, next } = show.publisher;
  for (let n = 2; n < 30; n += 3) late.set(next[0]! + n, show.now + 190_000 - n * 1000);
  show.run(3.5);
  expectWell(show);
  const { probed, codecs } = encoder;
  expect(show.news.findLast(({ variant }) => variant !== null)!.variant).toMatchObject({
    codecs: `${codecs},opus`,
    size: { width: WIDTH, height: HEIGHT },
    pictureRate: 30,
  });
  const file = allFiles(show);
  const { info, tracks } = readByMp4box(file);
  expect(info.tracks[0]).toMatchObject({ codec: codecs, video: { width: WIDTH, height: HEIGHT } });
  const read = [tracks[0]!, (await readByMediabunny(file))[0]!, (await readByFfprobe(file))[0]!];
  expect(read[2]!.codec).toBe(probed);
  const sent = encoded.samples.map(md5);
  for (const { samples } of read) {
    expect(samples.length).toBeWithin(130, 151);
    const found = samples.map((sample) => sample.md5);
    expect(found).toEqual(found.map((_, n) => sent[n % sent.length]!));
    expect(samples.map(({ key }) => key)).toEqual(found.map((_, n) => n % 30 === 0));
  }
});

test.skipIf(without)(
  "another codec in the same ring: a break, another map, and all goes on",
  async () => {
    const [first, second] = await Promise.all([encode(ENCODERS[0]), encode(ENCODERS[2])]);
    const show = new Broadcast({ encoded: first, clockOffUs: 0 }).open();
    show.run(3);
    show.publisher.encoded = second;
    show.publisher.video[0]!.describe(second.codec);
    show.run(4);
    expectWell(show);
    expect(breaksIn(show)).toBe(1);
    expect(show.news.findLast(({ variant }) => variant !== null)!.variant).toMatchObject({
      codecs: "vp09.00.20.08,avc1.42c00d,opus",
    });
    const sent = [...first.samples, ...second.samples].map(md5);
    // A file for each codec.
    const films: Uint8Array[][] = [];
    for (const { name, bytes } of filesOf(show)) {
      if (name.endsWith(".mp4")) films.push([bytes]);
      else films.at(-1)!.push(bytes);
    }
    const read = films.map((film) => readByMp4box(joined(film)).tracks[0]!);
    expect(read.map(({ codec }) => codec)).toEqual(["avc1.42c00d", "vp09.00.20.08"]);
    for (const { samples } of read) {
      expect(samples.length).toBeGreaterThan(60);
      for (const sample of samples) expect(sent).toContain(sample.md5);
    }
  },
);

test.skipIf(without).each(ENCODERS)("$name: behind a loss the next keyframe", async (encoder) => {
  const encoded = await encode(encoder);
  const show = new Broadcast({ encoded, clockOffUs: 0 }).open();
  show.run(2.5);
  show.publisher.lost.add(show.publisher.next[0]! + 1);
  show.run(2.5);
  expectWell(show);
  const sent = encoded.samples.map(md5);
  const found = readByMp4box(allFiles(show)).tracks[0]!.samples.map((sample) => sample.md5);
  const all = [...sent, ...sent, ...sent];
  const lost = found.findIndex((hash, n) => hash !== all[n]);
  expect(lost).toBeWithin(60, 120);
  // Nothing that was built on what is missing.
  const goesOn = Math.ceil(lost / 30) * 30;
  expect(found.slice(lost)).toEqual(all.slice(goesOn, goesOn + found.length - lost));
});
