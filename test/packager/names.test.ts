import { expect, test } from "bun:test";
import { Names } from "../../src/packager/names.ts";

test("names are of one folder, and differ for every session, rendition and part", () => {
  const names = new Names("5e55", 1);
  const all = [names.playlist, names.init(2), names.part(417), names.segment(414, 417)];
  expect(all).toEqual(["5e55-1.m3u8", "5e55-1-init2.mp4", "5e55-1-417.m4s", "5e55-1-414-417.m4s"]);
});
