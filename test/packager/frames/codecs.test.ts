/** What real encoders make comes out of packets as it was. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { framesOf } from "../../../src/packager/frames/codecs.ts";
import { CODEC_NAMES, Codec } from "../../../src/wire/codecs.ts";
import { whyNoFiles } from "../../../src/wire/file-codecs.ts";
import { lacksFfmpeg } from "../../support/clips.ts";
import { ENCODERS, encode, HEIGHT, WIDTH } from "../encoded.ts";
import { packetsOf, pushAll } from "../h264-packets.ts";

// Encoders are processes of their own.
setDefaultTimeout(60_000);

const without = lacksFfmpeg("frames of real encoders");

test("there are frames of every codec that is told to have files", () => {
  const names = CODEC_NAMES.filter((name) => name !== "none");
  const carried = names.filter((name) => whyNoFiles(new Set([name])) === null);
  expect(carried).toEqual(["h264", "h265", "vp9", "av1"]);
  for (const name of carried) expect(framesOf(Codec[name], () => null).unfit).toBeNull();
});

test.skipIf(without).each(ENCODERS)("$name", async (encoder) => {
  const { codec, frames, samples, codecs } = await encode(encoder);
  for (const bytesMax of [64, 300, 1170]) {
    const depacketised = framesOf(codec, () => null);
    const found = frames.flatMap(({ data }, n) =>
      pushAll(depacketised, packetsOf(data, n * 3000, bytesMax, codec)),
    );
    expect(found.map(({ key }) => key)).toEqual(frames.map(({ key }) => key));
    // FFmpeg's own file has the same bytes, without the sets of parameters, too.
    for (const [n, { data }] of found.entries()) expect(data).toEqual(samples[n]!);
    expect(depacketised.dropped).toBe(0);
    const formats = new Set(found.flatMap(({ format }) => (format === null ? [] : [format])));
    expect(formats.size).toBe(1);
    const [format] = formats;
    expect(format).toMatchObject({ width: WIDTH, height: HEIGHT });
    // mediabunny's name of H.265 is hev1 whatever the file says; of VP9 it tells the level for 30 pictures a second.
    const told = (name: string) => name.replace("hev1", "hvc1").replace(/(vp09\.00)\..*/, "$1");
    expect(told(format!.codecs)).toBe(told(codecs));
  }
});
