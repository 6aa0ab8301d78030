import { expect, test } from "bun:test";
import { Refusals } from "../../src/cli/refusals.ts";
import { OUT_OF_ORDER } from "../../src/client/file-pass.ts";

function setUp() {
  const said: string[] = [];
  return {
    said,
    refusals: new Refusals("film.mp4", (line) => said.push(line), "Convert it: ffmpeg ..."),
  };
}

test("F5: each reason is told when it first happens, and counted at the end", () => {
  const { said, refusals } = setUp();
  refusals.note({ kind: "video", timeUs: 65_000_000, refused: "it is broken" });
  expect(said).toEqual(["at 1:05 a frame is left out, video: it is broken"]);
  refusals.note({ kind: "video", timeUs: 66_000_000, refused: "it is broken" });
  refusals.note({ kind: "audio", timeUs: 67_000_000, refused: "it is empty" });
  expect(said).toHaveLength(2);
  expect(() => refusals.conclude()).toThrow(
    "film.mp4: frames were left out: 2 x video: it is broken; 1 x audio: it is empty. Convert it: ffmpeg ...",
  );
});

test("nothing left out is nothing to complain about", () => {
  const { refusals } = setUp();
  expect(() => refusals.conclude()).not.toThrow();
});

test("B-frames that begin late end it with the line that helps", () => {
  const { said, refusals } = setUp();
  const disorder = { kind: "video" as const, timeUs: 0, refused: OUT_OF_ORDER };
  for (let i = 1; i < 50; i += 1) refusals.note(disorder);
  expect(() => refusals.note(disorder)).toThrow(
    /has B-frames or unordered times.*Convert it: ffmpeg/,
  );
  expect(said).toHaveLength(1);
});
