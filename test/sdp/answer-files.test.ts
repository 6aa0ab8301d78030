/** Answers to publishers of streams that are also to be had as files of MP4 (the tail). */
import { describe, expect, test } from "bun:test";
import { Extension } from "../../src/wire/extensions.ts";
import { expectStructure, isViewer, OFFER_NAMES, offerText, publish, succeed } from "./support.ts";

const PUBLISHERS = OFFER_NAMES.filter((name) => !isViewer(name));
const ORIENTATION = "urn:3gpp:video-orientation";

const answered = (text: string, files: boolean) => succeed(publish(text, true, files));
/** Payload types of the pictures, in their order. */
const typesOf = (sdp: string) => /^m=video \d+ \S+ (.*)$/m.exec(sdp)![1]!.trim().split(" ");
const codecsOf = ({ media }: ReturnType<typeof answered>) =>
  media.find(({ kind }) => kind === "video")!.formats.map(({ codec }) => codec);

test.each(PUBLISHERS)("W06 every client's offer gets a JSEP answer: %s", (name) => {
  const text = offerText(name);
  expectStructure(text, answered(text, true).sdp, "publisher");
});

describe("H.264 comes first where VP8 did", () => {
  test.each([
    ["chrome-publish", "102"],
    ["chrome-simulcast", "102"],
    ["eyevinn-publish", "102"],
    ["firefox-publish", "126"],
    ["firefox-simulcast", "126"],
  ])("of %s", (name, type) => {
    const text = offerText(name);
    const [before, after] = [answered(text, false), answered(text, true)];
    expect(codecsOf(before)[0]).toBe("vp8");
    expect(codecsOf(after)[0]).toBe("h264");
    const [first, ...others] = typesOf(after.sdp);
    expect(first).toBe(type);
    // Nothing is refused, and all else keeps its order; RTX follows what it repairs.
    expect([first!, ...others].toSorted()).toEqual(typesOf(before.sdp).toSorted());
    expect(after.media.map(({ rids }) => rids)).toEqual(before.media.map(({ rids }) => rids));
  });

  test("in packetization mode 1, wherever that stands; else in mode 0", () => {
    const text = offerText("chrome-publish");
    const swapped = text.replace(/^(m=video .*) 102 103 104 (.*)$/m, "$1 104 102 103 $2");
    expect(typesOf(answered(swapped, true).sdp)[0]).toBe("102");
    const mode0 = text.replaceAll("packetization-mode=1", "packetization-mode=0");
    expect(codecsOf(answered(mode0, true))[0]).toBe("h264");
  });

  test("not where there is none, nor where another codec was first", () => {
    const without = offerText("chrome-publish").replaceAll(" H264/", " H264-SVC/");
    expect(codecsOf(answered(without, true))[0]).toBe("vp8");
    const vp9 = offerText("chrome-publish").replace(
      /^(m=video \d+ \S+) (.*) 98 99 (.*)$/m,
      "$1 98 99 $2 $3",
    );
    expect(codecsOf(answered(vp9, true))[0]).toBe("vp9");
    expect(codecsOf(answered(offerText("mediamtx-go-publish"), true))[0]).toBe("av1");
  });
});

describe("a picture that is turned by a header extension alone", () => {
  test.each(PUBLISHERS)("is refused of %s", (name) => {
    const text = offerText(name);
    const { sdp, media } = answered(text, true);
    expect(sdp).not.toContain(ORIENTATION);
    for (const { extensionIds } of media) expect(extensionIds[Extension.videoOrientation]).toBe(0);
  });

  test("is taken where no file could hold the pictures, and without files", () => {
    const text = offerText("chrome-publish");
    expect(answered(text, false).sdp).toContain(ORIENTATION);
    expect(answered(text.replaceAll(" H264/", " H264-SVC/"), true).sdp).toContain(ORIENTATION);
  });
});

test.each([
  "ffmpeg",
  "ffmpeg-active",
  "ffmpeg-video-only",
  "gstreamer-whip",
  "obs",
  "obs-old",
  "obs-simulcast",
  "simple-whip-client",
])("the answer to %s is the same with files and without", (name) => {
  const text = offerText(name);
  expect(answered(text, true)).toEqual(answered(text, false));
});
