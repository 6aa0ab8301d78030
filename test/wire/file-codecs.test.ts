import { expect, test } from "bun:test";
import { CODEC_NAMES, type CodecName } from "../../src/wire/codecs.ts";
import { whyNoFiles } from "../../src/wire/file-codecs.ts";

const why = (...codecs: CodecName[]) => whyNoFiles(new Set(codecs));

test("files have H.264, H.265, VP9 and AV1, of one codec in all layers", () => {
  const names = CODEC_NAMES.filter((name) => name !== "none");
  expect(names.filter((name) => why(name) === null)).toEqual(["h264", "h265", "vp9", "av1"]);
  expect(why()).toBeNull();
  expect(why("vp8")).toBe("its video is VP8");
  expect(why("h264", "vp8")).toBe("its video is VP8");
  expect(why("h264", "vp9")).toBe("its layers are of several codecs");
});
