import { expect, test } from "bun:test";
import { renderMaster } from "../../../src/control/http/tail-master.ts";
import { withToken } from "../../../src/control/http/tail-uris.ts";
import { Dates } from "../../../src/packager/dates.ts";
import { variantOf } from "../../support/played-tail.ts";

test("F05 every URI of a playlist carries the token, and nothing else changes", () => {
  const text = `#EXTM3U
#EXT-X-MAP:URI="x-0-init0.mp4"
#EXT-X-PART:DURATION=0.500000,URI="x-0-1.m4s",INDEPENDENT=YES
#EXTINF:2.000000,
x-0-1-4.m4s
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="x-0-5.m4s"
`;
  const token = "a b&c";
  const shown = withToken(text, token);
  expect(shown.split("\n").map((line) => line.replace("?token=a%20b%26c", ""))).toEqual(
    text.split("\n"),
  );
  expect(shown.match(/\?token=a%20b%26c/g)).toHaveLength(4);
  expect(shown).toContain('URI="x-0-init0.mp4?token=a%20b%26c"');
  expect(shown).toContain("\nx-0-1-4.m4s?token=a%20b%26c\n");
});

test("what was said of a stream stays as it is, whatever stands in it", () => {
  const dates = new Dates();
  const json = JSON.stringify({ text: 'a.m4s"\nb.m3u8\n' });
  dates.add({ id: 1, type: "cue", atMs: 5, json });
  const text = `#EXTM3U\n${dates.since(0)}#EXT-X-ENDLIST\n`;
  expect(withToken(text, "t")).toBe(text);
});

test("all URIs of index.m3u8, too", () => {
  const text = renderMaster([variantOf("x-0.m3u8"), variantOf("x-1.m3u8")]);
  expect(withToken(text, "t").match(/^[^#].*/gm)).toEqual(["x-0.m3u8?token=t", "x-1.m3u8?token=t"]);
});
